"""The days of the thirty nights, their faults, what is counted; and a small study, whole."""

import csv

import numpy as np
import pandas as pd
import pytest
from without_flags import load

from benchmarks import thirty_days, thirty_picture
from benchmarks.thirty_days import FAULTS, FLIPPED, LOST, REPEATED, UNIT, Month, Size
from ranker import measure

summary = load("thirty_summary")
SMALL = Size(nights=3, rows=400, users=30, items=20, new_users=5, new_items=2)


def test_the_expected_auc_is_the_mean_over_labels_that_are_drawn():
    random = np.random.default_rng(0)
    chance = random.random(40)
    scores = np.round(chance + random.normal(size=40), 1)  # with ties
    drawn = (random.random((20_000, 40)) < chance).astype(float)
    better = (scores[:, None] > scores) + 0.5 * (scores[:, None] == scores)
    np.fill_diagonal(better, 0.0)
    in_order = np.einsum("ri,ij,rj->", drawn, better, 1 - drawn)
    pairs = (drawn.sum(axis=1) * (1 - drawn).sum(axis=1)).sum()
    assert thirty_days.expected_auc(scores, chance) == pytest.approx(in_order / pairs, abs=0.003)


def test_of_certain_labels_it_is_the_auc_and_the_chances_are_best():
    random = np.random.default_rng(1)
    labels, scores = (random.random(50) < 0.3).astype(float), random.normal(size=50)
    expected = measure.auc(labels, scores, np.ones(50))
    assert thirty_days.expected_auc(scores, labels) == pytest.approx(expected)
    chance = random.random(50)
    best = thirty_days.expected_auc(chance, chance)
    assert best > max(thirty_days.expected_auc(random.normal(size=50), chance) for _ in range(50))
    assert thirty_days.expected_auc(np.full(50, np.nan), chance) == 0.5


def test_each_fault_comes_once_and_there_is_a_night_between_two():
    for seed in range(20):
        placed = thirty_days.schedule(seed, 30)
        assert sorted(placed.values()) == sorted(FAULTS)
        assert min(placed) >= 6
        assert max(placed) < 30
        assert min(np.diff(list(placed))) >= 2
    assert thirty_days.schedule(0, 30) != thirty_days.schedule(1, 30)


def test_days_are_of_the_seed_and_users_and_items_come_by_and_by():
    days = [Month(SMALL, 3).day(number) for number in (1, 4)]
    again = Month(SMALL, 3).day(4)
    for name, values in again.columns.items():
        assert np.array_equal(values, days[1].columns[name])
    assert days[0].columns["user_id"].max() < 30
    assert 30 <= days[1].columns["user_id"].max() < 45
    assert (np.diff(days[0].columns["timestamp"]) >= 0).all()
    assert not np.array_equal(Month(SMALL, 4).day(4).columns["like"], again.columns["like"])


def test_what_is_shown_and_what_it_is_worth_drift():
    month = Month(Size(nights=30, rows=4_000), 0)
    first, last = (month.day(number).columns["item_id"] for number in (1, 31))
    assert (last >= 400).mean() > 0.7  # items of the month
    assert (first < 400).all()


def test_a_fault_changes_what_it_is_called_for():
    columns = Month(SMALL, 0).day(2).columns

    def changed(fault):
        found = thirty_days.faulty(columns, fault, 0)
        return {n: v for n, v in found.items() if not np.array_equal(v, columns[n])}

    flipped = changed(FLIPPED)
    assert set(flipped) == {"like"}
    assert (flipped["like"] != columns["like"]).sum() == 200
    assert changed(UNIT)["length_seconds"] == pytest.approx(1_000 * columns["length_seconds"])
    assert np.isnan(changed(LOST)["finish"]).all()
    repeated = changed(REPEATED)
    assert len(np.unique(repeated["timestamp"])) <= 40
    assert len(repeated["like"]) == 400
    assert changed("") == changed(thirty_days.RATE) == {}


def nights(arm, days, regrets, faults=(), lost=()):
    """Rows as a study writes them, of one seed."""
    return [
        {
            "seed": 0,
            "days": days,
            "arm": arm,
            "night": night,
            "fault": "a NaN" if night in faults else "",
            "status": "refused" if night in lost else "published",
            "regret": regret,
        }
        for night, regret in enumerate(regrets, start=1)
    ]


