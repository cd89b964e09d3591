"""TOML files and `--set` to settings, and settings back to TOML.

Overrides are laid over the file before anything is decoded, so no value gets past the
checks of the dataclasses. Which dataclasses they are is the caller's affair.
"""

import dataclasses
import difflib
import hashlib
import re
import stat
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ranker import toml
from ranker.spec.decode import NONE, ConfigError, Layer, decode, error_at
from ranker.spec.part import values_of
from ranker.spec.plugins import import_plugins

__all__ = ["ConfigError", "difference", "dump", "load", "plain", "sha256"]

T = TypeVar("T")

_MAX_BYTES = 1_000_000
_BARE_WORD = re.compile(r"""[^\s"'\[\]{},=#]+""")


def load(path: Path, overrides: Sequence[str], kind: type[T]) -> T:
    """Returns the settings in the TOML file at `path`, decoded as the dataclass `kind`.

    The file may say `extends = "base.toml"`, relative to itself; the base may not
    extend another.

    Args:
      overrides: "section.name=value" each, the value in TOML; a bare word that is no
        TOML is text, and "none" is None. "clip.0.relative=0.1" reaches into a list.

    Raises:
      ConfigError: on one line, naming the file or the `--set=...`, the setting and
        the value.
    """
    layers = [*_layers(path), *map(_override, overrides)]
    _import_plugins(layers)
    return decode(kind, layers)


def dump(config: Any) -> str:
    """Returns the dataclass `config` as TOML, defaults too: `load` gives it back equal."""
    return toml.dumps(plain(config))


def sha256(config: Any) -> str:
    """Returns a digest of every setting, 64 hexadecimal digits."""
    return hashlib.sha256(dump(config).encode()).hexdigest()


def difference(before: Any, after: Any) -> list[str]:
    """Returns a line for each setting that differs: "data.batch_size: 512 -> 256".

    Of two kinds of one thing only the kind is named.
    """
    return list(_differences(before, after, ()))


def _import_plugins(layers: Sequence[Layer]) -> None:
    """Imports what the newest layer that names plug-ins names: they register their parts."""
    stated = [layer for layer in layers if "plugins" in layer.value]
    for origin, table in stated[-1:]:
        try:
            import_plugins(decode(tuple[str, ...], [Layer(origin, table["plugins"])]))
        except ImportError as error:
            raise error_at(origin, ["plugins"], str(error)) from error


def _layers(path: Path) -> list[Layer]:
    document = _read(path)
    if "extends" not in document:
        return [Layer(str(path), document)]
    extended = document.pop("extends")
    if not isinstance(extended, str):
        raise error_at(str(path), ["extends"], f"must be a file's path, got {extended!r:.80}")
    base = path.parent / extended
    inherited = _read(base)
    if "extends" in inherited:
        raise error_at(
            str(path),
            ["extends"],
            f"{base} itself extends {inherited['extends']!r:.80}; one level is all",
        )
    return [Layer(str(base), inherited), Layer(str(path), document)]


def _read(path: Path) -> dict[str, Any]:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe might never end, or never begin
            raise error_at(str(path), [], "no file but a folder, a pipe or a device")
        if status.st_size > _MAX_BYTES:
            raise error_at(
                str(path), [], f"no settings: {status.st_size:,} bytes, of at most {_MAX_BYTES:,}"
            )
        return tomllib.loads(path.read_bytes().decode())
    except ConfigError:
        raise
    except OSError as error:
        raise error_at(str(path), [], f"{error.strerror or error}{_nearest(path)}") from error
    except ValueError as error:
        raise error_at(str(path), [], f"not TOML: {error}") from error
    except RecursionError as error:
        raise error_at(str(path), [], "not TOML that can be read: nested too deep") from error


def _nearest(path: Path) -> str:
    """Returns a hint at the file beside a missing one whose name is nearest; "" for none."""
    if path.exists():
        return ""
    there = {other.stem: other for other in path.parent.glob("*.toml")}
    near = difflib.get_close_matches(path.stem, there, n=1)
    return f". Did you mean {there[near[0]]}?" if near else ""


def _override(text: str) -> Layer:
    origin = f"--set={text.encode(errors='backslashreplace').decode()}"
    if not text.isascii() and origin != f"--set={text}":
        raise error_at(origin, [], "not UTF-8")
    name, equals, value = text.partition("=")
    path = [part.strip() for part in name.split(".")]
    if not equals or not all(path):
        raise error_at(origin, [], "must be section.name=value")
    tree: Any = _value(value.strip(), origin)
    for part in reversed(path):
        tree = {part: tree}
    return Layer(origin, tree)


def _value(text: str, origin: str) -> Any:
    try:
        document = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError) as error:
        if _BARE_WORD.fullmatch(text):
            return text
        raise error_at(origin, [], f"no TOML value: {text!r:.80}") from error
    if list(document) != ["value"]:
        raise error_at(origin, [], f"more than one value: {text!r:.80}")
    return document["value"]


def plain(value: Any) -> Any:
    """Returns settings as TOML holds them: tables, lists, and "none" for None."""
    if dataclasses.is_dataclass(value):
        kind = {"kind": value.kind} if getattr(value, "kind", "") else {}
        return kind | {name: plain(field) for name, field in values_of(value).items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return NONE if value is None else value


def _differences(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[str]:
    if before == after:
        return
    inner_before, inner_after = _parts(before), _parts(after)
    if type(before) is not type(after) or inner_before.keys() != inner_after.keys():
        yield f"{'.'.join(path)}: {_brief(before)} -> {_brief(after)}"
        return
    if not inner_before:
        yield f"{'.'.join(path)}: {before!r} -> {after!r}"
    for name, part in inner_before.items():
        yield from _differences(part, inner_after[name], (*path, name))


def _parts(value: Any) -> dict[str, Any]:
    if dataclasses.is_dataclass(value):
        return values_of(value)
    if isinstance(value, tuple):
        return {str(index): item for index, item in enumerate(value)}
    return value if isinstance(value, dict) else {}


def _brief(value: Any) -> str:
    if dataclasses.is_dataclass(value):
        return str(getattr(value, "kind", "") or type(value).__name__)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_brief, value)) + "]"
    return repr(value)
