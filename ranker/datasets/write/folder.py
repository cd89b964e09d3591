"""A folder that is replaced as a whole, or not at all."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ranker import files, json_text
from ranker.datasets.errors import DatasetError
from ranker.wording import listed

MARK = "manifest.json"
_MANIFEST = {"dataset": str, "split": str, "files": dict, "rows": dict, "options": dict}
_OURS = ("schema.toml", "train.parquet", "validation.parquet", "test.parquet")


@contextmanager
def atomic_folder(destination: Path) -> Iterator[Path]:
    """Yields an empty folder beside `destination` that takes its place at the end.

    If the block raises, the folder is deleted and `destination` is as it was. A
    killed process leaves `destination` old or new; what else it leaves beside it, in
    `.NAME.partial`, goes the next time.

    Raises:
      DatasetError: if `destination` holds anything but an earlier result: replacing
        would delete it; if another process is replacing it; or if it cannot be written.
    """
    destination = Path(os.path.realpath(destination))  # a link stays, and leads to the new
    check_replaceable(destination)
    work = destination.with_name(f".{destination.name}.partial")

    def refuse() -> None:
        raise DatasetError(
            f"{destination}: not written: another process is preparing it; let that one end, or "
            "write to another folder"
        )

    try:
        with files.hold(work / "lock", on_taken=refuse, is_needed=False, is_left=False) as held:
            if held.is_alone:
                _delete_abandoned(work)
            writing = work / secrets.token_hex(8)  # not the process's number: containers share it
            with files.atomic_directory(destination, writing=writing) as written:
                yield written
                check_replaceable(destination)  # again: it took a while
    except files.LockError as error:
        raise DatasetError(f"{destination}: not written: {error}") from error
    except OSError as error:
        if error.errno is None or error.filename != str(destination):
            raise
        raise DatasetError(f"{destination}: not written: {os.strerror(error.errno)}") from error
    finally:
        with contextlib.suppress(OSError):  # another's, or gone
            work.rmdir()


def check_replaceable(destination: Path) -> None:
    """Raises DatasetError, with what would be lost, if `destination` holds more than a result."""
    if not destination.exists():
        return
    if not destination.is_dir():
        raise DatasetError(f"{destination}: not replaced: it exists and is no folder")
    found = sorted(p.relative_to(destination).as_posix() for p in _files(destination))
    if not found:
        return
    way_out = "move that away, or write to another folder"
    manifest = _manifest(destination / MARK)
    if manifest is None:
        raise DatasetError(
            f"{destination}: not replaced: it exists and has no {MARK} that prepare wrote; "
            f"lost would be {listed(found)}; {way_out}"
        )
    ours = {MARK, *manifest.get("digests", _OURS)}
    is_old = "digests" not in manifest  # then any vocabulary may be ours
    foreign = [
        name
        for name in found
        if name not in ours and not (is_old and Path(name).match("vocabularies/*.txt"))
    ]
    if foreign:
        raise DatasetError(
            f"{destination}: not replaced: lost would be {listed(foreign)}, which prepare did not "
            f"write; {way_out}"
        )


def _files(folder: Path) -> Iterator[Path]:
    """Yields all that is not a folder, links to folders too; raises where it may not look."""

    def fail(error: OSError) -> None:
        raise error

    for parent, folders, names in os.walk(folder, onerror=fail):
        yield from (Path(parent, name) for name in names)
        yield from (link for name in folders if (link := Path(parent, name)).is_symlink())


def _manifest(path: Path) -> dict[str, Any] | None:
    """Returns the manifest that prepare wrote at `path`, or None if that is none of its."""
    try:
        found = json_text.parse(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("digests", {}), dict):
        return None
    is_ours = all(isinstance(found.get(name), kind) for name, kind in _MANIFEST.items())
    return found if is_ours else None


def _delete_abandoned(work: Path) -> None:
    for path in work.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
