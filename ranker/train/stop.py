"""Signals that ask a run to stop: noted, answered at once, and acted on where nothing is lost."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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

    def __init__(self, say: Callable[[str], object] | None = None) -> None:
        """Takes what is told, by a thread, that the first signal has come; None to be silent."""
        self._say = say

    def __enter__(self) -> "StopSignals":
        self._before = {s: signal.signal(s, self._note) for s in _to_note()}
        # Python calls `_note` only between its own steps, and a call of the step may last long:
        # the number is written into a pipe at once, and a thread reads it there.
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._writing, False)
        self._woken = signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._answer, args=(set(self._before),), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        signal.set_wakeup_fd(self._woken)
        os.close(self._writing)
        self._thread.join()
        os.close(self._reading)
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

    def _answer(self, numbers: set[int]) -> None:
        """Tells of the first of the signals, and reads on until nobody writes."""
        is_told = False
        while found := os.read(self._reading, 64):
            number = next((number for number in found if number in numbers), None)
            if number is not None and self._say is not None and not is_told:
                is_told = True
                name = signal.Signals(number).name
                with suppress(OSError):  # nobody reads
                    self._say(f"{name} received: stopping once what is being done is saved")

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.received is None:
            self.received = number
            if self._is_interruptible:
                raise Stopped(number)
