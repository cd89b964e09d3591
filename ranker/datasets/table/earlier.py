"""An earlier prepared folder whose past goes on: in a preparation, or for raw rows."""

import dataclasses
import datetime
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ranker import files, json_text
from ranker.datasets.errors import DatasetError
from ranker.datasets.table.facts import FOLDER, STATE, Facts, read_facts
from ranker.datasets.write.folder import MARK
from ranker.spec.decode import ConfigError
from ranker.spec.load import difference
from ranker.spec.load import load as load_settings
from ranker.spec.table import TableSpec

SPEC = "spec.toml"
TRAIN = "train.parquet"
_SAME = ("user:", "item:", "time:", "time_unit:", "where:", "features.", "past.", "tasks.")
_NAMED = ("features", "past", "tasks")


@dataclasses.dataclass(frozen=True)
class Earlier:
    """An earlier prepared folder.

    Attributes:
      folder: as it was given.
      spec: of its table.
      facts: until when its past goes, and what was learnt of its training rows.
      train: SHA-256 of its training rows.
    """

    folder: Path
    spec: TableSpec
    facts: Facts
    train: str

    @property
    def origins(self) -> tuple[str, ...]:
        """SHA-256 of its training rows, and of those of the data that it went on from."""
        return (self.train, *self.facts.origins)

    def check_follows(self, first: int, of: str) -> None:
        """Raises DatasetError unless `first`, microseconds of a row of `of`, is after the past."""
        if self.spec.past and first <= self.facts.until:
            raise DatasetError(
                f"{of}: has a row of {moment(first)}, and the past in {self.folder} goes until "
                f"{moment(self.facts.until)}: a row may know only of what was before it, so take "
                "rows after that, or a past that ends before them"
            )

    def check_spec(self, spec: TableSpec, knows: str) -> None:
        """Raises DatasetError if what it knows is not what `spec` asks for."""
        if knows != self.facts.knows:
            raise DatasetError(
                f"{self.folder}: its past knows of rows of {self.facts.knows}, and this of "
                f"{knows}: set split.past alike"
            )
        found = list(_differing(self.spec, spec))
        if found:
            raise DatasetError(
                f"{self.folder}: its past is of another spec: {found[0]}; go on with the spec of "
                "before, or prepare all rows without past_from"
            )

    def check_model(self, data: Mapping[str, str], model: Path) -> None:
        """Raises DatasetError unless a model was trained on it, or on what it went on from.

        Args:
          data: SHA-256 of the files that the model was trained on, by their names.
        """
        if data.get(TRAIN) not in self.origins:
            raise DatasetError(
                f"{self.folder}: not the data that {model} was trained on, nor prepared with "
                f"past_from them: its {TRAIN} has SHA-256 {self.train:.12}, that of the model "
                f"{data.get(TRAIN, 'none'):.12}; give the folder that it was trained on"
            )


def read(folder: Path) -> Earlier:
    """Returns what goes on of `folder`.

    Raises:
      DatasetError: if it is no prepared table, or not as it was prepared.
    """
    try:
        manifest: Any = json_text.parse((folder / MARK).read_text("utf-8"))
        digests = manifest["digests"]
        needed = [n for n in digests if n == SPEC or n.startswith(f"{FOLDER}/")]
        changed = [n for n in needed if files.file_digest(folder / n) != digests[n]]
        if changed:
            raise DatasetError(
                f"{folder}: changed since it was prepared: {', '.join(changed)}; prepare it again"
            )
        return Earlier(
            folder,
            load_settings(folder / SPEC, [], TableSpec),
            read_facts(folder),
            digests[TRAIN],
        )
    except FileNotFoundError as error:
        raise DatasetError(
            f"{error.filename}: no such file: the past is in a folder that prepare "
            "--dataset=table wrote"
        ) from error
    except (OSError, ConfigError, TypeError, KeyError, AttributeError, ValueError) as error:
        if isinstance(error, DatasetError):
            raise
        said = " ".join(str(error).split())
        raise DatasetError(f"{folder}: no past to go on from: {said:.300}") from error


def borders(folder: Path, spec: TableSpec) -> dict[str, np.ndarray]:
    """Returns borders of buckets [Q], and medians [1], of a prepared folder's features in `spec`.

    Raises:
      DatasetError: if the folder does not tell them, or a feature is another one there.
    """
    if not (folder / FOLDER / STATE).exists():
        raise DatasetError(
            f"{folder}: it does not tell where the buckets of its numbers begin, or their medians: "
            "name the folder that was prepared, or go on with past_from"
        )
    before = read(folder)
    for name in before.facts.borders:
        if spec.features.get(name, before.spec.features[name]) != before.spec.features[name]:
            raise DatasetError(
                f"{folder}: features.{name} is told otherwise there, so that its buckets would be "
                "others; leave it as it was, or give the new one another name"
            )
    return {name: found for name, found in before.facts.borders.items() if name in spec.features}


def _differing(before: TableSpec, now: TableSpec) -> Iterator[str]:
    """Yields what differs of what decides the features of a row, and what is known of it."""
    for field in _NAMED:
        names = getattr(before, field).keys() ^ getattr(now, field).keys()
        yield from (f"{field}.{name} is in one of them alone" for name in sorted(names))
    yield from (line for line in difference(before, now) if line.startswith(_SAME))


def moment(micro: int) -> str:
    """Returns microseconds since 1970 as a date and time, UTC."""
    start = datetime.datetime(1970, 1, 1)
    return f"{(start + datetime.timedelta(microseconds=int(micro))).isoformat(' ')} UTC"
