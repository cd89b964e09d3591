"""The whole of it: find, read, split, write, and say what was done."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ranker.datasets import features, movielens, sources, splits
from ranker.datasets.editions import edition_of
from ranker.datasets.folder import replacing
from ranker.datasets.options import Options
from ranker.datasets.progress import Progress
from ranker.datasets.tables import Rows, schema_of
from ranker.schema import write_schema

_LABELS = {
    "like": f"1 if the rating is at least {features.LIKED_STARS:g} stars, else 0",
    "rating": "stars",
    "watch": "1 for a rated row, 0 for an item sampled for it, which has no other label",
}


def run(
    name: str, destination: Path, options: Options, *, shows_progress: bool
) -> Mapping[str, object]:
    """Does what `ranker.datasets.prepare` says."""
    edition = edition_of(name)
    progress = Progress(is_shown=shows_progress)
    source = sources.find(edition, source=options.source, cache=options.cache, progress=progress)
    with progress.stages(7):
        progress.stage("read")
        data = movielens.read(edition, source.files, max_bad_rows=options.max_bad_rows)
        source.files.close()
        progress.stage("split")
        parts = splits.split_rows(data.user, data.time, options)
        progress.stage("look back")
        rows = Rows(data, history=options.history, negatives=options.negatives, seed=options.seed)
        with replacing(destination) as folder:
            for number, part in enumerate(splits.NAMES):
                progress.stage(f"write {part}")
                rows.write(np.flatnonzero(parts == number), folder / f"{part}.parquet")
            progress.stage("vocabularies")
            has_watch = options.negatives > 0
            schema = schema_of(name, data, rows, folder=folder, has_watch=has_watch)
            write_schema(schema, folder / "schema.toml")
            manifest = {
                "dataset": name,
                "source": {**source.description, "files": source.files.read},
                "files": {r.file: r.report() for r in data.refusals},
                "split": splits.describe(options),
                "labels": {task.name: _LABELS[task.name] for task in schema.tasks},
                "rows": {part: _summary(folder / f"{part}.parquet") for part in splits.NAMES},
                "options": _plain(options),
            }
            text = json.dumps(manifest, indent=2, ensure_ascii=False)
            (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return manifest


def _summary(path: Path) -> dict[str, float]:
    """Returns the number of rows, and the means of the labels, of a split."""
    file = pq.ParquetFile(path)
    labels = [name for name in _LABELS if name in file.schema_arrow.names]
    table = file.read(columns=labels)
    means = {f"mean_{name}": round(pc.mean(table[name]).as_py(), 6) for name in labels}
    return {"rows": table.num_rows, **means}


def _plain(options: Options) -> dict[str, object]:
    """Returns the options that decide what the files hold."""
    fields = dataclasses.asdict(options)
    return {k: v for k, v in fields.items() if k not in ("source", "cache")}
