"""The spec as TOML, with what was seen of each column beside it."""

import dataclasses
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ranker import toml
from ranker.spec.part import fields_of

_WIDTH = 100


class Document:
    """A TOML file while it is written, from its top."""

    def __init__(self) -> None:
        """Begins an empty one."""
        self._lines: list[str] = []

    def text(self) -> str:
        """Returns all of it."""
        return "\n".join(self._lines).strip() + "\n"

    def say(self, *sentences: str, mark: str = "") -> None:
        """Writes each sentence as a comment, wrapped; `mark` stands before its first line."""
        for sentence in sentences:
            plain = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in sentence)
            wrapped = textwrap.wrap(
                plain,
                _WIDTH,
                initial_indent=f"# {mark}",
                subsequent_indent=f"# {' ' * len(mark)}",
                break_on_hyphens=False,
            )
            self._lines += wrapped or ["#"]

    def sentence(self, text: str) -> None:
        """Writes a sentence of our own, with a capital and a full stop, as a comment."""
        self.say(f"{text[:1].upper()}{text[1:]}.")

    def blank(self) -> None:
        """Writes an empty line."""
        self._lines.append("")

    def value(self, name: str, value: Any, comment: str = "") -> None:
        """Writes a setting, and a comment behind it, or above where that would be too long."""
        line = toml.dumps({name: value}).strip()
        if comment and len(line) + len(comment) + 4 > _WIDTH:
            self.say(comment)
            comment = ""
        self._lines.append(f"{line}  # {_printable(comment)}" if comment else line)

    def table(
        self, path: Sequence[str], part: Any, *, always: Sequence[str] = (), is_out: bool = False
    ) -> None:
        """Writes a part as a table: its kind, and what differs from the defaults.

        Args:
          path: of the table.
          always: settings that are written all the same.
          is_out: whether to write it as a comment.
        """
        lines = [header(path), *settings(part, always)]
        self._lines += [f"# {line}" for line in lines] if is_out else lines


def header(path: Sequence[str]) -> str:
    """Returns the line that begins a table."""
    document: Mapping[str, Any] = {}
    for name in reversed(path):
        document = {name: document}
    return toml.dumps(document).strip().splitlines()[-1]


def settings(part: Any, always: Sequence[str] = ()) -> Iterable[str]:
    """Yields a line for the kind of a part, for each setting that is not its default, or `always`
    written.
    """
    if getattr(part, "kind", ""):
        yield f'kind = "{part.kind}"'
    for field in fields_of(type(part)):
        value = getattr(part, field.name)
        default = field.default
        if default is dataclasses.MISSING:
            default = {} if isinstance(value, dict) else default
        if value is None or (value == default and field.name not in always):
            continue
        value = list(value) if isinstance(value, tuple) else value
        if isinstance(value, dict):
            yield from (f"{field.name}.{line}" for line in toml.dumps(value).splitlines())
        else:
            yield toml.dumps({field.name: value}).strip()


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
