"""Writes TOML; reading is the standard library's `tomllib`."""

import json
import math
from collections.abc import Mapping
from typing import Any


def dumps(document: Mapping[str, object]) -> str:
    """Returns `document` as TOML that `tomllib.loads` reads back equal.

    Values may be str, bool, int, finite float, lists of these, tables (mappings)
    and lists of tables. A value of None is left out: TOML has no null.

    Raises:
      TypeError: for a value TOML cannot hold.
      ValueError: for a float that is not finite, which no setting may be.
    """
    return "\n".join(_table(document, ())).strip() + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    present = {key: value for key, value in table.items() if value is not None}
    nested = {key: value for key, value in present.items() if _is_nested(value)}
    lines = [f"{_key(key)} = {_value(v)}" for key, v in present.items() if key not in nested]
    for key, value in nested.items():
        inner = (*path, _key(key))
        if isinstance(value, Mapping):
            lines += ["", f"[{'.'.join(inner)}]", *_table(value, inner)]
        else:
            for item in value:
                lines += ["", f"[[{'.'.join(inner)}]]", *_table(item, inner)]
    return lines


def _is_nested(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(item, Mapping) for item in value)
    return isinstance(value, Mapping)


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else _value(key)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"a setting must be finite, got {value}")
        return repr(float(value))  # NumPy's float64 is a float and has a repr of its own
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    raise TypeError(f"TOML cannot hold {value!r} of type {type(value).__name__}")
