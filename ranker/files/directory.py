"""Directories that are replaced as a whole, or not at all."""

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ranker.files.atomic import flush, naming

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def atomic_directory(directory: Path, *, writing: Path | None = None) -> Iterator[Path]:
    """Yields an empty directory that takes the place of `directory` at the end, on the disk.

    If the block raises, what was written goes and `directory` is as it was. A killed process
    leaves the old or the new where `standing` says; what else it leaves, the next one deletes.

    Args:
      writing: where to write, on the same file system; `.NAME.writing` beside it by default.

    Raises:
      OSError: naming `directory`, if it cannot be written.
    """
    writing = writing or directory.with_name(f".{directory.name}.writing")
    with naming(directory, instead_of=writing), temporary_directory(writing):
        yield writing
        _flush_all(writing)
        _replace(writing, directory)


@contextmanager
def temporary_directory(path: Path) -> Iterator[Path]:
    """Makes `path` an empty directory, and deletes it at the end if it is still there."""
    shutil.rmtree(path, ignore_errors=True)  # of a killed process
    try:
        path.mkdir(parents=True)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)  # gives its room on a full disk back


def add_directory(written: Path, directory: Path) -> None:
    """Renames a written directory to `directory`, on the disk.

    Raises:
      OSError: if something is there already.
    """
    _flush_all(written)
    written.rename(directory)
    flush(directory.parent)


def delete_directory(directory: Path) -> None:
    """Deletes a directory, of which nobody sees a half."""
    hidden = directory.with_name(f".{directory.name}.removed")
    directory.rename(hidden)
    shutil.rmtree(hidden, ignore_errors=True)


def standing(directory: Path) -> Path:
    """Returns where `directory` is: after a kill inside its replacing, where what it was is.

    That is `.NAME.replaced`, and only where the system cannot exchange two directories.
    """
    replaced = _replaced(directory)
    return replaced if replaced.exists() and not directory.exists() else directory


def _replaced(directory: Path) -> Path:
    return directory.with_name(f".{directory.name}.replaced")


def _replace(written: Path, directory: Path) -> None:
    """Puts `written` in the place of `directory`; at every moment one of the two is there."""
    if not directory.exists():
        written.rename(directory)
    elif not _exchange(written, directory):
        shutil.rmtree(_replaced(directory), ignore_errors=True)
        directory.rename(_replaced(directory))
        written.rename(directory)
    flush(directory.parent)
    shutil.rmtree(_replaced(directory), ignore_errors=True)


def _exchange(first: Path, second: Path) -> bool:
    """Exchanges two directories in one step; False where the system cannot (it is Linux's)."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    paths = os.fsencode(first), os.fsencode(second)
    return rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0


def _flush_all(directory: Path) -> None:
    """Flushes what is in a directory, and then it, so that no rename is before its content."""
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            _flush_all(path)
        else:
            flush(path)
    flush(directory)
