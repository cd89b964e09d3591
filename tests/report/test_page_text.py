"""Numbers and words as the pages write them, and facts as rows."""

# ruff: noqa: RUF001 - what is read has dashes and minus signs
import math

import pytest

from ranker.report import page, table, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "0"), (-0.0, "0"), (0.1, "0.1"), (-0.0314159, "−0.0314"), (1234.5, "1,234"),
        (2_345_678.0, "2,345,678"), (1e-5, "1e-5"), (-2.5e-30, "−2.5e-30"), (1e30, "1e30"),
        (math.nan, "–"), (math.inf, "∞"), (-math.inf, "−∞"), (99.96, "100"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits(value, expected):
    assert text.number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.7, "0.7000"), (0.73456, "0.7346"), (-1.5, "−1.500"), (1234.0, "1234"), (math.nan, "–")],
)
def test_metrics_keep_their_zeros(value, expected):
    assert text.measure(value) == expected


def test_shares_and_spans():
    assert [text.percent(s) for s in (0, 0.001, 0.0994, 0.0996, 0.5, 1, math.nan)] == [
        "0%", "0.1%", "9.9%", "10%", "50%", "100%", "–",
    ]  # fmt: skip
    assert (text.span(0.01, 0.5), text.span(0.1, 0.1)) == ("0.01 to 0.5", "0.1")
    assert [text.signed(v) for v in (0.5, 0.0, -0.5, math.nan)] == ["+0.5", "0", "−0.5", "–"]


def test_words():
    assert [text.listed(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "", "a", "a and b", "a, b and c",
    ]  # fmt: skip
    assert (text.plural(1, "run"), text.plural(1200, "run")) == ("1 run", "1,200 runs")
    assert [text.duration(s) for s in (0.4, 1, 119, 120, 7199, 7200, 172_800)] == [
        "under 1 second", "1 second", "119 seconds", "2 minutes", "120 minutes",
        "2 hours", "2 days",
    ]  # fmt: skip


def test_nested_facts_become_rows():
    found = table.nested({"a": {"b": 1, "c": ["x", 2]}, "d": None, "e": [{"f": 1}]})
    assert [[f.text for f in row] for row in found.groups[0].rows] == [
        ["a.b", "1"], ["a.c", "x 2"], ["d", "None"], ["e.0.f", "1"],
    ]  # fmt: skip
    assert table.nested({}).groups == ()


def test_a_long_name_may_be_broken_between_its_words_and_a_number_nowhere():
    assert page.wrap("model.embedding_width is 16.5") == ("model.<wbr>embedding_<wbr>width is 16.5")
    assert page.wrap("a.b expert/0/0/kernel 2.21.0.123.456") == (
        "a.b expert/0/0/<wbr>kernel 2.21.0.123.456"
    )
    assert page.wrap("<b>a_long_name</b>") == "&lt;b&gt;a_<wbr>long_<wbr>name&lt;/<wbr>b&gt;"
