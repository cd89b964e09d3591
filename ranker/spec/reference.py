"""Settings in words: their types, bounds, defaults and help, as the declarations have them."""

import dataclasses
import difflib
import inspect
import re
import typing
from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any, Literal, NamedTuple

from ranker import toml
from ranker.spec.load import plain
from ranker.spec.part import Field, Part, bounds_text, declaration, fields_of, kinds

_TYPES = {int: "whole number", float: "number", str: "text", bool: "true or false"}


class Table(NamedTuple):
    """A table of settings.

    Attributes:
      name: of the table in TOML, such as "optimizer.dense"; of a kind "rule.adagrad".
      part: the class that declares it.
      text: what it is, the docstring without its list of fields.
      fields: each with its help.
    """

    name: str
    part: type[Part]
    text: str
    fields: tuple[tuple[Field, str], ...]

    @property
    def summary(self) -> str:
        """The first sentence of its text, on one line."""
        paragraph = " ".join(self.text.partition("\n\n")[0].split())
        return re.split(r"[.](?: |$)", paragraph, maxsplit=1)[0]


def tables(root: type[Part]) -> Iterator[Table]:
    """Yields the tables of settings under `root`, in order, each kind of each family once."""
    seen: set[type[Part]] = set()
    yield from _tables(root, "", seen)


def find(root: type[Part], name: str) -> list[Table]:
    """Returns the tables that `name` names: one, or all kinds of a family such as "clip".

    Raises:
      ValueError: for a name that there is none of, with the nearest.
    """
    known = {table.name: table for table in tables(root)}
    found = [t for n, t in known.items() if n == name or n.startswith(f"{name}.")]
    if not found:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        names = dict.fromkeys(each.partition(".")[0] for each in known if each)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}"
        raise ValueError(f"no settings {name!r}; {hint}")
    return found


def help_of(cls: type[Part]) -> dict[str, str]:
    """Returns the sentence of help of each field, from the docstrings of a part and its bases."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__[: cls.__mro__.index(Part)]):
        _, _, after = (inspect.getdoc(base) or "").partition("\nAttributes:\n")
        listed = after.partition("\n\n")[0]
        for name, text in re.findall(r"^  (\w+): (.*(?:\n    .*)*)", listed, re.MULTILINE):
            found[name] = " ".join(text.split())
    return found


def markdown(table: Table, *, whole: str = "The run") -> str:
    """Returns a table as a section of the settings reference, the outermost called `whole`."""
    lines = [f"## {table.name or whole}", "", table.text, ""]
    rows = [(field, help_) for field, help_ in table.fields if not _part_of(field.hint)]
    if rows:
        lines += ["| setting | value | default | |", "|---|---|---|---|"]
        lines += [
            f"| `{field.name}` | {value_text(field)} | {_default(field)} | {_escaped(help_)} |"
            for field, help_ in rows
        ]
    return "\n".join(lines).rstrip() + "\n"


def value_text(field: Field) -> str:
    """Returns what values a setting takes, in words."""
    hint = field.hint
    members = [k for k in typing.get_args(hint) if k is not NoneType]
    if NoneType in typing.get_args(hint):
        return f"{value_text(field._replace(hint=members[0]))}, or none"
    if typing.get_origin(hint) is Literal:
        return ", ".join(f'"{member}"' for member in members)
    if typing.get_origin(hint) is tuple:
        return f"list of {_word(members[0])}"
    if typing.get_origin(hint) is dict:
        return f"table of {_word(members[1])} by name"
    if len(members) > 1:
        return " or ".join(map(_word, members))
    bounds = bounds_text(field.bounds)
    return f"{_word(hint)} {bounds}".strip()


def _word(hint: Any) -> str:
    return _TYPES.get(hint, getattr(hint, "__name__", str(hint)).lower())


def _tables(cls: type[Part], name: str, seen: set[type[Part]]) -> Iterator[Table]:
    if cls in seen and cls.kind:
        return  # of one family in two places
    seen.add(cls)
    helps = help_of(cls)
    text, _, _ = (inspect.getdoc(declaration(cls)) or "").partition("\nAttributes:\n")
    fields = tuple((field, helps.get(field.name, "")) for field in fields_of(cls))
    yield Table(name, cls, text.strip(), fields)
    for field in fields_of(cls):
        part = _part_of(field.hint)
        if part is None:
            continue
        inner = f"{name}.{field.name}" if name else field.name
        choices = kinds(part)
        if not choices:
            yield from _tables(part, inner, seen)
        for kind, chosen in choices.items():
            yield from _tables(chosen, f"{field.name}.{kind}", seen)


def _part_of(hint: Any) -> type[Part] | None:
    """Returns the part, or the family of parts, that a field holds; None for a plain value."""
    members = [k for k in (*typing.get_args(hint), hint) if isinstance(k, type)]
    return next((k for k in members if issubclass(k, Part)), None)


def _default(field: Field) -> str:
    if field.default is dataclasses.MISSING:
        return "must be given"
    value = plain(field.default)
    if isinstance(value, Mapping):
        return "{}" if not value else f"`{value}`"
    return f"`{toml.dumps({'x': value}).strip().removeprefix('x = ')}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")  # a table's cells end with one
