"""One column of a sample: what its values are, how many, and how they are spread."""

import dataclasses
import functools
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ranker.datasets.table.types import as_moments, as_numbers

BOOL, WHOLE, NUMBER, TEXT, MOMENT, LIST = "bool", "whole", "number", "text", "moment", "list"

_ISO = r"^\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?)?$"
_LEADING_ZERO = r"^[+-]?0[0-9]"
_TRUTHS = pa.array(["true", "false", "True", "False", "TRUE", "FALSE"])
_MOST_WHOLE = 2**53


@dataclasses.dataclass(frozen=True, eq=False)
class Column:
    """A column of a sample of N rows.

    Attributes:
      name: of the column.
      values: of the types of `table.types.canonical`, [N].
      look: BOOL, WHOLE, NUMBER, TEXT, MOMENT or LIST; what text holds, where all of it is such.
      num_rows: of the whole table, as far as is known; >= N.
      num_null: nulls of the whole table; None where only the sample's are known.
      bounds: least and largest of the whole table, as numbers; None where not known.
      was_list: whether it was a list of lists.
    """

    name: str
    values: pa.Array
    look: str
    num_rows: int
    num_null: int | None = None
    bounds: tuple[float, float] | None = None
    was_list: bool = False

    @property
    def is_text(self) -> bool:
        """Whether its values are text, whatever that holds."""
        return pa.types.is_string(self.values.type)

    @functools.cached_property
    def numbers(self) -> np.ndarray:
        """Its values as numbers, those of moments in seconds since 1970; NaN for none. [N]"""
        if self.look == MOMENT:
            moments, _ = as_moments(self.values, "s")
            return _floats(moments) / 1e6
        if self.look in (TEXT, LIST):
            return np.full(len(self.values), np.nan)
        return _floats(as_numbers(self.values)[0])

    @functools.cached_property
    def coded(self) -> tuple[np.ndarray, pa.Array]:
        """The number of each value, -1 for a null, [N]; and the values by number, [V]."""
        values = self.values
        if self.look == LIST:
            texts = [None if v is None else repr(v) for v in values.to_pylist()]
            values = pa.array(texts, pa.string())
        elif self.look == TEXT:
            is_empty = pc.equal(pc.utf8_trim_whitespace(values), "")
            values = pc.if_else(is_empty, pa.scalar(None, pa.string()), values)
        elif self.look in (WHOLE, NUMBER, BOOL):
            is_none = pa.array(np.isnan(self.numbers))
            values = pc.if_else(is_none, pa.scalar(None, values.type), values)
        coded = values.dictionary_encode()
        return coded.indices.fill_null(-1).to_numpy(zero_copy_only=False), coded.dictionary

    @functools.cached_property
    def counts(self) -> np.ndarray:
        """How many rows have each value, [V]."""
        codes, values = self.coded
        return np.bincount(codes[codes >= 0], minlength=len(values))

    @functools.cached_property
    def is_missing(self) -> np.ndarray:
        """Where there is no value, bool [N]."""
        return self.coded[0] < 0

    @property
    def num_valid(self) -> int:
        """Rows of the sample that have a value."""
        return int((~self.is_missing).sum())

    @property
    def null_share(self) -> float:
        """The share of rows without a value."""
        if self.num_null is not None and self.num_rows:
            return max(self.num_null / self.num_rows, float(self.is_missing.mean()))
        return float(self.is_missing.mean())

    @functools.cached_property
    def distinct(self) -> int:
        """About how many values there are in the whole table.

        The GEE estimator: a value seen once stands for sqrt(rows / rows of the sample) of them
        (Charikar, Chaudhuri, Motwani, Narasayya, "Towards Estimation Error Guarantees for
        Distinct Values", PODS 2000); exact where the sample is the whole.
        """
        once = int((self.counts == 1).sum())
        grown = math.sqrt(max(1.0, self.num_rows / max(1, len(self.values))))
        estimate = len(self.counts) + (grown - 1) * once
        if self.bounds and self.look == WHOLE:
            estimate = min(estimate, self.bounds[1] - self.bounds[0] + 1)
        return int(max(len(self.counts), estimate))

    @property
    def repeats(self) -> float:
        """Rows of the sample that have a value, for each different one."""
        return self.num_valid / max(1, len(self.counts))

    @functools.cached_property
    def range(self) -> tuple[float, float]:
        """The least and the largest number there is; NaN for none."""
        valid = self.numbers[np.isfinite(self.numbers)]
        if not len(valid):
            return math.nan, math.nan
        low, high = float(valid.min()), float(valid.max())
        if self.bounds:
            low, high = min(low, self.bounds[0]), max(high, self.bounds[1])
        return low, high

    def words(self, most: int = 1_000) -> list[str]:
        """Returns its most frequent values as text, the first of equals as they came."""
        order = np.argsort(-self.counts, kind="stable")[:most]
        values = self.coded[1].take(pa.array(order))
        if pa.types.is_timestamp(values.type):  # which Python may have no value for
            values = values.cast(pa.string())
        return [_shown(value) for value in values.to_pylist()]


def look_of(values: pa.Array) -> str:
    """Returns what a column's values are, [N]; of text, what it holds where all of it is such."""
    kind = values.type
    if pa.types.is_list(kind):
        return LIST
    if pa.types.is_boolean(kind):
        return BOOL
    if pa.types.is_timestamp(kind):
        return MOMENT
    if pa.types.is_string(kind):
        return _look_of_text(values)
    numbers = _floats(as_numbers(values)[0])
    return WHOLE if _are_whole(numbers) else NUMBER


def _look_of_text(values: pa.Array) -> str:
    words = values.drop_null().unique()
    words = words.filter(pc.not_equal(pc.utf8_trim_whitespace(words), ""))
    if not len(words):
        return TEXT
    if pc.all(pc.is_in(words, _TRUTHS)).as_py():
        return BOOL
    if _all_like(words, _ISO):
        return TEXT if as_moments(words, "s")[1] is not None else MOMENT
    numbers, is_bad = as_numbers(words)
    if is_bad is not None or not len(numbers.drop_null()) or _any_like(words, _LEADING_ZERO):
        return TEXT
    return WHOLE if _are_whole(_floats(numbers)) else NUMBER


def _are_whole(numbers: np.ndarray) -> bool:
    valid = numbers[~np.isnan(numbers)]
    return bool(np.all((valid == np.rint(valid)) & (np.abs(valid) < 2.0**64)))


def _all_like(words: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(words, pattern)).as_py())


def _any_like(words: pa.Array, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(words, pattern)).as_py())


def _floats(numbers: Any) -> np.ndarray:
    return numbers.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _shown(value: object) -> str:
    if isinstance(value, float) and abs(value) < _MOST_WHOLE and value == int(value):
        return str(int(value))
    return str(value)
