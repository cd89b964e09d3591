"""Signals that ask a run to stop: noted, and acted on where nothing is lost by it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType


class Stopped(BaseException):
    """A signal asked the run to stop; as with KeyboardInterrupt, `except Exception` lets it by."""


class StopSignals:
    """Notes SIGTERM and SIGINT while it is entered; a repeated one changes nothing.

    Attributes:
      received: the first signal's number, or None.
    """

    received: int | None = None
    _is_interruptible: bool = False

    def __enter__(self) -> "StopSignals":
        self._before = {s: signal.signal(s, self._note) for s in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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
