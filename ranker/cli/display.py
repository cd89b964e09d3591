"""How far a program is: a bar on a terminal, and in a file a line with the time now and then."""

import sys
import time
from datetime import datetime
from types import TracebackType
from typing import Self

from tqdm import tqdm

SECONDS = 30.0  # between two lines


class Display:
    """Standard error's bar or lines, from when it is entered to when it is left."""

    def __init__(self, unit: str) -> None:
        """Takes what is counted."""
        self._unit = unit
        self._bar: tqdm | None = None
        self._said = 0.0

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            # The delay keeps it away until there is something to show.
            self._bar = tqdm(unit=f" {self._unit}s", dynamic_ncols=True, smoothing=0.05, delay=1e-3)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def at(self, done: int, total: int | None, name: str = "") -> None:
        """Shows how many are done, and of how many; `name` is of the last."""
        if self._bar is not None:
            self._bar.total = total
            self._bar.set_postfix_str(name, refresh=False)
            self._bar.update(done - self._bar.n)
            return
        now = time.monotonic()
        if not self._said or now - self._said >= SECONDS or done == total:
            self._said = now
            of = "" if total is None else f" of {total:,}"
            self.line(f"{done:,}{of} {self._unit}s" + (f", {name}" if name else ""))

    def line(self, text: str) -> None:
        """Writes a line; above the bar, or with the time."""
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)
            return
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        print(f"{now} {text}", file=sys.stderr, flush=True)
