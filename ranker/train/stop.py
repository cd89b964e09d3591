"""Signals that ask a run to stop: noted, and acted on between calls of the graph."""

import signal
from types import FrameType, TracebackType


class StopSignals:
    """Notes SIGTERM and SIGINT while it is entered; a repeated one changes nothing.

    Attributes:
      received: the first signal's number, or None.
    """

    received: int | None = None

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

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = self.received or number
