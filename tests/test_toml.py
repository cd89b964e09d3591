"""What is written as TOML is read back equal, by the standard library."""

import math
import tomllib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker import toml

SCALARS = (
    st.text()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.lists(st.lists(SCALARS, max_size=2))
TABLES = st.recursive(
    st.dictionaries(st.text(), VALUES, max_size=3),
    lambda inner: st.dictionaries(
        st.text(), VALUES | inner | st.lists(inner, min_size=1, max_size=3), max_size=4
    ),
    max_leaves=12,
)


@given(document=TABLES)
@settings(deadline=None)
def test_what_is_written_is_read_back_equal_with_its_types(document):
    again = tomllib.loads(toml.dumps(document))
    assert again == document
    assert repr(again).replace("-0.0", "0.0") == repr(ordered(document, again)).replace(
        "-0.0", "0.0"
    )


def ordered(document, like):
    """Returns `document` with its keys in the order of `like`: tables are written last."""
    if isinstance(document, dict):
        return {key: ordered(document[key], like[key]) for key in like}
    if isinstance(document, list):
        return [ordered(item, other) for item, other in zip(document, like, strict=True)]
    return document


def test_the_text_is_the_one_a_person_would_write():
    document = {
        "name": "a",
        "table": {"rate": 0.1, "unset": None, "inner": {"is_on": True}},
        "list": [{"kind": "x", "sub": {"n": 1}}, {"kind": "y"}],
        "numbers": (1, 2),
        "odd key": {"é": "\x7f\t"},
    }
    assert toml.dumps(document) == (
        'name = "a"\nnumbers = [1, 2]\n\n'
        "[table]\nrate = 0.1\n\n[table.inner]\nis_on = true\n\n"
        '[[list]]\nkind = "x"\n\n[list.sub]\nn = 1\n\n[[list]]\nkind = "y"\n\n'
        '["odd key"]\n"é" = "\\u007f\\t"\n'
    )


def test_an_empty_document_is_an_empty_line():
    assert toml.dumps({}) == "\n"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match=f"^a setting must be finite, got {value}$"):
        toml.dumps({"table": {"rate": [1.0, value]}})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"x", "TOML cannot hold b'x' of type bytes"),
        ({1}, "TOML cannot hold {1} of type set"),
        ([None], "TOML cannot hold None of type NoneType"),
    ],
)
def test_what_toml_cannot_hold_is_refused(value, message):
    with pytest.raises(TypeError) as caught:
        toml.dumps({"key": value})
    assert str(caught.value) == message


def test_a_numpy_float_is_written_as_the_number_it_is():
    assert toml.dumps({"mean": np.float64(0.25)}) == "mean = 0.25\n"
