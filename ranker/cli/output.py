"""Standard output and error that cannot end a program: what cannot be shown is let go.

A reader that went away, a full disk, a terminal that hung up, a letter that it cannot show,
a descriptor that was closed before the start: none is worth the work that is being reported.
"""

import contextlib
import io
import os
import select
import sys
from typing import TextIO

_DESCRIPTORS = (0, 1, 2)
_closed: set[int] = set()  # before the start


class _Lossy(io.FileIO):
    """A descriptor that takes all that is written, whether or not it can be.

    Attributes:
      problem: why something was let go, the first time; None so far.
    """

    problem: OSError | None = None

    def write(self, data, /) -> int:  # type: ignore[override]
        """Writes what can be, waits where that would block, and says that it was all."""
        left = memoryview(data).cast("B")
        size = len(left)
        while left:
            try:
                written = super().write(left)
                if written is None:  # somebody set the descriptor to not block
                    select.select([], [self], [])
                left = left[written or 0 :]
            except OSError as error:
                self.problem = self.problem or error
                break
        return size


def protect() -> None:
    """Puts such streams in the place of standard output and error, where they are descriptors.

    A closed descriptor becomes /dev/null first, or the next file that is opened would get its
    number, and with it what TensorFlow writes to standard error.
    """
    for number in _DESCRIPTORS:
        try:
            os.fstat(number)
        except OSError:
            _closed.add(number)
            _open_nothing(number)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = _protected(sys.stdout, 1)
    sys.stderr = _protected(sys.stderr, 2)


def lost() -> str:
    """Returns why not all of standard output was written, "" if it was or its reader went away."""
    if 1 in _closed:
        return "closed"
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    problem = getattr(getattr(getattr(sys.stdout, "buffer", None), "raw", None), "problem", None)
    return "" if problem is None or isinstance(problem, BrokenPipeError) else problem.strerror


def _open_nothing(number: int) -> None:
    opened = os.open(os.devnull, os.O_RDWR)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
    os.set_inheritable(number, True)


def _protected(stream: TextIO | None, number: int) -> TextIO:
    """Returns what to write to in place of `stream`: itself, if it is no descriptor's."""
    if stream is not None and not _is_of(stream, number):
        return stream
    raw = _Lossy(number, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding if stream else "utf-8",
        errors="backslashreplace",
        line_buffering=number == 2 or raw.isatty(),
        write_through=bool(getattr(stream, "write_through", False)),
    )


def _is_of(stream: TextIO, number: int) -> bool:
    try:
        return stream.fileno() == number
    except (OSError, ValueError):
        return False
