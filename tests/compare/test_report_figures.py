"""What the report's figures hold, and which runs stand for a workload."""

import dataclasses
import json
import math

import pandas as pd
import plotly.graph_objects as go
import pytest
import sample_summary
from sample_summary import FAULT, PLAIN, QUOTES, RATES, SCRIPT, Interval

from ranker.compare.report import chosen, factors, palette, profiles, rates, training

SUMMARY, RESULTS = sample_summary.summary(), sample_summary.results()
STYLES = palette.styles(SUMMARY)


def all_panels():
    return [
        *rates.panels(SUMMARY, STYLES),
        *profiles.panels(SUMMARY, STYLES),
        *training.panels(SUMMARY, RESULTS, STYLES),
        *factors.panels(SUMMARY, RESULTS),
    ]


def run_of(**changes):
    row = RESULTS[(RESULTS["safeguard"] == "relative") & (RESULTS["seed"] == 2)].iloc[0].to_dict()
    return row | changes


def test_plotly_knows_every_setting_and_json_every_number():
    drawn = [panel.figure for panel in all_panels() if panel.figure is not None]
    # 3 measures x 2 workloads, 2 profiles, 8 curves, and a map for each but "none".
    assert len(drawn) == 6 + 2 + 8 + 6
    for figure in drawn:
        go.Figure(figure)
        json.dumps(figure, allow_nan=False)


def test_no_text_in_a_figure_is_markup():
    for panel in all_panels():
        if panel.figure is not None:
            said = json.dumps(panel.figure).replace("<br>", "").replace("<extra></extra>", "")
            assert "<" not in said


def test_a_line_by_rate_holds_the_cells():
    figure = rates.curves(SUMMARY, FAULT, "like.auc", STYLES)
    line = figure["data"][2]
    assert line["name"] == "&lt;script&gt;document.title='owned'&lt;/script&gt;"
    # Third of four: half a place of 12% of the mean gap, 100^(1/6), above the rate.
    assert line["x"] == pytest.approx([r * 100 ** (0.12 * 0.5 / 6) for r in RATES], rel=1e-4)
    cells = [c for c in SUMMARY.cells if (c.workload, c.safeguard) == (FAULT, SCRIPT)]
    assert line["y"] == pytest.approx([c.metrics["like.auc"].value for c in cells], rel=1e-4)
    assert line["error_y"]["array"][4] == pytest.approx(0.022)  # 0.002 + 0.02, by hand
    assert line["marker"]["symbol"] == ["circle"] * 4 + ["x"] * 3
    assert line["line"]["color"] == STYLES[SCRIPT].colour
    assert figure["layout"]["xaxis"]["ticktext"][:2] == ["0.01", "0.02"]


def test_a_metric_that_is_not_defined_leaves_a_gap():
    line = rates.curves(SUMMARY, PLAIN, "rating.rmse", STYLES)["data"][0]
    assert line["y"][5:] == [None, None]
    assert line["y"][4] == pytest.approx(0.94)
    assert rates.measures(SUMMARY) == ["like.auc", "loss", "rating.rmse"]


def test_one_rate_and_one_safeguard_can_be_drawn():
    cells = tuple(c for c in SUMMARY.cells if c.rate == 0.05 and c.safeguard == "relative")
    small = dataclasses.replace(SUMMARY, cells=cells, reference="relative")
    styles = palette.styles(small)
    line = rates.curves(small, PLAIN, "loss", styles)["data"][0]
    assert line["x"] == pytest.approx([0.05])
    assert styles == {"relative": palette.Style(palette.REFERENCE, "solid")}


def test_every_safeguard_has_its_own_look():
    cell = SUMMARY.cells[0]
    names = ["none", *(f"guard {i}" for i in range(30))]
    many = dataclasses.replace(
        SUMMARY, cells=tuple(dataclasses.replace(cell, safeguard=name) for name in names)
    )
    styles = palette.styles(many)
    assert list(styles) == names
    assert len(set(styles.values())) == 31


