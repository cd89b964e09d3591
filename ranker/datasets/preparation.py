"""The whole of it: find, read, split, write, and say what was done."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ranker.datasets import census, kuairand, movielens, sources, splits
from ranker.datasets.archives import Files
from ranker.datasets.catalogue import CENSUS, KUAIRAND, MOVIELENS, Dataset, dataset_of
from ranker.datasets.editions import EDITIONS
from ranker.datasets.errors import DatasetError
from ranker.datasets.folder import replacing
from ranker.datasets.made import Made
from ranker.datasets.options import Options
from ranker.datasets.progress import Progress
from ranker.datasets.writing import summary
from ranker.schema import read_schema

_WRITERS: dict[str, Callable[..., Made]] = {
    MOVIELENS: movielens.write,
    KUAIRAND: kuairand.write,
    CENSUS: census.write,
}
_NUM_STAGES = {MOVIELENS: 5, KUAIRAND: 5, CENSUS: 4}


def run(name: str, destination: Path, *, options: Options, progress: Progress) -> Mapping[str, Any]:
    """Does what `ranker.datasets.prepare` says."""
    dataset = dataset_of(name)
    options = _resolved(dataset, options)
    source = sources.find(EDITIONS.get(name), options, progress=progress)
    with progress.stages(_NUM_STAGES[dataset.family]), replacing(destination) as folder:
        progress.stage("read")
        with source.files as files:
            made = _write(dataset, files, folder, options=options, progress=progress)
        progress.stage("summary")
        rows = {part: summary(folder / f"{part}.parquet", made.labels) for part in splits.NAMES}
        manifest: dict[str, Any] = {
            "dataset": name,
            "source": {**source.description, "files": files.read},
            "files": {refusals.file: refusals.report() for refusals in made.refusals},
            "split": splits.describe(options),
            "labels": dict(made.labels),
            "rows": rows,
            "options": _plain(options),
        }
        if made.absent:
            manifest["absent"] = list(made.absent)
        text = json.dumps(manifest, indent=2, ensure_ascii=False)
        (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return manifest


def _write(
    dataset: Dataset, files: Files, folder: Path, *, options: Options, progress: Progress
) -> Made:
    """Writes the rows, and holds the schema that was written to what a schema must be."""
    made = _WRITERS[dataset.family](dataset.name, files, folder, options=options, progress=progress)
    read_schema(folder / "schema.toml")
    return made


def _resolved(dataset: Dataset, options: Options) -> Options:
    """Returns the options with the dataset's own split if none was asked for.

    Raises:
      DatasetError: for a split, or sampled rows, that the dataset does not allow.
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
    return dataclasses.replace(options, split=split)


def _plain(options: Options) -> dict[str, object]:
    """Returns the options that decide what the files hold, as JSON has them."""
    fields = {**dataclasses.asdict(options), "boundaries": list(options.boundaries)}
    return {name: value for name, value in fields.items() if name not in ("source", "cache")}
