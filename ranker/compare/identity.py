"""Which data a trial is of: digests of all that it reads, taken once a folder."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ranker.compare.grid import DIGITS, Trial
from ranker.files import digest
from ranker.input import digests
from ranker.input.digests import check_prepared
from ranker.spec.run import RunConfig
from ranker.wiring.run import read_used_schema


class Data:
    """The data of a comparison, as they were when it was first asked for them."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, dict[Path, tuple]]] = {}
        self.digests: dict[str, dict[str, str]] = {}  # by folder, of each file that is read

    def name(self, trials: Iterable[Trial]) -> list[Trial]:
        """Returns the trials with keys that hold their data's digest.

        Raises:
          OSError: for a file that cannot be read.
          ValueError: for data that are not prepared, have changed since, or lack what the
            settings name.
        """
        return [trial.of_data(self._of(trial.config)[0]) for trial in trials]

    def require_same(self, config: RunConfig) -> None:
        """Raises ValueError if a file has changed since it was read, by its size and times."""
        for path, seen in self._of(config)[1].items():
            if _look(path) != seen:
                raise ValueError(
                    f"{path}: changed while the comparison ran; runs made since then are not "
                    "kept, and the same command goes on with the data as they are"
                )

    def _of(self, config: RunConfig) -> tuple[str, dict[Path, tuple]]:
        data = config.data
        name = json.dumps([data.path, data.features, data.tasks])
        if name not in self._known:
            folder = Path(data.path)
            found = digests(folder, read_used_schema(config))
            check_prepared(folder, found)
            self.digests.setdefault(data.path, {}).update(found)
            self._known[name] = (
                _digest(found),
                {folder / file: _look(folder / file) for file in found},
            )
        return self._known[name]


def _digest(found: Mapping[str, str]) -> str:
    said = json.dumps(sorted(found.items()))
    return digest(said)[:DIGITS]


def _look(path: Path) -> tuple:
    """Returns what tells a file that was written again; () of one that is gone."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return ()
    return found.st_size, found.st_mtime_ns, found.st_ino
