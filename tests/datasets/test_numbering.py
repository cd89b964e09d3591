"""Values are numbered as they come, as by a dictionary, whatever the batches and the hashes."""

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker.datasets.table import numbering
from ranker.datasets.table.numbering import NOBODY, Numbers

WHOLE = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(0, 9))
WORDS = st.one_of(st.none(), st.text(max_size=3), st.sampled_from("abc"))


def by_dictionary(batches: list[list]) -> tuple[list, list[list[int]]]:
    numbers: dict = {}
    found = [
        [NOBODY if value is None else numbers.setdefault(value, len(numbers)) for value in batch]
        for batch in batches
    ]
    return list(numbers), found


def check(batches: list[list], kind: pa.DataType) -> Numbers:
    values, expected = by_dictionary(batches)
    numbers = Numbers()
    found = [numbers.of(pa.array(batch, kind)).to_pylist() for batch in batches]
    assert found == expected
    assert len(numbers) == len(values)
    assert numbers.values.to_pylist() == values
    for batch, place in zip(batches, expected, strict=True):
        assert numbers.known(pa.array(batch, kind)).tolist() == place
    return numbers


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(WHOLE, max_size=8), max_size=8))
def test_whole_numbers_are_numbered_as_they_come(batches):
    check(batches, pa.int64())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(WORDS, max_size=8), max_size=8))
def test_words_are_numbered_as_they_come(batches):
    check(batches, pa.string())


@pytest.mark.parametrize("batches", [[["a", "b", "c", "a"]], [["a"], ["b", None], ["a", "c"]]])
def test_words_of_one_hash_have_numbers_of_their_own(batches, monkeypatch):
    monkeypatch.setattr(numbering, "_keys", lambda words: np.zeros(len(words), np.int64))
    check(batches, pa.string())


def test_what_is_not_known_is_not_learnt():
    numbers = Numbers()
    assert numbers.known(pa.array(["a", None])).tolist() == [NOBODY, NOBODY]
    numbers.of(pa.array(["a"]))
    assert numbers.known(pa.array(["b", "a", None])).tolist() == [NOBODY, 0, NOBODY]
    assert len(numbers) == 1


def test_few_levels_are_looked_through_after_many_batches():
    numbers = Numbers()
    for start in range(0, 3_000, 10):
        numbers.of(pa.array(np.arange(start, start + 10)))
        sizes = [len(level.values) for level in numbers._levels]
        assert all(a >= 2 * b for a, b in itertools.pairwise(sizes))
    assert len(sizes) <= 9  # of 3,000, each at least twice the next, the last of 10
