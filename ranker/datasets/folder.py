"""A folder that is replaced as a whole, or not at all."""

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ranker.datasets.errors import DatasetError

MARK = "manifest.json"  # a folder with this in it is one of ours
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def replacing(destination: Path) -> Iterator[Path]:
    """Yields an empty folder beside `destination` that takes its place at the end.

    If the block raises, the folder is deleted and `destination` is as it was. A
    killed process leaves `destination` old or new; what else it leaves beside it
    goes the next time.

    Raises:
      DatasetError: if `destination` holds anything but an earlier result: replacing
        would delete it; or if the disk is full.
    """
    destination = destination.absolute()
    if destination.exists() and not _is_ours(destination):
        raise DatasetError(f"{destination}: not replaced: it exists and has no {MARK} in it")
    destination.parent.mkdir(parents=True, exist_ok=True)
    _delete_abandoned(destination)
    written = destination.with_name(f".{destination.name}.{os.getpid()}.partial")
    written.mkdir()
    try:
        yield written
        _swap(written, destination)
    except OSError as error:  # Arrow's name no file
        if error.errno is None or error.filename is not None:
            raise
        raise DatasetError(f"{destination}: not written: {os.strerror(error.errno)}") from error
    finally:
        shutil.rmtree(written, ignore_errors=True)


def _is_ours(destination: Path) -> bool:
    if not destination.is_dir():
        return False
    return (destination / MARK).exists() or not any(destination.iterdir())


def _delete_abandoned(destination: Path) -> None:
    for path in destination.parent.glob(f".{destination.name}.*.partial"):
        process = path.name.split(".")[-2]
        if process.isdigit() and not _is_running(int(process)):
            shutil.rmtree(path, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process != os.getpid()


def _swap(written: Path, destination: Path) -> None:
    """Puts `written` in the place of `destination`, which goes to where `written` was."""
    if not destination.exists():
        os.rename(written, destination)
    elif not _exchange(written, destination):
        # No exchange on this system: between two renames there is a moment without either.
        aside = written.with_suffix(".old")
        os.rename(destination, aside)
        os.rename(written, destination)
        os.rename(aside, written)


def _exchange(first: Path, second: Path) -> bool:
    """Exchanges two folders in one step; False where the system cannot (it is Linux's)."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    paths = os.fsencode(first), os.fsencode(second)
    return rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0
