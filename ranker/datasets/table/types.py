"""Arrow's many types to few: whole numbers, numbers, bool, text, moments and lists of them."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ranker.datasets.errors import DatasetError
from ranker.datasets.read.words import UNKNOWN, one_line
from ranker.datasets.table.decoded import without_marks

MOMENT = pa.timestamp("us")
_UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 0.001}  # in microseconds
_PLAIN_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\s*$"
_NO_NUMBERS = pa.array(["", "NA", "N/A", "nan", "NaN", "null", "NULL", "None", r"\N"])
_TRUTHS = {"true": 1.0, "false": 0.0, "True": 1.0, "False": 0.0, "TRUE": 1.0, "FALSE": 0.0}
_UNEVEN = r"^\s|\s$|[^\S ]|  |[\x00-\x1f\x7f]"  # what `one_line` would change
_LINES = re.compile("[\x1c-\x1e\x85\u2028\u2029\xa0\u2000-\u200a\u3000]")


def canonical(column: pa.Array, name: str) -> pa.Array:
    """Returns a column, [N], as int64, uint64, float64, bool, string, MOMENT or a list of these.

    Raises:
      DatasetError: for a type that is none of a column's, such as a structure.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return canonical(column.dictionary_decode(), name)
    wanted = _wanted(kind)
    if wanted is None:
        return _of_lists(column, name)
    if wanted == kind:
        return column
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        column = column.cast(pa.timestamp(kind.unit) if pa.types.is_timestamp(kind) else "int64")
        if pa.types.is_duration(kind):
            return pc.multiply(column.cast(pa.float64()), _UNITS[kind.unit] / 1e6)
    if pa.types.is_time(kind):
        whole = column.cast(pa.int32() if kind.bit_width == 32 else pa.int64())
        return pc.multiply(whole.cast(pa.float64()), _UNITS[kind.unit] / 1e6)
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.string())
    return column.cast(wanted, safe=False)


def _wanted(kind: pa.DataType) -> pa.DataType | None:
    is_ = pa.types
    if is_.is_uint64(kind) or is_.is_boolean(kind):
        return kind
    if is_.is_integer(kind):
        return pa.int64()
    if is_.is_floating(kind) or is_.is_duration(kind) or is_.is_time(kind):
        return pa.float64()
    if is_.is_decimal(kind):
        return pa.int64() if kind.scale <= 0 and kind.precision <= 18 else pa.float64()
    if is_.is_timestamp(kind) or is_.is_date(kind):
        return MOMENT
    if is_.is_string(kind) or is_.is_large_string(kind) or is_.is_string_view(kind):
        return pa.string()
    if is_.is_binary(kind) or is_.is_large_binary(kind) or is_.is_binary_view(kind):
        return pa.string()
    if is_.is_fixed_size_binary(kind) or is_.is_null(kind):
        return pa.string()
    return None


def _of_lists(column: pa.Array, name: str) -> pa.Array:
    kind = column.type
    is_ = pa.types
    kinds = (is_.is_fixed_size_list, is_.is_large_list, is_.is_list_view, is_.is_large_list_view)
    if any(is_one(kind) for is_one in kinds):
        column = column.cast(pa.list_(kind.value_type))
    if not pa.types.is_list(column.type):
        raise DatasetError(
            f"column {name!r:.80} is {kind!s:.80}, which no feature can be; write its parts as "
            "columns of their own"
        )
    lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    values = canonical(column.flatten(), name)
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=_mask(column))


def _mask(column: pa.Array) -> pa.Array | None:
    return column.is_null() if column.null_count else None


