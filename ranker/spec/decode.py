"""From layers of TOML to frozen dataclasses: exact types, and where every error is.

A setting may be stated several times: by the file that is extended, by the file, by
`--set`. Each statement is a layer, the newest last, and layers are put together only
where the type is known. So a table that switches its `kind` drops what older layers
said of the other kind, and every error names the layer that is at fault.
"""

import dataclasses
import difflib
import functools
import math
import types
import typing
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ranker.spec.part import Part, kinds

MISSING = dataclasses.MISSING
NONE = "none"  # TOML has no null: the word stands for None where a type allows it

_MAX_PART = 1000  # letters of an error's place or message: names may be of any length
_SMALLEST, _LARGEST = 2.0**-126, 2.0**128 - 2.0**104  # of normal numbers in float32
_SCALARS = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}


class ConfigError(ValueError):
    """A setting that cannot be: one line that says where, which and what."""


class Layer(NamedTuple):
    """What one source states: `origin` is a file's path or a whole `--set=...`."""

    origin: str
    value: Any


def decode(
    kind: Any, layers: Sequence[Layer], *, path: tuple[str, ...] = (), default: Any = MISSING
) -> Any:
    """Returns what `layers` state of the setting at `path`, as an instance of `kind`.

    Kinds: bool, int, float (an int will do), str, `str | float`, Literal, `X | None`,
    tuple[X, ...], dict[str, X], a dataclass, and a family of parts, of which `kind` chooses
    one, as a name alone does where a table is due. A list is replaced whole by a newer one;
    `path.0` reaches into it.

    Args:
      layers: at least one, the newest last.
      default: what holds where a table is silent; its fields go before those of
        its class. MISSING if the setting must be stated.

    Raises:
      ConfigError: for a wrong type, an unknown name, a value out of its range.
      TypeError: for an annotation that is none of the kinds above.
    """
    if type(None) in typing.get_args(kind):
        if layers[-1].value == NONE:
            return None
        members = [k for k in typing.get_args(kind) if k is not type(None)]
        kind = typing.Union[tuple(members)]  # noqa: UP007 (their number varies)
    shape = typing.get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, Part) and kinds(kind):
        tables = [_named(layer) for layer in layers]
        return _variant(kind, _tables(tables, path), path=path, default=default)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, _tables(layers, path), path=path, default=default)
    if shape is tuple:
        return _tuple(typing.get_args(kind)[0], layers, path=path, default=default)
    if shape is dict:
        return _dict(typing.get_args(kind)[1], _tables(layers, path), path=path, default=default)
    if shape is typing.Literal:
        return _literal(typing.get_args(kind), layers[-1], path=path)
    if shape in (types.UnionType, typing.Union):  # text, or a number
        is_text = isinstance(layers[-1].value, str)
        kind = next(k for k in typing.get_args(kind) if (k is str) == is_text)
    return _scalar(kind, layers[-1], path=path)


def error_at(origin: str, path: Sequence[str], message: str) -> ConfigError:
    """Returns the error that says `message` of the setting at `path`, on one line."""
    parts = (part for part in (origin, ".".join(path), message) if part)
    short = (part if len(part) <= _MAX_PART else part[:_MAX_PART] + "..." for part in parts)
    return ConfigError(" ".join(": ".join(short).split()))


def _dataclass(kind: Any, tables: Sequence[Layer], *, path: tuple[str, ...], default: Any) -> Any:
    hints = _hints(kind)
    tables = [_with_new_names(layer, getattr(kind, "renamed", {}), path) for layer in tables]
    for origin, table in tables:
        for name in table:
            if name not in hints and not (name == "kind" and getattr(kind, "kind", "")):
                raise error_at(origin, path, _unknown(f"setting {_show(name)}", name, hints))
    values = {}
    for field in dataclasses.fields(kind):
        stated = [
            Layer(origin, table[field.name]) for origin, table in tables if field.name in table
        ]
        fallback = _fallback(field, default if type(default) is kind else MISSING)
        if stated:
            inner = (*path, field.name)
            values[field.name] = decode(hints[field.name], stated, path=inner, default=fallback)
        elif fallback is MISSING:
            raise error_at(tables[-1].origin, path, f"no {field.name}, which has no default")
        else:
            values[field.name] = fallback
    try:
        return kind(**values)
    except (ValueError, TypeError) as error:
        said = str(error).removeprefix(f"{kind.__name__}: ")
        raise error_at(_origin_of(said, tables), path, said) from error


def _with_new_names(layer: Layer, renamed: Mapping[str, str], path: tuple[str, ...]) -> Layer:
    """Returns a table with the new names of what it calls by former ones, and says so."""
    former = [name for name in layer.value if name in renamed]
    if not former:
        return layer
    table = {name: value for name, value in layer.value.items() if name not in former}
    for name in former:
        *inner, last = renamed[name].split(".")
        target = table
        for part in inner:
            given = target.get(part, {})
            target[part] = dict(given) if isinstance(given, dict) else {"kind": given}
            target = target[part]
        old, new = ".".join((*path, name)), ".".join((*path, renamed[name]))
        if last in target:
            raise error_at(layer.origin, (), f"{old} is the former name of {new}: give one of them")
        target[last] = layer.value[name]
        warnings.warn(f"{layer.origin}: {old} is now called {new}", FutureWarning, stacklevel=2)
    return layer._replace(value=table)


