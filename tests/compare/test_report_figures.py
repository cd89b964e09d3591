"""What the report's figures hold, and which runs stand for a workload."""

import dataclasses
import json
import math

import pandas as pd
import pytest
import sample_summary
from sample_summary import FAULT, PLAIN, QUOTES, RATES, SCRIPT, Interval

from ranker.compare.report import chosen, factors, palette, profiles, rates, training
from ranker.report.figures.style import REFERENCE

SUMMARY, RESULTS = sample_summary.summary(), sample_summary.results()
STYLES = palette.styles(SUMMARY)


def run_of(**changes):
    row = RESULTS[(RESULTS["safeguard"] == "relative") & (RESULTS["seed"] == 2)].iloc[0].to_dict()
    return row | changes


def drawn(monkeypatch, module):
    """Returns what `module` gives to a chart from now on, as (lines, settings)."""
    calls = []
    monkeypatch.setattr(module, "chart", lambda lines, **of: calls.append((lines, of)) or "drawn")
    return calls


def test_a_line_by_rate_holds_the_cells_at_their_true_rates(monkeypatch):
    calls = drawn(monkeypatch, rates)
    rates.curves(SUMMARY, FAULT, "like.auc", STYLES, is_zoom=False)
    lines, of = calls[0]
    line = lines[2]
    assert (line.name, line.look) == (SCRIPT, STYLES[SCRIPT])
    assert line.x == list(RATES)
    cells = [c for c in SUMMARY.cells if (c.workload, c.safeguard) == (FAULT, SCRIPT)]
    assert line.y == [c.metrics["like.auc"].value for c in cells]
    assert line.high[4] - line.y[4] == pytest.approx(0.022)  # 0.002 + 0.02, by hand
    assert line.symbols == ["dot"] * 4 + ["cross"] * 3
    assert of["x"].low < RATES[0] < RATES[-1] < of["x"].high
    assert [said for _, said in of["x"].ticks[:2]] == ["0.01", "0.02"]


def test_beside_the_whole_stand_the_living_on_an_axis_of_their_own(monkeypatch):
    calls = drawn(monkeypatch, rates)
    rates.curves(SUMMARY, FAULT, "like.auc", STYLES, is_zoom=False)
    rates.curves(SUMMARY, FAULT, "like.auc", STYLES, is_zoom=True)
    (_, whole), (lines, zoom) = calls
    assert [len(line.x) for line in lines] == [3, 7, 4, 5]  # rates at which none diverged
    assert all(symbol == "dot" for line in lines for symbol in line.symbols)
    assert whole["y"].high - whole["y"].low > 5 * (zoom["y"].high - zoom["y"].low)


def test_where_everything_diverged_the_zoom_says_so():
    cells = tuple(dataclasses.replace(c, diverged=c.tried) for c in SUMMARY.cells)
    lost = dataclasses.replace(SUMMARY, cells=cells)
    panel = rates.curves(lost, PLAIN, "loss", STYLES, is_zoom=True)
    assert (panel.figure, panel.note) == ("", "There is nothing to draw.")


def test_a_metric_that_is_not_defined_leaves_a_gap(monkeypatch):
    calls = drawn(monkeypatch, rates)
    rates.curves(SUMMARY, PLAIN, "rating.rmse", STYLES, is_zoom=False)
    line = calls[0][0][0]
    assert all(map(math.isnan, line.y[5:]))
    assert line.y[4] == pytest.approx(0.94)
    assert rates.measures(SUMMARY) == ["like.auc", "loss", "rating.rmse"]


def test_one_rate_and_one_safeguard_can_be_drawn():
    cells = tuple(c for c in SUMMARY.cells if c.rate == 0.05 and c.safeguard == "relative")
    small = dataclasses.replace(SUMMARY, cells=cells, reference="relative")
    styles = palette.styles(small)
    assert "0.05" in rates.curves(small, PLAIN, "loss", styles, is_zoom=False).figure
    assert styles == {"relative": REFERENCE}


def test_every_safeguard_has_its_own_look():
    cell = SUMMARY.cells[0]
    names = ["none", *(f"guard {i}" for i in range(30))]
    many = dataclasses.replace(
        SUMMARY, cells=tuple(dataclasses.replace(cell, safeguard=name) for name in names)
    )
    styles = palette.styles(many)
    assert list(styles) == names
    assert len(set(styles.values())) == 31


def test_a_profile_keeps_the_shares_and_widens_what_is_below(monkeypatch):
    calls = drawn(monkeypatch, profiles)
    profiles.steps("By attempts", SUMMARY.by_attempts, STYLES, "attempts")
    lines = calls[0][0]
    assert [line.width for line in lines] == pytest.approx([7, 16 / 3, 11 / 3, 2])
    # `relative` takes 1.3 times the fastest; the fourth of the taus, a tenth apart, is 1.3.
    assert lines[1].y[:5] == (0, 0, 0, 1, 1)
    assert lines[1].x[3] == pytest.approx(1.3)
    assert profiles.panels(SUMMARY, STYLES) == []  # of two workloads


def test_the_telling_rate_is_the_highest_at_which_shares_differ():
    assert chosen.telling_rate(SUMMARY, PLAIN) == 1.0
    same = tuple(
        dataclasses.replace(c, ratio=Interval(1.0)) if c.rate > 0.15 else c for c in SUMMARY.cells
    )
    # At 0.1, `none` has lost a run under the fault and the others none.
    assert chosen.telling_rate(dataclasses.replace(SUMMARY, cells=same), FAULT) == 0.1
    all_same = tuple(dataclasses.replace(c, ratio=Interval(0.0)) for c in SUMMARY.cells)
    assert chosen.telling_rate(dataclasses.replace(SUMMARY, cells=all_same), FAULT) == 1.0


