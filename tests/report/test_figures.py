"""Figures: every spike stays, axes fit what they hold, and SVG says where the points are."""

import math
import re
from xml.etree import ElementTree

import pytest
from fuzz import fuzz
from hypothesis import strategies as st

from ranker.report.figures import (
    Axis,
    Line,
    Mark,
    Span,
    Style,
    bars,
    calibration,
    chart,
    fit,
    heat_map,
    histogram,
    style,
    thin,
)

UNIT = Axis(title="x", low=0.0, high=1.0)


def drawn(figure):
    """Returns the elements of a figure, which must be well-formed."""
    return list(ElementTree.fromstring(f"<div>{figure}</div>").iter())


def test_of_many_points_each_column_keeps_its_lowest_and_highest():
    y = [math.sin(i) for i in range(10_000)]
    y[5_003], y[7_777] = 50.0, -60.0
    x, kept = thin(range(10_000), y, columns=100)
    assert len(x) <= 200
    assert (max(kept), min(kept)) == (50.0, -60.0)
    assert x == sorted(x)
    assert all(y[at] == value for at, value in zip(x, kept, strict=True))


def test_few_points_stay_as_they_are_and_a_column_of_gaps_stays_one():
    assert thin([1, 2], [3, 4], columns=1) == ([1, 2], [3, 4])
    gap = [1.0] * 100 + [math.nan] * 100 + [math.inf] * 100
    _, kept = thin(range(300), gap, columns=3)
    assert [str(value) for value in kept] == ["1.0", "nan", "inf"]


def test_thinning_keeps_the_extremes_of_anything():
    def check(y):
        x, kept = thin(range(len(y)), y, columns=5)
        assert len(x) == len(kept) <= max(10, 2 * 5)
        values = [v for v in y if not math.isnan(v)]
        left = [v for v in kept if not math.isnan(v)]
        assert (not values and not left) or (min(values), max(values)) == (min(left), max(left))

    fuzz("thin", st.lists(st.floats(), max_size=60), check, num_cases=200)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 10.0], (-0.5, 10.5, False)),
        ([1.0, 29.0], (-0.4, 30.4, False)),
        ([1.0, 1000.0], (1 / 1.1, 1100.0, True)),
        ([-1.0, 1000.0], (-51.05, 1050.05, False)),
        ([5.0, 5.0], (4.75, 5.25, False)),
        ([0.0], (-1.0, 1.0, False)),
        ([], (-0.05, 1.05, False)),
        ([math.nan, math.inf, 2.0, 4.0], (1.9, 4.1, False)),
    ],
)
def test_an_axis_holds_its_values(values, expected):
    axis = fit("y", values)
    assert (axis.low, axis.high, axis.is_log) == pytest.approx(expected)


def test_what_explodes_leaves_the_picture():
    axis = fit("loss", [2.0, 1.0, 1e30], rise=100.0)
    assert axis.high == pytest.approx(220.0)
    assert axis.position(1e30) == axis.position(math.inf) == 1.02
    assert axis.position(-1.0) == -0.02
    assert axis.position(0.0) == -0.02


def test_ticks_are_round_and_say_what_tells_them_apart():
    said = [text for _, text in Axis(title="", low=0.652, high=0.6585).labels()]
    assert said == ["0.652", "0.654", "0.656", "0.658"]
    assert Axis(title="", low=1.0, high=1e6, is_log=True).labels()[0] == (0.0, "1")
    assert Axis(title="", low=0.0, high=2.0).labels()[0] == (0.0, "0")
    placed = Axis(title="", low=0.1, high=10.0, is_log=True, ticks=((1.0, "one"),)).labels()
    assert placed == [(0.5, "one")]


def test_an_axis_of_anything_has_ends_and_few_ticks():
    def check(values):
        axis = fit("y", values)
        assert axis.low < axis.high
        assert len(axis.labels()) <= 12
        assert all(math.isnan(v) or -0.03 < axis.position(v) < 1.03 for v in values)

    fuzz("axis", st.lists(st.floats(), max_size=5), check, num_cases=300)


