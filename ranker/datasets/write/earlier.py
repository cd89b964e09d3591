"""An earlier prepared folder that a new one goes on from: its rows of values, its statistics."""

import dataclasses
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from ranker import files, json_text
from ranker.datasets.errors import DatasetError
from ranker.schema import Feature, Schema, Task, read_schema

LAST_SEEN = "last_seen"  # a folder: of each vocabulary, the last date of each value
_COLUMN = ("kind", "dtype", "vocabulary", "is_multivalued", "log1p")
AnyColumn = TypeVar("AnyColumn", Feature, Task)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Earlier:
    """What is taken of an earlier folder.

    Attributes:
      folder: as it was given.
      schema: its columns, with their statistics.
      vocabularies: by name, the values in the order of their rows.
      last_seen: by name, the date on which each value was last seen; {} if nobody looked.
      digests: SHA-256 of each file that was read.
    """

    folder: Path
    schema: Schema
    vocabularies: dict[str, list[str]]
    last_seen: dict[str, list[str]]
    digests: dict[str, str]

    def values(self, feature: Feature, kind: pa.DataType) -> pa.Array:
        """Returns the values [N] of the vocabulary of a feature's own name, as `kind` has them."""
        known = self.vocabularies.get(feature.name, [])
        return pa.array(map(int, known) if pa.types.is_integer(kind) else known, kind)

    def with_statistics(self, column: AnyColumn) -> AnyColumn | None:
        """Returns a feature or task with the statistics that it had; None if there was none.

        Raises:
          DatasetError: if it was another kind of column.
        """
        known = {c.name: c for c in (*self.schema.features, *self.schema.tasks)}
        before = known.get(column.name)
        if before is None:
            return None
        for name in _COLUMN:
            old, new = (getattr(c, name, None) for c in (before, column))
            if old != new:
                raise DatasetError(
                    f"{self.folder}: nothing to go on from: {column.name} has {name} {old!r} "
                    f"there, and {new!r} in these data"
                )
        deviation = before.standard_deviation
        return dataclasses.replace(column, mean=before.mean, standard_deviation=deviation)


def read_earlier(folder: Path, dataset: str) -> Earlier:
    """Returns what is taken of `folder`: prepared data, or the directory of a run on such.

    Raises:
      DatasetError: if it is neither, cannot be read, or is of another dataset than `dataset`.
    """
    path = folder / "schema.toml"
    try:
        schema = read_schema(path)
        names = [f"vocabularies/{name}.txt" for name in schema.vocabularies]
        has_dates = (folder / LAST_SEEN).is_dir()
        names += [f"{LAST_SEEN}/{name}.txt" for name in schema.vocabularies if has_dates]
        digests = {name: files.file_digest(folder / name) for name in ("schema.toml", *names)}
        vocabularies = {name: _read(folder, f"vocabularies/{name}") for name in schema.vocabularies}
        last_seen = {
            name: _read(folder, f"{LAST_SEEN}/{name}") for name in schema.vocabularies if has_dates
        }
        changed = [n for n, d in _prepared(folder).items() if digests.get(n, d) != d]
    except FileNotFoundError as error:
        raise DatasetError(
            f"{error.filename}: no such file: vocabulary_from must be a folder that was prepared, "
            "or the directory of a run"
        ) from error
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{folder}: nothing to go on from: {' '.join(str(error).split())}"
        ) from error
    if schema.dataset != dataset:
        raise DatasetError(
            f"{folder}: nothing to go on from: it is of dataset {schema.dataset!r}, not {dataset!r}"
        )
    if changed:
        raise DatasetError(f"{folder}: changed since it was prepared: {', '.join(changed)}")
    earlier = Earlier(
        folder=folder,
        schema=schema,
        vocabularies=vocabularies,
        last_seen=last_seen,
        digests=digests,
    )
    _check_sizes(earlier)
    return earlier


def _check_sizes(earlier: Earlier) -> None:
    """Raises DatasetError for a vocabulary, or its dates, of another size than the schema says."""
    folder = earlier.folder
    for name, size in earlier.schema.vocabularies.items():
        values = earlier.vocabularies[name]
        if len(set(values)) != size or len(values) != size:
            raise DatasetError(
                f"{folder / 'vocabularies' / name}.txt: not as it was prepared: "
                f"{len(values)} values, and schema.toml says {size} that differ"
            )
        dates = earlier.last_seen.get(name, values)
        if len(dates) != size:
            raise DatasetError(
                f"{folder / LAST_SEEN / name}.txt: not as it was prepared: {len(dates)} dates of "
                f"{size} values"
            )


def _prepared(folder: Path) -> dict[str, str]:
    """Returns the digests of the files that the manifest has, {} without one."""
    path = folder / "manifest.json"
    if not path.exists():
        return {}
    try:
        return dict(json_text.parse(path.read_text("utf-8")).get("digests", {}))
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name}: damaged: prepare the folder again") from error


def _read(folder: Path, name: str) -> list[str]:
    text = (folder / f"{name}.txt").read_bytes().decode()
    return text.removesuffix("\n").split("\n") if text else []