def test_a_representative_ended_as_most_seeds_did():
    runs = chosen.representatives(SUMMARY, RESULTS, PLAIN)
    # At rate 1 one of three diverges with QUOTES (seed 0), all with SCRIPT.
    assert {name: (run["seed"], run["divergence"]) for name, run in runs.items()} == {
        "none": (0, "full"),
        "relative": (0, "none"),
        SCRIPT: (0, "full"),
        QUOTES: (1, "none"),
    }
    assert {run["rate"] for run in runs.values()} == {1.0}


def test_tuning_and_failed_runs_represent_nothing():
    changed = RESULTS.copy()
    changed.loc[changed["safeguard"] == "relative", "status"] = "failed"
    changed.loc[changed["safeguard"] == QUOTES, "stage"] = "tune"
    runs = chosen.representatives(SUMMARY, changed, PLAIN)
    assert [name for name, run in runs.items() if run is None] == ["relative", QUOTES]
    notes = {p.title: p.note for p in training.panels(SUMMARY, changed, STYLES)}
    title = "two_layers · adagrad · no fault: relative, learning rate 1"
    assert notes[title] == "No run was measured."


def test_a_training_curve_marks_what_intervened(monkeypatch):
    calls = drawn(monkeypatch, training)
    events = [{"kind": "injected", "attempt": 10, "until": 11, "injector": "noise"}]
    events += [{"kind": k, "attempt": a} for k, a in [("refused", 11), ("halted", 21), ("<b>", 5)]]
    run = run_of(events=json.dumps(events), train_loss=[2.0, math.nan], train_attempt=[50, 99],
                 train_loss_max=[3.0, 4.0])  # fmt: skip
    training.curve(run, STYLES["relative"], training.loss_axis([run]), "title")
    (maximum, mean), of = calls[0]
    assert (maximum.y, mean.x) == ([3.0, 4.0], [50, 99])
    assert [str(value) for value in mean.y] == ["2.0", "nan"]
    assert [(m.x, m.kind) for m in of["marks"]] == [(5, "changed"), (11, "refused"), (21, "halted")]
    assert [(s.first, s.last) for s in of["spans"]] == [(10, 11)]
    assert of["x"].high == 400


def test_the_loss_axis_fits_all_runs_and_stops_where_they_explode():
    calm = {"train_loss": [2.0, 0.5], "train_loss_max": [4.0, 1.0]}
    wild = {"train_loss": [3.0, 1e30], "train_loss_max": [3.0, math.inf]}
    # From 0.5 to 100 times the largest first loss, 4; a twentieth of that is left at each end.
    low, high = math.log10(0.5), math.log10(400)
    margin = (high - low) / 20
    axis = training.loss_axis([calm, wild])
    assert (axis.low, axis.high) == pytest.approx((10 ** (low - margin), 10 ** (high + margin)))
    nothing = training.loss_axis([{"train_loss": [math.nan], "train_loss_max": [0.0]}])
    assert (nothing.low, nothing.high) == (0.1, 10.0)


def test_a_run_is_described_in_a_line():
    run = run_of(seed=4, divergence="full", full_attempt=1234, attempts=1300, planned_attempts=2000,
                 refused=7)  # fmt: skip
    assert training.described(run) == (
        "Seed 4: full divergence at attempt 1,234; 1,300 of 2,000 attempts, 7 refused."
    )


def test_nothing_clipped_is_said_and_not_drawn():
    assert factors.heat_map(run_of(clip_factors=[[1.0, 1.0]]), "") == ""
    panel = next(p for p in factors.panels(SUMMARY, RESULTS) if p.keys["safeguard"] == "none")
    assert (panel.figure, panel.note) == ("", "Seed 0: nothing was clipped in any layer.")


def test_columns_read_back_from_parquet_are_drawn_alike(tmp_path):
    RESULTS.to_parquet(tmp_path / "results.parquet")
    back = pd.read_parquet(tmp_path / "results.parquet")
    assert training.panels(SUMMARY, back, STYLES) == training.panels(SUMMARY, RESULTS, STYLES)
    assert factors.panels(SUMMARY, back) == factors.panels(SUMMARY, RESULTS)


def test_the_mean_factor_by_layer_leaves_out_layers_that_are_never_clipped():
    changed = RESULTS.copy()
    lists = {"relative": [[0.2, 0.4], [1, 1], [1, 0.5], [1, 1]]}
    of = [lists.get(name, [[1, 1]] * 4) for name in changed["safeguard"]]
    changed["clip_factors"] = of
    table = factors.by_layer(SUMMARY, changed)
    assert table.heads == ("layer", *sample_summary.SAFEGUARDS)
    assert len(table.groups) == len(sample_summary.WORKLOADS)
    assert [[field.text for field in row[:3]] for row in table.groups[0].rows] == [
        [sample_summary.LAYERS[0], "1", "0.3"],
        [sample_summary.LAYERS[2], "1", "0.75"],
    ]
    changed["clip_factors"] = [[[1, 1]] * 4] * len(changed)
    assert factors.by_layer(SUMMARY, changed).groups == ()
