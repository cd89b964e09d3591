"""Tables as plain text, for HTML and for Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Field(NamedTuple):
    """One cell of a table.

    Attributes:
      text: what is read first.
      note: what is read second, in lines: an interval, a remark.
      kind: "name", "number", "words", "better" or "worse" of a difference, or "share0" to
        "share4" for how bad a ratio is.
    """

    text: str
    note: str = ""
    kind: str = "number"


class Group(NamedTuple):
    """Rows under one heading; "" for none."""

    title: str
    rows: tuple[tuple[Field, ...], ...]


class Table(NamedTuple):
    """Heads and groups of rows, each row as long as the heads."""

    heads: tuple[str, ...]
    groups: tuple[Group, ...]


def name(text: str) -> Field:
    """Returns the head of a row."""
    return Field(text, kind="name")


def words(text: str, note: str = "") -> Field:
    """Returns a cell of prose."""
    return Field(text, note, "words")


def table(heads: Sequence[str], rows: Sequence[tuple[Field, ...]]) -> Table:
    """Returns a table of one group without a heading; of none if there are no rows."""
    return Table(tuple(heads), (Group("", tuple(rows)),) if rows else ())


def nested(values: Mapping[str, Any], heads: tuple[str, str] = ("what", "value")) -> Table:
    """Returns nested values as dotted names and values."""
    return table(heads, [(name(what), words(value)) for what, value in flat(values).items()])


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Returns nested values as text by dotted name; a list of plain values as one."""
    found: dict[str, str] = {}
    for what, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{what}.")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            if any(isinstance(item, Mapping) for item in value):
                found |= flat({str(i): v for i, v in enumerate(value)}, f"{prefix}{what}.")
            else:
                found[f"{prefix}{what}"] = " ".join(map(str, value))
        else:
            found[f"{prefix}{what}"] = str(value)
    return found
