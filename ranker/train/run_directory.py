"""The run directory: whether a run began in it, and who holds it."""

import fcntl
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


def hold(workdir: Path) -> AbstractContextManager[files.Held]:
    """Makes `workdir` and holds it against a second job, as `files.hold` does.

    Raises:
      LockError: if another job holds it, it cannot be made or written, or its file system
        has no locks.
    """
    return files.hold(workdir / _LOCK)


@contextmanager
def hold_still(workdir: Path) -> Iterator[None]:
    """Keeps every job out of `workdir` while what is in it is read; makes and writes nothing.

    Raises:
      RunDirectoryError: if a job is running in it.
    """
    try:
        lock = (workdir / _LOCK).open("r")
    except OSError:  # nobody ever held it, or it cannot be read by who runs this
        yield
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunDirectoryError(
                f"{workdir}: another job is running in it: wait for its end, or stop it"
            ) from error
        except OSError:  # without locks no job runs there
            pass
        yield
