"""Files that are replaced as a whole, or not at all."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic_file(path: Path, *, writing: Path | None = None) -> Iterator[Path]:
    """Yields where to write the file that takes the place of `path` at the end, on the disk.

    If the block raises, what was written goes and `path` is as it was. A killed process leaves
    `path` old or new, and `writing`, which the next one writes over.

    Args:
      writing: that place, in the folder of `path`; `.NAME.writing` there by default.

    Raises:
      OSError: naming `path`, if it cannot be written.
    """
    writing = writing or path.with_name(f".{path.name}.writing")
    try:
        with naming(path, instead_of=writing):
            yield writing
            replace(path, by=writing)
    finally:
        with contextlib.suppress(OSError):  # gives its room on a full disk back
            writing.unlink(missing_ok=True)


def replace(path: Path, *, by: Path) -> None:
    """Has the file `by`, whole and on the same disk, take the place of `path`; `by` is then gone.

    Raises:
      OSError: naming `path`, which is then as it was; `by` stays.
    """
    with naming(path, instead_of=by):
        flush(by)
        by.rename(path)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Writes `document` as JSON, as `write_bytes` does; ValueError for what is not finite."""
    write_text(path, json.dumps(document, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes `text`, in UTF-8, as `write_bytes` does."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes, *, writing: Path | None = None) -> None:
    """Writes `content` beside `path` and renames it into place, as `atomic_file` does.

    Raises:
      OSError: naming `path`, which is then as it was.
    """
    with atomic_file(path, writing=writing) as temporary:
        temporary.write_bytes(content)


@contextmanager
def naming(path: Path, *, instead_of: Path | None = None) -> Iterator[None]:
    """Gives an OSError of the block the name of `path` if it has none, as a full disk's.

    Args:
      instead_of: what is written in the stead of `path`; an error that names it, or what is
        in it, gets the name of `path` too.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or not _is_nameless(error.filename, instead_of):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def flush(path: Path) -> None:
    """Has the system write a file, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_nameless(name: object, instead_of: Path | None) -> bool:
    if not isinstance(name, str | bytes):  # none, or a descriptor's number
        return True
    return instead_of is not None and Path(os.fsdecode(name)).is_relative_to(instead_of)