def test_a_line_is_where_its_points_are_and_breaks_at_a_gap():
    y = [0.0, 0.5, math.nan, 1.0]
    line = Line(name="<b>", x=[0.0, 0.25, 0.5, 1.0], y=y, look=Style(3, "2 5"))
    figure = chart([line], x=UNIT, y=UNIT, label="a < b")
    path = next(e for e in drawn(figure) if e.get("class") == "line c3")
    assert path.get("d") == "M0 1000L250 500M1000 0h0"
    assert path.get("stroke-dasharray") == "2 5"
    assert path[0].text == "<b>"
    dots = [(e.get("x"), e.get("y")) for e in drawn(figure) if e.get("href") == "#m-dot"]
    assert dots == [("0.00%", "100.00%"), ("25.00%", "50.00%"), ("100.00%", "0.00%")]


def test_a_step_holds_until_the_next_value():
    line = Line(name="", x=[0.0, 1.0], y=[0.2, 0.6], look=style(0), is_step=True, is_filled=True)
    figure = chart([line], x=UNIT, y=UNIT, label="")
    paths = {e.get("class"): e.get("d") for e in drawn(figure) if e.tag.endswith("path")}
    assert paths["line c0"] == "M0 800L1000 800L1000 400"
    assert paths["area c0"] == "M0 1000L0 800L1000 800L1000 400L1000 1000z"


def test_intervals_symbols_marks_and_spans_are_drawn_at_their_places():
    line = Line(name="n", x=[0.5], y=[0.5], look=style(1), low=[0.25], high=[0.75],
                symbols=["cross"], said=["point"])  # fmt: skip
    marks = [Mark(0.5, "halted", "first"), Mark(0.501, "halted", "second"), Mark(7, "halted", "")]
    spans = [Span(0.25, 0.75, "fault")]
    every = drawn(chart([line], x=UNIT, y=UNIT, label="", marks=marks, spans=spans))
    interval = next(e for e in every if e.get("class") == "interval c1")
    assert (interval.get("y1"), interval.get("y2")) == ("75.00%", "25.00%")
    assert [e[0].text for e in every if e.get("href") == "#m-cross"] == ["point"]
    assert [e[0].text for e in every if e.get("href") == "#m-halted"] == ["first (and 1 more here)"]
    span = next(e for e in every if e.get("class") == "span")
    assert (span.get("x"), span.get("width")) == ("25.00%", "50.00%")


def test_a_map_shows_the_least_factor_of_each_column():
    axis = Axis(title="attempt", low=0.0, high=4.0)
    rows = [[1.0, 0.05, 0.6, 1.0], [math.nan, 0.0, 1.0, 1.0]]
    figure = heat_map(["a<b", "c"], [0.5, 1.0, 2.5, 3.5], rows, axis=axis, label="", columns=4)
    shades = {e.get("class"): e.get("d") for e in drawn(figure) if e.tag.endswith("path")}
    # Column 0 has 1; column 1 has 0.05, below 0.1, and 0; column 2 has 0.6, below 0.9.
    assert shades == {
        "shade0": "M1 1.08H2v.84H1z", "shade2": "M1 0.08H2v.84H1z", "shade4": "M2 0.08H3v.84H2z",
    }  # fmt: skip


def test_bars_calibration_and_histograms_hold_their_numbers():
    assert "width:50.0%" in bars([("<a>", 2.0, "2"), ("b", 1.0, "1")])
    assert "&lt;a&gt;" in bars([("<a>", 0.0, "")])
    figure = calibration([0.2, 0.4], [0.1, 0.5], [7, 9], unit="probability", label="c")
    assert "7 rows: mean score 0.2, mean label 0.1" in figure
    shares = histogram([0.0, 0.5, 1.0], {"no": [3, 1], "none": [0, 0]}, title="score", label="")
    path = next(e for e in drawn(shares) if e.get("class") == "line c0")
    # 0.75 of the rows, then 0.25, on an axis up to 0.75 and a twentieth more.
    assert re.findall(r"\d+ (\d+)", path.get("d"))[2:5] == ["48", "48", "683"]
