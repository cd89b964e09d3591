"""The synthetic dataset: the same in any pieces, and its truth against plain counting."""

import dataclasses

import numpy as np
import pyarrow.parquet as pq
import pytest

from ranker import measure
from ranker.datasets import DatasetError, Options, Simulation, prepare
from ranker.datasets.synthetic.movielens_like import examples
from ranker.datasets.synthetic.movielens_like.draws import normal, uniform
from ranker.datasets.synthetic.movielens_like.truth import Truth
from ranker.datasets.synthetic.movielens_like.world import TASKS, Drawn, World
from ranker.input import check_split
from ranker.schema import read_schema

PARTS = ("train", "validation", "test")
SMALL = Simulation(rows=3_000, users=40, items=60, task_correlation=0.3)


def make(folder, simulation=SMALL, **options):
    chosen = Options(simulation=simulation, history=4, **options)
    manifest = prepare("movielens-like", folder, options=chosen)
    return manifest, {part: pq.read_table(folder / f"{part}.parquet") for part in PARTS}


@pytest.mark.parametrize("span", [examples.SPAN_SECONDS, 700])  # 700: four a second
def test_the_size_of_the_pieces_changes_nothing(span, tmp_path, monkeypatch):
    monkeypatch.setattr(examples, "SPAN_SECONDS", span)
    manifest, tables = make(tmp_path / "one")
    for size in (7, 977):
        monkeypatch.setattr(examples, "PIECE_ROWS", size)
        again, others = make(tmp_path / str(size))
        assert again == manifest
        assert all(others[part].equals(tables[part]) for part in PARTS)
    assert [len(tables[part]) for part in PARTS] == [2_400, 300, 300]


def test_the_seed_decides(tmp_path):
    one, other = (make(tmp_path / str(seed), seed=seed)[1]["test"] for seed in (0, 1))
    assert not one["item_id"].equals(other["item_id"])
    assert not one["true_like"].equals(other["true_like"])


