"""Settings in words: their types, bounds, defaults and help, as the declarations have them."""

import dataclasses
import difflib
import inspect
import re
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import NoneType
from typing import Any, Literal, NamedTuple

from ranker import toml
from ranker.spec.load import plain
from ranker.spec.part import Field, Part, bounds_text, declaration, family_of, fields_of, kinds

Locations = dict[type[Part], list["Location"]]
_TYPES = {int: "whole number", float: "number", str: "text", bool: "true or false"}


class Table(NamedTuple):
    """A table of settings.

    Attributes:
      name: of the table in TOML, such as "optimizer.dense"; of a kind "rule.adagrad".
      part: the class that declares it.
      text: what it is, the docstring without its list of fields.
      fields: each with its help.
      locations: of a kind, the tables of TOML that may have it.
      names: how the tables of each family are called, "clip" of "clip.clippy".
    """

    name: str
    part: type[Part]
    text: str
    fields: tuple[tuple[Field, str], ...]
    locations: tuple[str, ...]
    names: Mapping[type[Part], str]

    @property
    def summary(self) -> str:
        """The first sentence of its text, on one line."""
        paragraph = " ".join(self.text.partition("\n\n")[0].split())
        return re.split(r"[.](?: |$)", paragraph, maxsplit=1)[0]


class Location(NamedTuple):
    """Where a kind of a family may stand.

    Attributes:
      table: of TOML, such as "[[clip]]".
      holder: the part that has it.
      field: of the holder.
      is_many: whether the field holds several, in a list or by name.
    """

    table: str
    holder: type[Part]
    field: str
    is_many: bool

    def takes(self, chosen: type[Part]) -> bool:
        """Whether the holder does not refuse the kind, as far as its defaults can tell."""
        needed = (*fields_of(self.holder), *fields_of(chosen))
        if self.is_many or any(field.default is dataclasses.MISSING for field in needed):
            return True
        try:
            self.holder(**{self.field: chosen()})
        except ValueError:
            return False
        return True


def tables(root: type[Part]) -> Iterator[Table]:
    """Yields the tables of settings under `root`, in order, each kind of each family once."""
    locations: Locations = {}
    _find_locations(root, "", locations)
    yield from _tables(root, "", locations, _names(locations), set())


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
    if table.locations:
        locations = [f"`{location}`" for location in table.locations]
        lines += [f'With `kind = "{table.part.kind}"` in {_either(locations)}.', ""]
    rows = [(field, help_) for field, help_ in table.fields if not _is_section(field)]
    if rows:
        lines += ["| setting | value | default | |", "|---|---|---|---|"]
        lines += [
            f"| `{field.name}` | {_value(field, table)} | {_default(field)} | {_escaped(help_)} |"
            for field, help_ in rows
        ]
    return "\n".join(lines).rstrip() + "\n"


def groups(tables: Iterable[Table]) -> str:
    """Returns a line with a link to the first table of each group."""
    first: dict[str, str] = {}
    for table in tables:
        first.setdefault(table.name.partition(".")[0], table.name)
    links = (f"[{g}](#{name.replace('.', '')})" for g, name in first.items() if g)
    return " · ".join(links)


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


def _tables(
    cls: type[Part],
    name: str,
    locations: Locations,
    names: Mapping[type[Part], str],
    seen: set[type[Part]],
) -> Iterator[Table]:
    if cls in seen and cls.kind:
        return  # of one family in two locations
    seen.add(cls)
    helps = help_of(cls)
    text, _, _ = (inspect.getdoc(declaration(cls)) or "").partition("\nAttributes:\n")
    fields = tuple((field, helps.get(field.name, "")) for field in fields_of(cls))
    possible = locations[family_of(cls)] if cls.kind else []
    own = tuple(location.table for location in possible if location.takes(cls))
    yield Table(name, cls, text.strip(), fields, own, names)
    for field in fields_of(cls):
        part = _part_of(field.hint)
        if part is None:
            continue
        choices = kinds(part)
        if not choices:
            inner = f"{name}.{field.name}" if name else field.name
            yield from _tables(part, inner, locations, names, seen)
        for kind, chosen in choices.items():
            yield from _tables(chosen, f"{names[part]}.{kind}", locations, names, seen)


def _find_locations(cls: type[Part], path: str, found: Locations) -> None:
    for field in fields_of(cls):
        part = _part_of(field.hint)
        if part is None:
            continue
        inner = f"{path}.{field.name}" if path else field.name
        choices = kinds(part)
        if not choices:
            _find_locations(part, inner, found)
            continue
        origins = _origins(field.hint)
        table = f"{inner}.NAME" if dict in origins else inner
        table = f"[[{table}]]" if tuple in origins else f"[{table}]"
        location = Location(table, cls, field.name, bool(origins & {dict, tuple}))
        is_known = part in found
        found.setdefault(part, []).append(location)
        for chosen in () if is_known else choices.values():
            _find_locations(chosen, inner, found)


def _names(locations: Locations) -> dict[type[Part], str]:
    """Returns how each family is called: as its field, or as its class if it has several."""
    found = {}
    for family, own in locations.items():
        name, *others = dict.fromkeys(location.field for location in own)
        found[family] = family.__name__.lower() if others else name
    return found


def _origins(hint: Any) -> set[Any]:
    return {typing.get_origin(each) for each in (hint, *typing.get_args(hint))}


def _part_of(hint: Any) -> type[Part] | None:
    """Returns the part, or the family of parts, that a field holds; None for a plain value."""
    members = [k for k in (*typing.get_args(hint), hint) if isinstance(k, type)]
    return next((k for k in members if issubclass(k, Part)), None)


def _is_section(field: Field) -> bool:
    """Whether a field is a table that is always there, and has a section and no row."""
    return _part_of(field.hint) is field.hint and not kinds(field.hint)


def _value(field: Field, table: Table) -> str:
    part = _part_of(field.hint)
    if part is None:
        return value_text(field)
    first = next(iter(kinds(part)), None)
    family = table.names.get(part, "table")
    anchor = f"{family}{first}" if first else f"{table.name}{field.name}".replace(".", "")
    one = f"[{family}](#{anchor})"
    origins = _origins(field.hint)
    many = one if first else f"[tables](#{anchor})"
    text = f"list of {many}" if tuple in origins else f"{one} by name" if dict in origins else one
    return f"{text}, or none" if NoneType in typing.get_args(field.hint) else text


def _default(field: Field) -> str:
    if field.default is dataclasses.MISSING:
        return "must be given"
    value = _differing(field.default)
    return f"`{_inline(value)}`"


def _inline(value: Any) -> str:
    """Returns a value as it is written on one line of TOML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {_inline(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return toml.dumps({"x": value}).strip().removeprefix("x = ")


def _differing(value: Any) -> Any:
    """Returns a default as TOML holds it, parts without what is their own default."""
    if isinstance(value, tuple):
        return [_differing(item) for item in value]
    if not isinstance(value, Part):
        return plain(value)
    kind = {"kind": value.kind} if value.kind else {}
    return kind | {
        field.name: plain(getattr(value, field.name))
        for field in fields_of(type(value))
        if getattr(value, field.name) != field.default
    }


def _either(words: Sequence[str]) -> str:
    return " or ".join([", ".join(words[:-1])] * (len(words) > 1) + [words[-1]])


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")  # a table's cells end with one
