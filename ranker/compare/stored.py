"""Finished runs as files that say what they are of: damage is seen, other data are not used.

A file is KEY-DIGEST.parquet: the digest is of its bytes, so one name, given by one rename,
ties the two. Its Parquet metadata has the run's settings, its data and how it ended.
"""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ranker.compare.grid import DIGITS, Trial
from ranker.files import digest, write_bytes


class _Origin(NamedTuple):
    """What a stored run is of, and whether it is whole."""

    path: Path
    settings: str
    data: str
    status: str
    columns: frozenset[str]


class StoredRuns:
    """The runs in a folder, by key."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder, and looks at each file in it once.

        Raises:
          OSError: naming what cannot be made or read.
        """
        self._folder = folder
        self._whole: dict[str, _Origin] = {}
        self._damaged: dict[str, Path] = {}
        self._unnamed: set[str] = set()  # of before files named their data: settings alone
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*.parquet"), key=lambda path: path.stat().st_mtime_ns):
            self._look(path)

    def status(self, trial: Trial) -> str:
        """Returns how the run of a trial ended; "" if there is none, or it is damaged."""
        return self._whole[trial.key].status if trial.key in self._whole else ""

    def has(self, trial: Trial, columns: Iterable[str]) -> bool:
        """Whether the run of a trial is there with these columns."""
        return trial.key in self._whole and self._whole[trial.key].columns.issuperset(columns)

    def read(self, trial: Trial) -> dict[str, Any]:
        """Returns the columns of a trial's run.

        Raises:
          ValueError: if its file is not what it was when it was looked at.
        """
        path = self._whole[trial.key].path
        content = path.read_bytes()
        if not _is_whole(path, content):
            raise ValueError(f"{path}: damaged since this command began; the same command goes on")
        return pd.read_parquet(io.BytesIO(content)).iloc[0].to_dict()

    def add(self, trial: Trial, columns: Mapping[str, Any]) -> None:
        """Writes the run of a trial, whole or not at all, in the place of what was there.

        Raises:
          OSError: naming the file.
        """
        content = _to_bytes(trial, columns)
        path = self._folder / f"{trial.key}-{_digest(content)}.parquet"
        writing = self._folder / f".{trial.key}.writing"  # what a kill leaves is written over
        write_bytes(path, content, writing=writing)
        for other in self._folder.glob(f"{trial.key}-*.parquet"):
            if other != path:
                other.unlink()
        self._damaged.pop(trial.key, None)
        self._look(path)

    def damaged(self, trials: Iterable[Trial]) -> list[Path]:
        """Returns the files of these trials that are not what was written, and all there is."""
        lost = self._damaged.keys() - self._whole.keys()
        keys = dict.fromkeys(trial.key for trial in trials)
        return [self._damaged[key] for key in keys if key in lost]

    def of_other_data(self, trials: Iterable[Trial]) -> int:
        """Returns how many runs have the settings of these trials and not their data."""
        data = {trial.settings: trial.data for trial in trials}
        others = sum(data.get(o.settings, o.data) != o.data for o in self._whole.values())
        return others + len(self._unnamed & set(data))

    def _look(self, path: Path) -> None:
        key, dash, _ = path.stem.partition("-")
        content = path.read_bytes()
        if not dash:
            self._unnamed.add(key)
            return
        said = _read_metadata(content) if _is_whole(path, content) else None
        if said is None or said[0] != key:
            self._damaged[key] = path
            return
        self._whole[key] = _Origin(path, *said[1:])


def _to_bytes(trial: Trial, columns: Mapping[str, Any]) -> bytes:
    table = pa.Table.from_pandas(pd.DataFrame([dict(columns)]), preserve_index=False)
    said = {"run": trial.key, "settings": trial.settings, "data": trial.data}
    said["status"] = columns["status"]
    buffer = io.BytesIO()
    pq.write_table(table.replace_schema_metadata((table.schema.metadata or {}) | said), buffer)
    return buffer.getvalue()


def _read_metadata(content: bytes) -> tuple[str, str, str, str, frozenset[str]] | None:
    """Returns key, settings, data, status and columns; None of a file that is not ours."""
    schema = pq.read_schema(pa.BufferReader(content))
    said = {name.decode(): text.decode() for name, text in (schema.metadata or {}).items()}
    names = ("run", "settings", "data", "status")
    if not said.keys() >= set(names):
        return None
    key, settings, data, status = (said[name] for name in names)
    return key, settings, data, status, frozenset(schema.names)


def _is_whole(path: Path, content: bytes) -> bool:
    return path.stem.partition("-")[2] == _digest(content)


def _digest(content: bytes) -> str:
    return digest(content)[:DIGITS]