def test_draws_are_even_and_normal_and_differ_by_name_and_seed():
    place = np.arange(20_000)
    even = uniform(3, "a", place)
    np.testing.assert_allclose(np.quantile(even, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.015)
    drawn = normal(3, "a", place)
    # The normal quantiles of 0.1, 0.5 and 0.9: -1.2816, 0, 1.2816.
    expected = [-1.2816, 0.0, 1.2816]
    np.testing.assert_allclose(np.quantile(drawn, [0.1, 0.5, 0.9]), expected, atol=0.05)
    for other in (uniform(4, "a", place), uniform(3, "b", place), uniform(3 + 2**33, "a", place)):
        assert abs(np.corrcoef(even, other)[0, 1]) < 0.03
    assert abs(np.corrcoef(even[1:], even[:-1])[0, 1]) < 0.03


def test_the_truth_is_what_counting_every_pair_gives(tmp_path):
    manifest, tables = make(tmp_path / "out")
    test = tables["test"]
    for task in ("like", "finish", "share"):
        label, p = test[task].to_numpy(), test[f"true_{task}"].to_numpy()
        figures = manifest["truth"]["tasks"][task]
        on_labels = measure.auc(label, p, np.ones(len(p)))
        assert figures["bayes_auc_on_labels"] == pytest.approx(on_labels, abs=1e-4)
        weight = p[:, None] * (1 - p[None, :])
        np.fill_diagonal(weight, 0.0)
        in_order = (p[:, None] > p[None, :]) + 0.5 * (p[:, None] == p[None, :])
        expected = (weight * in_order).sum() / weight.sum()
        assert figures["bayes_auc_expected"] == pytest.approx(expected, abs=1e-4)
        assert figures["rate_expected"] == pytest.approx(p.mean(), abs=1e-6)
    error = test["rating"].to_numpy() - test["true_rating"].to_numpy()
    figures = manifest["truth"]["tasks"]["rating"]
    assert figures["bayes_rmse_on_labels"] == pytest.approx((error**2).mean() ** 0.5, abs=1e-5)
    assert figures["bayes_rmse_expected"] == 0.8


def test_labels_come_as_often_as_their_chance_says():
    world = World(users=300, items=300, correlation=0.5, seed=5)
    row = np.arange(40_000)
    drawn = world.draw(row, row / len(row))
    for task in ("like", "finish", "share"):
        p, label = drawn.chance[task], drawn.label[task]
        for fifth in np.array_split(np.argsort(p), 5):
            spread = np.sqrt((p[fifth] * (1 - p[fifth])).sum())
            assert abs((label[fifth] - p[fifth]).sum()) < 4.5 * spread, task
    noise = drawn.label["rating"] - drawn.chance["rating"]
    assert abs(noise.std() - 0.8) < 0.01
    assert abs(np.corrcoef(noise, drawn.chance["rating"])[0, 1]) < 0.03


@pytest.mark.parametrize("correlation", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("time", [0.0, 0.9])
def test_scores_of_tasks_are_correlated_as_asked(correlation, time):
    world = World(users=20_000, items=20_000, correlation=correlation, seed=2)
    row = np.arange(20_000)
    scores = world.scores(row, row, np.full(len(row), time))
    found = np.corrcoef([scores[task] for task in TASKS])
    apart = found[np.triu_indices(len(TASKS), 1)]
    np.testing.assert_allclose(apart, correlation, atol=0.03)
    np.testing.assert_allclose([scores[task].std() for task in TASKS], 1.0, atol=0.03)


def test_the_correlation_of_the_rows_is_told():
    generator = np.random.default_rng(0)
    scores = {task: generator.normal(0, 0.5, 500) for task in TASKS}
    scores["finish"] += scores["like"]
    nothing = {task: np.full(500, 0.5) for task in TASKS}
    drawn = Drawn(np.zeros(500), np.zeros(500), scores, nothing, nothing)
    truth = Truth(0.5)
    where = np.arange(500) < 400
    truth.add(drawn, where)
    told = truth.report()["score_correlation"]
    expected = np.corrcoef(scores["like"][where], scores["finish"][where])[0, 1]
    assert told["like, finish"] == pytest.approx(expected, abs=1e-5)
    assert told["by_design"] == 0.5


def test_what_items_are_worth_and_which_are_shown_drift():
    world = World(users=5_000, items=5_000, correlation=1.0, seed=2)
    row = np.arange(5_000)
    first, last = (world.draw(row, np.full(len(row), time)) for time in (0.0, 0.999))
    everyone = np.arange(5_000)
    then, now = (world.scores(everyone, everyone, np.full(5_000, t))["like"] for t in (0.0, 1.0))
    # Of the three terms two stay: the correlation is 2 / 3.
    assert np.corrcoef(then, now)[0, 1] == pytest.approx(2 / 3, abs=0.04)
    assert len(np.intersect1d(first.item[:500], last.item[:500])) < 250
    assert (first.user == last.user).all()


def test_a_history_holds_the_last_likes_of_earlier_seconds(tmp_path, monkeypatch):
    monkeypatch.setattr(examples, "SPAN_SECONDS", 900)
    _, tables = make(tmp_path / "out")
    rows = [row for part in PARTS for row in tables[part].to_pylist()]
    for number in range(0, len(rows), 37):
        row = rows[number]
        liked = [
            (other["timestamp"], place, other["item_id"])
            for place, other in enumerate(rows)
            if other["user_id"] == row["user_id"]
            and other["like"]
            and other["timestamp"] < row["timestamp"]
        ]
        assert row["liked_items"] == [item for *_, item in sorted(liked, reverse=True)[:4]]
    assert any(len(row["liked_items"]) == 4 for row in rows)


def test_what_is_prepared_is_what_the_trainer_takes(tmp_path):
    manifest, tables = make(tmp_path / "out", split="window", window_days=120)
    schema = read_schema(tmp_path / "out" / "schema.toml")
    columns = [column.name for column in (*schema.features, *schema.tasks)]
    assert [f.name for f in schema.features if f.past_of == "user_id"] == ["liked_items"]
    for part in PARTS:
        assert check_split(tmp_path / "out" / f"{part}.parquet", schema).num_rejected == 0
        truths = [f"true_{task}" for task in TASKS]
        assert tables[part].column_names == [*columns, "timestamp", *truths]
    assert manifest["options"] == {
        "split": "window", "boundaries": ["0.8", "0.9"], "window_days": 120, "seed": 0,
        "past": "all", "history": 4, "negatives": 0, "max_rejected_rows": 0.001, "minimum_count": 1,
        **dataclasses.asdict(SMALL),
    }  # fmt: skip
    assert manifest["source"] == {"from": "generated by the program"}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("movielens-like", {"source": "x"}, "movielens-like: it is synthetic, not read: source"),
        ("movielens-like", {"negatives": 1}, "negatives must be 0, got 1"),
        ("movielens-like", {"split": "random"}, "no split 'random' of it"),
        ("movielens-like", {"boundaries": ("0.9", "0.8")}, "validation must begin before test"),
        ("movielens-like", {"boundaries": ("0.9", "2031-01-01")}, "leaves a part without rows"),
        ("movielens-100k", {"simulation": SMALL}, "takes rows \\(3000\\), users"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_written(name, options, message, tmp_path):
    with pytest.raises(DatasetError, match=message):
        prepare(name, tmp_path / "out", options=Options(**options))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({"rows": 99}, "rows must be in 100 to 10000000000, got 99"),
        ({"users": 0}, "users must be in 1 to 2147483647, got 0"),
        ({"items": 2**31}, "items must be in 1 to 2147483647, got 2147483648"),
        ({"task_correlation": 1.5}, "task_correlation must be in 0 to 1, got 1.5"),
        ({"task_correlation": float("nan")}, "task_correlation must be in 0 to 1, got nan"),
    ],
)
def test_an_impossible_size_is_refused(size, message):
    with pytest.raises(DatasetError, match=message):
        Simulation(**size)