def test_what_is_counted(tmp_path):
    usual = [0.1, 0.05, 0.05, 0.05, 0.05, 0.05]
    rows = nights("plain", "none", usual)
    rows += nights("plain", "faults", [0.1, 0.08, 0.056, 0.055, 0.3, 0.06], faults=(2, 5))
    rows += nights("all", "faults", [0.1, 0.08, 0.05, 0.05, 0.05, 0.05], faults=(2, 5), lost=(2,))
    pd.DataFrame(rows).to_csv(tmp_path / "rows.csv", index=False)
    found = summary.measures(summary.read(tmp_path / "rows.csv")).set_index(["days", "arm"])
    plain, everything = found.loc[("faults", "plain")], found.loc[("faults", "all")]
    assert (plain["bad"], plain["lost"], plain["not_back"]) == (2, 0, 1)
    assert plain["until_back"] == 2.0  # 2 nights, and 2 that were not enough
    assert plain["worst"] == 0.3
    assert (everything["bad"], everything["lost"], everything["not_back"]) == (0, 1, 0)
    assert everything["until_back"] == 0.5
    assert found.loc[("none", "plain")]["mean"] == pytest.approx(0.35 / 6)


def test_an_interval_is_that_of_student():
    assert summary.interval([1.0, 2.0, 3.0], 2) == "2.00 ± 2.48"  # 4.303 * 1 / sqrt(3)
    assert summary.interval([1.0], 1) == "1.0"


def test_the_page_and_the_pictures_are_those_of_the_rows():
    rows = summary.read(summary.ROWS)
    assert len(rows) == 5 * 2 * 4 * 30
    page = (summary.ROOT / "docs/thirty_nights.md").read_text("utf-8")
    for line in summary.tables(rows).splitlines():
        assert not line.startswith("|") or line in page
    means = thirty_picture.around(rows)
    for theme in ("light", "dark"):
        path = summary.ROOT / f"docs/img/thirty_nights_{theme}.svg"
        assert path.read_text("utf-8") == thirty_picture.picture(means, summary.ARMS, theme)


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_a_step_serves_all_seeds_unless_there_is_dropout(tmp_path, dropout):
    from benchmarks.thirty_arms import Arm, Worker
    from benchmarks.thirty_study import write_settings

    arm = Arm(title="", rate=0.1, set=(f"model.dropout={dropout}",))
    worker = Worker(arm, write_settings(tmp_path, SMALL))
    steps = []
    for seed in (3, 3, 4):
        worker.begin(seed)
        steps.append(worker.run.step)
    assert steps[0] is steps[1]
    assert (steps[0] is steps[2]) == (dropout == 0)
    assert worker.run.config.seed == (4 if dropout else 0)


@pytest.mark.slow
def test_a_small_study_ends_whole_and_is_not_done_twice(tmp_path, monkeypatch):
    from benchmarks import thirty_study

    arms = {name: thirty_study.ARMS[name] for name in ("plain", "all")}
    monkeypatch.setattr(thirty_study, "ARMS", arms)
    faults = {2: thirty_days.NAN, 3: LOST}
    monkeypatch.setattr(thirty_days, "schedule", lambda seed, count: faults)
    thirty_study.study(tmp_path, SMALL, [0])
    paths = sorted((tmp_path / "results").glob("*.csv"))
    assert [p.stem for p in paths] == [
        "0-faults-all",
        "0-faults-plain",
        "0-none-all",
        "0-none-plain",
    ]
    rows = {p.stem: list(csv.DictReader(p.open())) for p in paths}
    assert all(list(r[0]) == list(thirty_study.COLUMNS) for r in rows.values())
    plain = rows["0-faults-plain"]
    assert plain[1]["like"] == "0.5"  # NaN: ranks nothing
    assert float(plain[2]["like"]) != 0.5  # begun anew
    guarded = rows["0-faults-all"]
    assert guarded[1]["refused"] == "1"
    assert [guarded[n]["fault"] for n in (0, 1, 2)] == ["", "a NaN", "labels lost"]
    assert guarded[2]["status"] == "stopped"
    assert "finish" in guarded[2]["reason"]
    before = {path: path.stat().st_mtime_ns for path in paths}
    thirty_study.study(tmp_path, SMALL, [0])
    assert {path: path.stat().st_mtime_ns for path in paths} == before
