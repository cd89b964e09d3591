"""The run directory: whether a run began in it, and who holds it."""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from ranker import files, json_text

_LOCK = ".lock"


class RunDirectoryError(ValueError):
    """The run directory cannot be used, or holds another run."""


def has_begun(workdir: Path) -> bool:
    """Returns whether a run in `workdir` left what is of its settings: a checkpoint, or why not.

    One that could not read its data left nothing, nor did one that was killed before its
    first checkpoint; one that diverged before that left its incidents and its result.
    """
    has_saved = any(path.name.isdigit() for path in (workdir / "checkpoints").glob("*"))
    has_saved |= files.standing(workdir / "checkpoints" / "best").exists()
    try:
        result = json_text.parse((workdir / "RESULT.json").read_text("utf-8"))
    except (OSError, ValueError):
        result = {}
    has_ended = isinstance(result, dict) and "attempts" in result
    return has_saved or has_ended or any((workdir / "incidents").glob("*"))


@contextmanager
def hold(workdir: Path) -> Iterator[files.Held]:
    """Makes `workdir` and holds it against a second job, as `files.hold` does.

    A directory that was new and in which nothing was written when an error ended the work goes.

    Raises:
      LockError: if another job holds it, it cannot be made or written, or its file system
        has no locks.
    """
    is_new = not workdir.exists()
    with files.hold(workdir / _LOCK) as held:
        try:
            yield held
        except Exception:
            if is_new:
                _remove_empty(workdir)
            raise


def _remove_empty(workdir: Path) -> None:
    """Removes a directory in which nothing was written."""
    if all(path.is_dir() or path.name == _LOCK for path in workdir.rglob("*")):
        shutil.rmtree(workdir, ignore_errors=True)


def hold_still(workdir: Path) -> AbstractContextManager[None]:
    """Keeps every job out of `workdir` while what is in it is read, as `files.hold_still` does.

    Raises:
      LockError: if a job is running in it.
    """
    return files.hold_still(workdir / _LOCK)
