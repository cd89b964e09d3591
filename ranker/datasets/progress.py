"""What is going on: bars on a terminal, and in a file a line with the time at each stage."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TextIO

from tqdm import tqdm


class Progress:
    """Lines and bars on standard error; silent unless `is_shown`."""

    def __init__(self, *, is_shown: bool) -> None:
        self._is_shown = is_shown
        self._has_bars = is_shown and _stderr().isatty()
        self._bar: tqdm | None = None
        self._is_begun = False

    def say(self, text: str) -> None:
        """Writes one line, above any bar."""
        if self._is_shown:
            tqdm.write(text, file=_stderr())

    def bytes(self, total: int | None, *, done: int, name: str) -> tqdm:
        """Returns a bar over a download of `total` bytes, `done` of them here already."""
        return tqdm(
            total=total,
            initial=done,
            desc=name,
            unit="B",
            unit_scale=True,
            disable=not self._has_bars,
        )

    def rows(self, total: int | None) -> tqdm:
        """Returns a bar over so many rows, None if nobody counted, below that of the stages."""
        return tqdm(
            total=total, unit="row", unit_scale=True, leave=False, disable=not self._has_bars
        )

    @contextmanager
    def stages(self, num_stages: int) -> Iterator[None]:
        """Opens a bar over so many stages, each begun with `stage`."""
        with tqdm(total=num_stages, unit="stage", disable=not self._has_bars) as bar:
            self._bar = bar
            yield
            bar.update()
        self._bar = None

    def stage(self, name: str) -> None:
        """Begins a stage; the one before it is done."""
        if self._bar is not None:
            self._bar.update(int(self._is_begun))
            self._bar.set_description(name)
        if not self._has_bars:
            now = datetime.now().astimezone().isoformat(timespec="seconds")
            self.say(f"{now} prepare: {name}")
        self._is_begun = True


def _stderr() -> TextIO:
    return sys.stderr  # looked up when used: a test replaces it
