"""The whole of it: find, read, split, write, and say what was done."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ranker.datasets import movielens, sources, splits
from ranker.datasets.editions import Edition, edition_of
from ranker.datasets.folder import replacing
from ranker.datasets.interactions import Interactions
from ranker.datasets.options import Options
from ranker.datasets.progress import Progress
from ranker.datasets.tables import (
    LABELS,
    Rows,
    summary,
    tasks_of,
    with_statistics,
    write_vocabularies,
)
from ranker.schema import Schema, write_schema

_STAGES = 7


def run(
    name: str, destination: Path, *, options: Options, shows_progress: bool
) -> Mapping[str, Any]:
    """Does what `ranker.datasets.prepare` says."""
    edition = edition_of(name)
    progress = Progress(is_shown=shows_progress)
    source = sources.find(edition, options, progress=progress)
    with progress.stages(_STAGES), replacing(destination) as folder:
        progress.stage("read")
        with source.files as files:
            data = movielens.read(edition, files, max_bad_rows=options.max_bad_rows)
        _write(edition, data, options=options, folder=folder, progress=progress)
        manifest: dict[str, Any] = {
            "dataset": name,
            "source": {**source.description, "files": source.files.read},
            "files": {refusals.file: refusals.report() for refusals in data.refusals},
            "split": splits.describe(options),
            "labels": {name: rule for name, rule in LABELS.items() if name != "watch"},
            "rows": {part: summary(folder / f"{part}.parquet") for part in splits.NAMES},
            "options": _plain(options),
        }
        if options.negatives:
            manifest["labels"]["watch"] = LABELS["watch"]
        text = json.dumps(manifest, indent=2, ensure_ascii=False)
        (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return manifest


def _write(
    edition: Edition, data: Interactions, *, options: Options, folder: Path, progress: Progress
) -> None:
    """Writes Parquet, vocabularies and schema into `folder`."""
    progress.stage("split")
    parts = splits.split_rows(data.user, data.time, options=options)
    progress.stage("look back")
    past = _only(data, parts == splits.NAMES.index("train")) if options.past == "train" else data
    rows = Rows(data, options, past=past)
    for number, part in enumerate(splits.NAMES):
        progress.stage(f"write {part}")
        rows.write(np.flatnonzero(parts == number), folder / f"{part}.parquet")
    progress.stage("vocabularies")
    train = folder / "train.parquet"
    sizes = write_vocabularies(rows.features, train, folder=folder / "vocabularies")
    schema = Schema(
        dataset=edition.name,
        features=tuple(with_statistics(feature, train) for feature in rows.features),
        tasks=tasks_of(data, train, has_watch=options.negatives > 0),
        vocabularies=sizes,
    )
    write_schema(schema, folder / "schema.toml")


def _only(data: Interactions, is_kept: np.ndarray) -> Interactions:
    """Returns the interactions that are kept; users, items and tags as they are."""
    names = ("user", "item", "rating", "time")
    return dataclasses.replace(data, **{name: getattr(data, name)[is_kept] for name in names})


def _plain(options: Options) -> dict[str, object]:
    """Returns the options that decide what the files hold, as JSON has them."""
    fields = {**dataclasses.asdict(options), "boundaries": list(options.boundaries)}
    return {name: value for name, value in fields.items() if name not in ("source", "cache")}
