"""The whole of it: find, read, split, write, and say what was done."""

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ranker.datasets import (
    aliccp,
    aliexpress,
    byterec,
    census,
    kuairand,
    movielens,
    simulated,
    sources,
    splits,
)
from ranker.datasets.archives import Files
from ranker.datasets.catalogue import (
    ALICCP,
    ALIEXPRESS,
    BYTEREC,
    CENSUS,
    KUAIRAND,
    MOVIELENS,
    SIMULATED,
    Dataset,
    dataset_of,
)
from ranker.datasets.editions import EDITIONS
from ranker.datasets.errors import DatasetError
from ranker.datasets.folder import replacing
from ranker.datasets.made import Made
from ranker.datasets.options import Options, Simulation
from ranker.datasets.progress import Progress
from ranker.datasets.writing import summary
from ranker.schema import read_schema

_WRITERS: dict[str, Callable[..., Made]] = {
    MOVIELENS: movielens.write,
    KUAIRAND: kuairand.write,
    CENSUS: census.write,
    ALIEXPRESS: aliexpress.write,
    ALICCP: aliccp.write,
    BYTEREC: byterec.write,
    SIMULATED: simulated.write,
}
_TOLERANCE = 0.01  # of the published rows: fewer or more are another edition, or a part
_NUM_STAGES = {
    **{MOVIELENS: 5, KUAIRAND: 5, CENSUS: 4, BYTEREC: 5},
    **{ALIEXPRESS: 3, ALICCP: 3, SIMULATED: 3},
}


def run(name: str, destination: Path, *, options: Options, progress: Progress) -> Mapping[str, Any]:
    """Does what `ranker.datasets.prepare` says."""
    dataset = dataset_of(name)
    options = _resolved(dataset, options)
    with replacing(destination) as folder:
        source = None
        if dataset.family != SIMULATED:
            source = sources.find(EDITIONS.get(name), options, progress=progress)
        return _fill(folder, dataset, source, options=options, progress=progress)


def _fill(
    folder: Path,
    dataset: Dataset,
    source: sources.Source | None,
    *,
    options: Options,
    progress: Progress,
) -> Mapping[str, Any]:
    """Writes all that belongs in `folder`, which is empty, and returns its manifest."""
    with progress.stages(_NUM_STAGES[dataset.family]):
        progress.stage("read" if source else "make")
        with source.files if source else contextlib.nullcontext() as files:
            made = _write(dataset, files, folder, options=options, progress=progress)
        progress.stage("summary")
        rows = {part: summary(folder / f"{part}.parquet", made.labels) for part in splits.NAMES}
        manifest: dict[str, Any] = {
            "dataset": dataset.name,
            "source": {**source.description, "files": source.files.read}
            if source
            else {"from": "made up by the program"},
            "files": {refusals.file: refusals.report() for refusals in made.refusals},
            "split": splits.describe(options),
            "labels": dict(made.labels),
            "rows": rows,
            "options": _plain(options),
        }
        manifest |= {"absent": list(made.absent)} if made.absent else {}
        manifest |= {"truth": made.truth} if made.truth else {}
        manifest |= _shortage(dataset, made.num_read)
        manifest["digests"] = _digests(folder)
        text = json.dumps(manifest, indent=2, ensure_ascii=False)
        (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return manifest


def _digests(folder: Path) -> dict[str, str]:
    """Returns the SHA-256 of each file in `folder`, by its path there, in order of the paths."""
    digests = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        digests[path.relative_to(folder).as_posix()] = digest
    return digests


def _shortage(dataset: Dataset, num_read: int) -> dict[str, dict[str, int]]:
    """Returns the rows read and those published, if they are not about as many."""
    published = dataset.num_rows
    if not published or abs(num_read - published) <= _TOLERANCE * published:
        return {}
    return {"not_whole": {"read": num_read, "published": published}}


def _write(
    dataset: Dataset, files: Files | None, folder: Path, *, options: Options, progress: Progress
) -> Made:
    """Writes the rows, and holds the schema that was written to what a schema must be."""
    made = _WRITERS[dataset.family](dataset.name, files, folder, options=options, progress=progress)
    read_schema(folder / "schema.toml")
    return made


def _resolved(dataset: Dataset, options: Options) -> Options:
    """Returns the options with the dataset's own split if none was asked for.

    Raises:
      DatasetError: for a split, sampled rows, a source or a size that it does not allow.
    """
    split = options.split or dataset.splits[0]
    if split not in dataset.splits:
        raise DatasetError(
            f"{dataset.name}: no split {split!r} of it; there are: {', '.join(dataset.splits)}"
        )
    if dataset.is_logged and options.negatives:
        raise DatasetError(
            f"{dataset.name}: its rows tell what was shown and not clicked: negatives must be 0, "
            f"got {options.negatives}"
        )
    is_made = dataset.family == SIMULATED
    if is_made and options.source is not None:
        raise DatasetError(
            f"{dataset.name}: it is made up, not read: source must not be given, "
            f"got {options.source}"
        )
    if options.simulation and not is_made:
        sizes = dataclasses.asdict(options.simulation).items()
        raise DatasetError(
            f"{dataset.name}: its size is its files'; only a dataset that is made up takes "
            f"{', '.join(f'{name} ({value})' for name, value in sizes)}"
        )
    simulation = (options.simulation or Simulation()) if is_made else None
    return dataclasses.replace(options, split=split, simulation=simulation)


def _plain(options: Options) -> dict[str, object]:
    """Returns the options that decide what the files hold, as JSON has them."""
    fields = {**dataclasses.asdict(options), "boundaries": list(options.boundaries)}
    del fields["source"], fields["cache"]
    fields |= fields.pop("simulation") or {}
    return fields
