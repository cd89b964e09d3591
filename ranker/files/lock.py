"""A file that one process holds at a time; the kernel lets go of it at any exit."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


class LockError(ValueError):
    """A directory cannot be held, or is not held any more; the message is one sentence."""


class Held:
    """A lock that this process holds.

    Attributes:
      is_alone: whether it keeps others out: False where the file system has no locks.
    """

    def __init__(self, path: Path, descriptor: int, *, is_alone: bool) -> None:
        """Takes the lock's path, and the descriptor of what was there when it was taken."""
        self._path = path
        self._descriptor = descriptor
        self.is_alone = is_alone

    def check(self) -> None:
        """Raises LockError unless the file that is held is still the one at the path.

        The directory may have been deleted, and another process may have begun in a new one.
        """
        try:
            found = self._path.stat()
        except OSError as error:
            raise LockError(
                f"{self._path.parent}: deleted while this job ran in it, {error.strerror}: "
                "stopped, and nothing more is written there"
            ) from error
        if not os.path.samestat(found, os.fstat(self._descriptor)):
            raise LockError(
                f"{self._path.parent}: replaced while this job ran in it, and another job may "
                "hold it now: stopped, and nothing more is written there"
            )


@contextmanager
def hold(
    path: Path,
    *,
    on_taken: Callable[[], None] | None = None,
    is_needed: bool = True,
    is_left: bool = True,
) -> Iterator[Held]:
    """Holds the file `path`, made if missing, with its directory, against other processes.

    Args:
      on_taken: called once if another process holds it; raises, or returns to wait for that
        one. By default it is LockError.
      is_needed: whether a file system without locks is refused; else it is not held there.
      is_left: whether the file stays when it is let go of; else it is deleted.

    Raises:
      LockError: if another process holds it, it cannot be made, or cannot be locked.
    """
    try:
        descriptor, is_alone = _take(path, on_taken or (lambda: _refuse(path)), is_needed=is_needed)
    except OSError as error:
        what = error.filename or path.parent
        raise LockError(f"{what}: cannot be used: {error.strerror}") from error
    try:
        if not is_alone and not is_left:
            path.unlink(missing_ok=True)
        yield Held(path, descriptor, is_alone=is_alone)
    finally:
        # Deleted while it is held: who waits for it looks at the path again.
        if is_alone and not is_left and _is_at(path, descriptor):
            path.unlink(missing_ok=True)
        os.close(descriptor)


@contextmanager
def hold_still(path: Path) -> Iterator[None]:
    """Keeps others from holding the file `path` meanwhile; makes and writes nothing.

    Several may do so at once.

    Raises:
      LockError: if another process holds it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:  # nobody ever held it, or it cannot be read by who runs this
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        _refuse(path)
    except OSError:  # without locks nobody holds it
        pass
    try:
        yield
    finally:
        os.close(descriptor)


def _refuse(path: Path) -> None:
    raise LockError(f"{path.parent}: another job is running in it")


def _take(path: Path, on_taken: Callable[[], None], *, is_needed: bool) -> tuple[int, bool]:
    """Returns a descriptor of the file that is at `path`, and whether it is locked."""
    is_waiting = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # who held it has just deleted the directory too
            continue
        try:
            is_locked = _lock(path, descriptor, waits=is_waiting, is_needed=is_needed)
            if is_locked is None or (is_locked and _is_at(path, descriptor)):
                return descriptor, bool(is_locked)
            if not is_locked:
                on_taken()
                is_waiting = True
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(path: Path, descriptor: int, *, waits: bool, is_needed: bool) -> bool | None:
    """Returns whether the file is locked; None if its file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if not is_needed and error.errno in _NO_LOCKS:
            return None
        raise LockError(
            f"{path.parent}: its file system cannot lock files ({error.strerror}), so nothing "
            "would keep a second job out: take a directory on a local disk, or have it mounted "
            "with locks (Lustre: flock; NFS: without nolock)"
        ) from error
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the file is still the one at `path`: its holder may delete it at the end."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
