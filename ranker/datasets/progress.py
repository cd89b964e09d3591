"""What is going on, for a person at a terminal."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from tqdm import tqdm


class Progress:
    """Lines and bars on standard error; silent unless `is_shown`."""

    def __init__(self, *, is_shown: bool) -> None:
        self._is_shown = is_shown
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
            disable=not self._is_shown,
        )

    def rows(self, total: int) -> tqdm:
        """Returns a bar over so many rows, below that of the stages."""
        return tqdm(
            total=total, unit="row", unit_scale=True, leave=False, disable=not self._is_shown
        )

    @contextmanager
    def stages(self, num_stages: int) -> Iterator[None]:
        """Opens a bar over so many stages, each begun with `stage`."""
        with tqdm(total=num_stages, unit="stage", disable=not self._is_shown) as bar:
            self._bar = bar
            yield
            bar.update()
        self._bar = None

    def stage(self, name: str) -> None:
        """Begins a stage; the one before it is done."""
        if self._bar is not None:
            self._bar.update(int(self._is_begun))
            self._bar.set_description(name)
        self._is_begun = True


def _stderr() -> TextIO:
    return sys.stderr  # looked up when used: a test replaces it
