"""Signals that ask a run to stop: noted, and acted on where nothing is lost by it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asked the run to stop; as with KeyboardInterrupt, `except Exception` lets it by."""


def _to_note() -> list[signal.Signals]:
    """Returns those that ask a run to stop; not SIGHUP where it is ignored, as nohup has it."""
    is_ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return [number for number in _NUMBERS if number != signal.SIGHUP or not is_ignored]


class StopSignals:
    """Notes SIGTERM, SIGINT and SIGHUP while it is entered; a repeated one changes nothing.

    Attributes:
      received: the first signal's number, or None.
    """

    received: int | None = None
    _is_interruptible: bool = False

    def __enter__(self) -> "StopSignals":
        self._before = {s: signal.signal(s, self._note) for s in _to_note()}
        return self

    def __exit__(self, *raised: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Ends the block at the first signal, with Stopped; it may have come before.

        For work that can be done again: a signal elsewhere is only noted. One that
        follows is only noted too, so that nothing ends the tidying up.
        """
        self._is_interruptible = True
        try:
            if self.received:
                raise Stopped(self.received)
            yield
        finally:
            self._is_interruptible = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received is None:
            self.received = number
            if self._is_interruptible:
                raise Stopped(number)
