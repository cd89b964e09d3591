"""What a column must be, and how a sentence names values and types of Arrow."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

TYPES = {"int64": pa.int64(), "string": pa.string(), "float32": pa.float32()}
_WORDS = {"int64": "whole numbers", "string": "text", "float32": "numbers"}


class Rule(NamedTuple):
    """What a column must be.

    Attributes:
      column: its name.
      kind: the Arrow type that its values are read as.
      must: of a value, for a person: "must be >= 0".
      is_bad: from the column, in that type, to a mask of its rejected rows; None for none.
    """

    column: str
    kind: pa.DataType
    must: str
    is_bad: Callable[[pa.Array], np.ndarray | None]


def fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether every value of a column of type `found` is one of type `wanted`."""
    if pa.types.is_list(wanted):
        is_list = pa.types.is_list(found) or pa.types.is_large_list(found)
        return is_list and fits(found.value_type, wanted.value_type)
    if pa.types.is_dictionary(found):
        return fits(found.value_type, wanted)
    if pa.types.is_string(wanted):
        return pa.types.is_string(found) or pa.types.is_large_string(found)
    is_whole = pa.types.is_integer(found) and found != pa.uint64()
    if pa.types.is_integer(wanted):
        return is_whole
    is_number = is_whole or pa.types.is_floating(found) or pa.types.is_boolean(found)
    return is_number or pa.types.is_null(found)


def named(kind: pa.DataType) -> str:
    """Returns what values of a rule's type are called."""
    if pa.types.is_list(kind):
        return f"lists of {named(kind.value_type)}"
    if pa.types.is_floating(kind):
        return _WORDS["float32"]
    return {TYPES[dtype]: word for dtype, word in _WORDS.items()}[kind]


def shown(value: pa.Scalar) -> str:
    """Returns a value as a sentence quotes it: short, whatever it is."""
    try:
        return f"{value.as_py()!r:.80}" if value.is_valid else "null"
    except UnicodeDecodeError:
        return "text that is not UTF-8"