def repaired(column: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
    """Returns a column whose bytes are UTF-8, null where they are not, and where that is.

    Args:
      column: of any type; only text and bytes are looked at. [N]
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return repaired(column.dictionary_decode())
    if not (_wanted(kind) == pa.string() and not pa.types.is_null(kind)):
        return column, None
    raw = column.cast(pa.large_binary()) if pa.types.is_binary_view(kind) else column
    raw = raw.cast(pa.binary()) if not pa.types.is_fixed_size_binary(kind) else raw
    try:
        text = raw.cast(pa.binary()).cast(pa.string())
        text.validate(full=True)
        return without_marks(text)
    except pa.ArrowInvalid:
        pass
    values = [_decoded(value) for value in raw.to_pylist()]
    text = pa.array(values, pa.string())
    return text, text.is_null().to_numpy(False) & ~raw.is_null().to_numpy(False)


def _decoded(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def is_whole(kind: pa.DataType) -> bool:
    """Returns whether values of a canonical type are ids as whole numbers, rather than text."""
    return pa.types.is_int64(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)


def typed(column: pa.Array, kind: str) -> tuple[pa.Array, np.ndarray | None]:
    """Returns a column as the type that a spec says, "" for its own, and where it is none.

    Both [N]; the second is None where there is nowhere.
    """
    if not kind or pa.types.is_list(column.type):
        return column, None
    if kind == "text":
        return as_text(column), None
    if kind == "time":
        moments, bad = as_moments(column, "s")
        return moments.cast(MOMENT), bad
    if kind == "float":
        return as_numbers(column)
    ids, bad = as_ids(column, "int64")
    if kind == "bool":
        is_odd = pc.invert(pc.is_in(ids, pa.array([0, 1, None])))
        odd = is_odd.to_numpy(zero_copy_only=False)
        return pc.not_equal(ids, 0), odd if odd.any() else bad
    return ids, bad


def id_type(column: pa.Array) -> str:
    """Returns "int64" or "string", as which the ids of a column, [N], are read."""
    return "int64" if is_whole(column.type) else "string"


def as_numbers(column: Any) -> tuple[pa.Array, np.ndarray | None]:
    """Returns a column as float64, null where it has none, and where its text is no number.

    Moments are seconds since 1970; bool is 0 and 1; empty text and NaN are null. Both [N]; the
    second is None where there is none.
    """
    kind = column.type
    if pa.types.is_string(kind):
        return _parsed(column)
    if pa.types.is_timestamp(kind):
        return pc.divide(column.cast(pa.int64()).cast(pa.float64()), 1e6), None
    if pa.types.is_list(kind):
        return pa.nulls(len(column), pa.float64()), column.is_valid().to_numpy(False)
    numbers = column.cast(pa.float64(), safe=False)
    if pa.types.is_floating(kind):
        numbers = pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
    return numbers, None


def _parsed(column: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
    coded = column.dictionary_encode()
    words = coded.dictionary
    is_null = pc.is_in(pc.utf8_trim_whitespace(words), _NO_NUMBERS)
    is_number = pc.match_substring_regex(words, _PLAIN_NUMBER)
    plain = pc.if_else(is_number, pc.utf8_trim_whitespace(words), pa.scalar(None, pa.string()))
    plain = pc.utf8_ltrim(plain, characters="+")
    numbers = plain.cast(pa.float64())
    is_truth = pc.is_in(words, pa.array(list(_TRUTHS)))
    if pc.any(is_truth).as_py():
        truths = pc.is_in(words, pa.array([w for w, v in _TRUTHS.items() if v]))
        numbers = pc.if_else(is_truth, truths.cast(pa.float64()), numbers)
    is_bad = pc.and_(numbers.is_null(), pc.invert(is_null))
    bad = None
    if pc.any(is_bad).as_py():
        bad = is_bad.take(coded.indices).fill_null(False).to_numpy(zero_copy_only=False)
    return numbers.take(coded.indices), bad


def as_text(column: Any) -> Any:
    """Returns a column or scalar as text: moments as ISO 8601, whole floats without a point."""
    kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int64())
    elif pa.types.is_floating(kind) and not isinstance(column, pa.Scalar):
        values = column.to_numpy(zero_copy_only=False)
        if np.all(np.isnan(values) | ((values == np.rint(values)) & (np.abs(values) < 2**53))):
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column).cast(pa.int64())
    elif pa.types.is_timestamp(kind):
        days = column.cast(pa.date32(), safe=False)
        if pc.all(pc.equal(days.cast(MOMENT), column)).as_py() is not False:
            return days.cast(pa.string())
    return column.cast(pa.string())


def as_words(column: pa.Array) -> pa.DictionaryArray:
    """Returns text, [N], of a dictionary fit for a vocabulary: each on one line; "" is null."""
    coded = column.dictionary_encode()
    words = coded.dictionary
    is_uneven = pc.or_(pc.match_substring_regex(words, _UNEVEN), pc.equal(words, ""))
    is_ascii = pc.all(pc.string_is_ascii(words)).as_py() is not False
    has_lines = not is_ascii and _LINES.search("".join(words.drop_null().to_pylist()))
    if has_lines or pc.any(is_uneven).as_py():
        tidy = [one_line(word) for word in words.to_pylist()]
        tidy = [None if word == UNKNOWN and not old.as_py().strip() else word
                for word, old in zip(tidy, words, strict=True)]  # fmt: skip
        return pa.array(tidy, pa.string()).take(coded.indices).dictionary_encode()
    return coded


def as_ids(column: pa.Array, dtype: str) -> tuple[pa.Array, np.ndarray | None]:
    """Returns a column as ids of `dtype`, "int64" or "string", null where there is none.

    Text is of a dictionary. Also where a number is not whole, or text none: bool [N], None for
    nowhere.
    """
    if dtype == "string":
        return as_words(as_text(column)), None
    if pa.types.is_int64(column.type):
        return column, None
    numbers, bad = as_numbers(column)
    values = numbers.to_numpy(zero_copy_only=False)
    is_odd = ~np.isnan(values) & ((values != np.rint(values)) | (np.abs(values) > 2**53))
    bad = is_odd if bad is None else bad | is_odd
    if pa.types.is_string(column.type):  # exactly, where it has more than 53 bits
        plain = pc.match_substring_regex(column, r"^-?[0-9]{1,18}$")
        if pc.all(plain).as_py() is not False:
            return column.cast(pa.int64()), None
    whole = pa.array(np.where(is_odd | np.isnan(values), 0, values).astype(np.int64))
    whole = pc.if_else(pa.array(is_odd | np.isnan(values)), pa.scalar(None, pa.int64()), whole)
    return whole, bad if bad.any() else None


def as_moments(column: pa.Array, unit: str) -> tuple[pa.Array, np.ndarray | None]:
    """Returns a column as microseconds since 1970, int64, and where it is no moment. Both [N]."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        return column.cast(pa.int64()), None
    if pa.types.is_string(kind) and not _are_numbers(column):
        return _moments_of_text(column)
    if pa.types.is_int64(kind) and unit != "ns":
        return pc.multiply(column, int(_UNITS[unit])), None
    numbers, bad = as_numbers(column)
    micro = pc.multiply(numbers, float(_UNITS[unit]))
    return pc.round(micro).cast(pa.int64(), safe=False), bad


def _are_numbers(column: pa.Array) -> bool:
    sample = column[:1_000].drop_null()
    return bool(len(sample)) and bool(
        pc.all(pc.match_substring_regex(sample, _PLAIN_NUMBER)).as_py()
    )


def _moments_of_text(column: pa.Array) -> tuple[pa.Array, np.ndarray | None]:
    texts = column.to_pandas()
    moments = pd.to_datetime(texts, utc=True, errors="coerce", format="ISO8601")
    is_bad = moments.isna().to_numpy() & column.is_valid().to_numpy(zero_copy_only=False)
    micro = pa.Array.from_pandas(moments.dt.tz_localize(None)).cast(MOMENT, safe=False)
    return micro.cast(pa.int64()), is_bad if is_bad.any() else None
