"""Expressions over columns: what they come to, row by row, and what they are not."""

import pyarrow as pa
import pytest

from ranker.datasets import DatasetError
from ranker.datasets.table.expressions import Expression

COLUMNS = {
    "click": pa.array([1, 0, None, 1]),
    "watch_ms": pa.array([800, 100, 50, None]),
    "length_ms": pa.array([1_000.0, 1_000.0, 0.0, 10.0]),
    "country": pa.array(["CH", "DE", None, "FR"]),
    "a b": pa.array(["1", " 2.5 ", "", "x"]),
    "big": pa.array([2**62, 2**62 + 1, None, 0]),
    "is_new": pa.array([True, False, None, True]),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("watch_ms >= 0.8 * length_ms", [True, False, True, None]),
        ("watch_ms / length_ms", [0.8, 0.1, None, None]),  # nothing is divided by 0
        ("country == 'CH' or click", [True, False, None, True]),
        ("country in ('CH', 'DE')", [True, True, None, False]),
        ("country not in ['CH']", [False, True, None, True]),
        ("not is_new and country != 'FR'", [False, True, None, False]),
        ("0 < watch_ms <= 100", [False, True, True, None]),
        ("if_null(watch_ms, -1) + 1", [801.0, 101.0, 51.0, 0.0]),
        ("is_null(watch_ms)", [False, False, False, True]),
        ("min(watch_ms, 100) - max(click, 0)", [99.0, 100.0, None, None]),
        ("log1p(-click)", [None, 0.0, None, None]),  # of -1 there is none
        ("abs(-click)", [1.0, 0.0, None, 1.0]),
        ("`a b` * 2", [2.0, 5.0, None, None]),
        ("big == 4611686018427387904", [True, False, None, False]),  # as floats they are equal
        ("is_new == 1", [True, False, None, True]),
        ("1 + 1", [2.0, 2.0, 2.0, 2.0]),
    ],
)
def test_it_comes_to(text, expected):
    bad = []
    found = Expression(text).values(COLUMNS, 4, lambda column, is_bad: bad.append((column, is_bad)))
    assert [v if v is None or v is True else round(v, 9) for v in found.to_pylist()] == expected
    if "a b" in text:
        ((column, is_bad),) = bad
        assert (column, is_bad.tolist()) == ("a b", [False, False, False, True])


def test_it_names_its_columns_in_order():
    assert Expression("`a b` > min(click, 2) and click").columns == ("a b", "click")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("__import__('os')", "no function '__import__'"),
        ("click.real", "not in expressions: 'click.real'"),
        ("click[0]", "not in expressions"),
        ("(lambda: 1)()", "no function"),
        ("[c for c in click]", "not in expressions"),
        ("f'{click}'", "not in expressions"),
        ("click ** 99", "not in expressions"),
        ("None", "not in expressions"),
        ("abs(1, 2)", "abs takes 1"),
        ("ab(1)", "did you mean abs?"),
        ("click =", "not an expression"),
        ("click" * 1_000, "of at most 1000"),
        ("(" * 900, "not an expression"),
    ],
)
def test_what_is_no_expression(text, said):
    with pytest.raises(DatasetError) as raised:
        Expression(text)
    assert said in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["'x' + 1", "(1, 2)", "click in 3", "-'x'"])
def test_what_cannot_be_computed(text):
    with pytest.raises(DatasetError):
        Expression(text).values(COLUMNS, 4, lambda column, is_bad: None)
