"""What a number may be, to the last float32, and what a vocabulary may hold."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from tiny_dataset import tiny_schema

from ranker.input import read_vocabularies
from ranker.input.rules import MAX_DEVIATIONS, bounds, feature_rule

COUNT_FEATURE = tiny_schema().feature("user_count")
LARGEST = float(np.finfo(np.float32).max)
ABOVE_MINUS_ONE = float(np.nextafter(np.float32(-1), np.float32(0)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # A first day that hardly varies does not bound the next: 1 in place of 0.001.
        (
            {"log1p": False, "standard_deviation": 1e-3},
            (1.5 - MAX_DEVIATIONS, 1.5 + MAX_DEVIATIONS),
        ),
        ({"log1p": False, "standard_deviation": 50}, (1.5 - 5e5, 1.5 + 5e5)),
        ({"log1p": False, "minimum": 0.25}, (0.25, 1.5 + MAX_DEVIATIONS)),
        ({"log1p": False, "maximum": 7.0}, (1.5 - MAX_DEVIATIONS, 7.0)),
        ({"log1p": False, "standard_deviation": 1e300}, (-LARGEST, LARGEST)),
        ({"standard_deviation": 1e-3}, (ABOVE_MINUS_ONE, LARGEST)),
        ({"minimum": -4.0, "maximum": 4.0}, (ABOVE_MINUS_ONE, 4.0)),
        ({"log1p": False, "minimum": -1e300, "maximum": 1e300}, (-LARGEST, LARGEST)),
        ({"log1p": False, "minimum": 0.1, "maximum": 0.7}, (np.float32(0.1), np.float32(0.7))),
    ],
)
def test_bounds_by_hand(changes, expected):
    found = bounds(dataclasses.replace(COUNT_FEATURE, **changes))
    np.testing.assert_allclose(found, np.float32(expected), rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("size", [0, 1, 100])
def test_the_ends_of_a_range_are_in_it_and_what_is_next_to_them_is_not(scale, size):
    lowest, highest = np.float32(0.1 * scale), np.float32(0.7 * scale)
    feature = dataclasses.replace(
        COUNT_FEATURE, log1p=False, minimum=0.1 * scale, maximum=0.7 * scale
    )
    is_bad = feature_rule(feature).is_bad
    good = np.resize(np.array([lowest, highest], np.float32), size)
    assert is_bad(pa.array(good)) is None
    for place in {0, size // 2, size - 1} if size else ():
        for beyond in (np.nextafter(lowest, np.float32(-1)), np.nextafter(highest, np.inf)):
            values = good.copy()
            values[place] = beyond
            assert np.flatnonzero(is_bad(pa.array(values))).tolist() == [place]


VOCABULARY_FAULTS = {
    b"1\n2\n3\n2\n": "user_id.txt, line 4: '2' stands on line 2 already",
    b"1\ntwo\n": "user_id.txt, line 2: 'two' is no whole number of 64 bits",
    b"1\n9223372036854775808\n": "user_id.txt, line 2: '9223372036854775808' is no whole",
    b"1\n\n": "user_id.txt, line 2: '' is no whole number",
    b"1\n\xff\n": "user_id.txt: not UTF-8: ",
    b"": "user_id.txt: 0 values, and schema.toml says 20",
    b"1\n2\n": "user_id.txt: 2 values, and schema.toml says 20",
}


@pytest.mark.parametrize("content", VOCABULARY_FAULTS, ids=repr)
def test_a_vocabulary_that_cannot_be_is_told_with_its_line(content, tmp_path):
    (tmp_path / "vocabularies").mkdir()
    (tmp_path / "vocabularies" / "user_id.txt").write_bytes(content)
    with pytest.raises(ValueError, match="user_id") as caught:
        read_vocabularies(tmp_path, tiny_schema())
    assert VOCABULARY_FAULTS[content] in str(caught.value)