def _named(layer: Layer) -> Layer:
    """Returns a layer whose name of a kind is the table that says so."""
    is_kind = isinstance(layer.value, str) and layer.value != NONE
    return layer._replace(value={"kind": layer.value}) if is_kind else layer


def _variant(kind: Any, tables: Sequence[Layer], *, path: tuple[str, ...], default: Any) -> Any:
    members = kinds(kind)
    chosen = getattr(default, "kind", None)
    first = 0
    for index, (origin, table) in enumerate(tables):
        name = table.get("kind", chosen)
        if name is not None and not (isinstance(name, str) and name in members):
            raise error_at(origin, path, _unknown(f"kind {_show(name)}", name, members))
        if name != chosen:
            first = index
        chosen = name
    if chosen is None:
        raise error_at(tables[-1].origin, path, f"no kind; there are: {', '.join(members)}")
    return _dataclass(members[chosen], tables[first:], path=path, default=default)


def _counted(stated: Sequence[Any]) -> str:
    if not stated:
        return "the list is empty"
    last = f" to {len(stated) - 1}" if len(stated) > 1 else ""
    return f"elements go by number, and there is 0{last}"


def _tuple(kind: Any, layers: Sequence[Layer], *, path: tuple[str, ...], default: Any) -> Any:
    defaults = list(default) if isinstance(default, tuple) else []
    stated: list[list[Layer]] = [[] for _ in defaults]
    for origin, value in layers:
        if isinstance(value, list):
            stated = [[Layer(origin, item)] for item in value]
            defaults = [MISSING] * len(stated)
            continue
        if not isinstance(value, dict):
            raise error_at(origin, path, f"must be a list, got {_show(value)}")
        for name, item in value.items():
            if name not in map(str, range(len(stated))):
                raise error_at(origin, path, f"no element {name!r}; {_counted(stated)}")
            stated[int(name)].append(Layer(origin, item))
    return tuple(
        decode(kind, of_one, path=(*path, str(index)), default=defaults[index])
        if of_one
        else defaults[index]
        for index, of_one in enumerate(stated)
    )


def _dict(kind: Any, tables: Sequence[Layer], *, path: tuple[str, ...], default: Any) -> Any:
    values = dict(default) if isinstance(default, dict) else {}
    for name in dict.fromkeys(name for _, table in tables for name in table):
        stated = [Layer(origin, table[name]) for origin, table in tables if name in table]
        inner = values.get(name, MISSING)
        values[name] = decode(kind, stated, path=(*path, name), default=inner)
    return values


def _literal(members: Sequence[Any], layer: Layer, *, path: tuple[str, ...]) -> Any:
    for member in members:
        if type(member) is type(layer.value) and member == layer.value:
            return member
    allowed = ", ".join(map(str, members))
    raise error_at(layer.origin, path, f"must be one of {allowed}, got {_show(layer.value)}")


def _scalar(kind: Any, layer: Layer, *, path: tuple[str, ...]) -> Any:
    if kind not in _SCALARS:
        raise TypeError(f"{'.'.join(path)}: a setting cannot be of type {kind!r}")
    value = layer.value
    if type(value) is int and not -(2**31) <= value < 2**31:
        raise error_at(layer.origin, path, f"must fit in 32 bits, got {_show(value)}")
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise error_at(layer.origin, path, f"must be {_SCALARS[kind]}, got {_show(value)}")
    if kind is float and not math.isfinite(value):
        raise error_at(layer.origin, path, f"must be finite, got {value}")
    if kind is float and value and not _SMALLEST <= abs(value) <= _LARGEST:
        raise error_at(
            layer.origin,
            path,
            f"must be 0 or of size {_SMALLEST:.2g} to {_LARGEST:.2g}, as float32 is, got {value}",
        )
    return value


def _tables(layers: Sequence[Layer], path: tuple[str, ...]) -> Sequence[Layer]:
    """Returns the newest run of tables: what is no table replaces those before it."""
    *_, newest = layers
    if not isinstance(newest.value, dict):
        raise error_at(newest.origin, path, f"must be a table, got {_show(newest.value)}")
    others = [index for index, layer in enumerate(layers) if not isinstance(layer.value, dict)]
    return layers[others[-1] + 1 :] if others else layers


def _fallback(field: dataclasses.Field, default: Any) -> Any:
    if default is not MISSING:
        return getattr(default, field.name)
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def _origin_of(message: str, tables: Sequence[Layer]) -> str:
    """Returns who stated the setting that `message` begins with, else the newest layer."""
    name = message.partition(" ")[0].partition(".")[0]
    stating = [origin for origin, table in tables if name in table]
    return (stating or [tables[-1].origin])[-1]


def _unknown(what: str, name: object, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(name)[:80], names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"no {what}.{hint} There are: {', '.join(names)}."


def _show(value: object) -> str:
    """Returns a value as an error quotes it: short, whatever it is."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if type(value) is int and value.bit_length() > 64:
        return f"an integer of {value.bit_length()} bits"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)  # without their bounds, which a part checks itself
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}