def test_a_profile_keeps_the_shares_and_widens_what_is_below():
    figure = profiles.steps(SUMMARY.by_seconds, STYLES, "seconds")
    assert [line["line"]["width"] for line in figure["data"]] == pytest.approx(
        [7, 16 / 3, 11 / 3, 2]
    )
    second = figure["data"][1]
    # `relative` takes 1.3 times the fastest; the fourth of the taus, a tenth apart, is 1.3.
    assert second["y"][:5] == [0, 0, 0, 1, 1]
    assert second["x"][3] == pytest.approx(1.3)


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
    assert notes["relative, learning rate 1"].endswith("no run was measured.")


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([], []),
        ([7], [(7, 7)]),
        ([3, 1, 2, 2, 9, 8, 5], [(1, 3), (5, 5), (8, 9)]),
    ],
)
def test_attempts_become_ranges(attempts, expected):
    assert training.ranges(attempts) == expected


def test_a_training_curve_marks_what_intervened():
    events = [{"kind": kind, "attempt": a} for kind, a in [
        ("injected", 10), ("injected", 11), ("refused", 11), ("refused", 12), ("refused", 20),
        ("halted", 21), ("<b>", 5),
    ]]  # fmt: skip
    run = run_of(events=json.dumps(events), train_loss=[2.0, math.nan], train_attempt=[50, 99])
    figure = training.curve(run, STYLES["relative"], (-1.0, 2.0))
    mean, refused, halted, other = figure["data"][1:]
    assert (mean["x"], mean["y"]) == ([50, 99], [2.0, None])
    assert refused["x"] == [11, 12, None, 20, 20, None]
    assert refused["text"][:4] == ["refused: attempt 11 to 12"] * 2 + ["", "refused: attempt 20"]
    assert (halted["x"], other["x"], other["name"]) == ([21], [5], "&lt;b&gt;")
    assert [(s["x0"], s["x1"]) for s in figure["layout"]["shapes"]] == [(9.5, 11.5)]
    assert figure["layout"]["yaxis"]["range"] == [-1.0, 2.0]
    assert figure["layout"]["xaxis"]["range"] == pytest.approx([0, 408])


def test_the_loss_axis_fits_all_runs_and_stops_where_they_explode():
    calm = {"train_loss": [2.0, 0.5], "train_loss_max": [4.0, 1.0]}
    wild = {"train_loss": [3.0, 1e30], "train_loss_max": [3.0, math.inf]}
    # From 0.5 to 100 times the largest first loss, 4; a twentieth of that is left at each end.
    low, high = math.log10(0.5), math.log10(400)
    margin = (high - low) / 20
    assert training.loss_limits([calm, wild]) == pytest.approx((low - margin, high + margin))
    assert training.loss_limits([{"train_loss": [math.nan], "train_loss_max": [0.0]}]) is None
    flat = training.loss_limits([{"train_loss": [1.0], "train_loss_max": [1.0]}])
    assert flat == pytest.approx((-0.05, 0.05))


def test_a_run_is_described_in_a_line():
    run = run_of(seed=4, divergence="full", full_attempt=1234, attempts=1300, planned_attempts=2000,
                 refused=7)  # fmt: skip
    assert training.described(run) == (
        "seed 4: full divergence at attempt 1,234; 1,300 of 2,000 attempts, 7 refused."
    )


def test_a_heat_map_keeps_layers_in_order_and_factors_to_three_digits():
    run = run_of(
        layers=["input/<a>", "a_name_that_is_longer_than_thirty_letters"],
        clip_factors=[[1.0, 0.123456], [math.nan, 1e-7]],
        train_attempt=[10, 20],
    )
    figure = factors.heat_map(run)
    trace, names = figure["data"][0], figure["layout"]["yaxis"]
    assert trace["z"] == [[1.0, 0.123], [None, 1e-7]]
    assert trace["y"][0] == "input/&lt;a&gt;"
    assert names["ticktext"][1] == "…is_longer_than_thirty_letters"  # 29 letters and the dots
    assert names["autorange"] == "reversed"
    assert (trace["zmin"], trace["zmax"]) == (0, 1)


def test_nothing_clipped_is_said_and_not_drawn():
    assert factors.heat_map(run_of(clip_factors=[[1.0, 1.0]])) is None
    panel = next(p for p in factors.panels(SUMMARY, RESULTS) if p.keys["safeguard"] == "none")
    assert panel.figure is None
    assert panel.note.endswith("seed 0: nothing was clipped in any layer.")


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
