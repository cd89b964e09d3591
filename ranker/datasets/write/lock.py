"""A file that one process holds at a time; the kernel lets go of it at any exit."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextmanager
def held(path: Path, *, on_taken: Callable[[], None]) -> Iterator[bool]:
    """Holds the file `path`, made if missing, with its folder, and deleted at the end.

    Yields:
      Whether it is held: False where the file system has no locks.

    Args:
      on_taken: called if another process holds it; raises, or returns to wait for that one.
    """
    descriptor, is_held = _take(path, on_taken=on_taken)
    try:
        yield is_held
    finally:
        if is_held:  # deleted while it is held: who waits for it looks at the path again
            path.unlink(missing_ok=True)
        os.close(descriptor)


def _take(path: Path, *, on_taken: Callable[[], None]) -> tuple[int, bool]:
    """Returns a descriptor of the file that is at `path`, and whether it is held."""
    has_told = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except FileNotFoundError:  # who held it has just deleted the folder too
            continue
        try:
            if not _lock(descriptor, waits=has_told):
                on_taken()
                has_told = True
            elif _is_at(path, descriptor):
                return descriptor, True
        except OSError as error:
            if error.errno in _NO_LOCKS:
                path.unlink(missing_ok=True)
                return descriptor, False
            os.close(descriptor)
            raise
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, *, waits: bool) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the file is still the one at `path`: its holder deletes it at the end."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))
