"""The whole of it: find, read, split, write, and say what was done."""

import dataclasses
import json
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ranker import files
from ranker.datasets.contract import Dataset
from ranker.datasets.errors import DatasetError
from ranker.datasets.examples import Examples, Inputs
from ranker.datasets.options import Options, Simulation
from ranker.datasets.progress import Progress
from ranker.datasets.read import sources
from ranker.datasets.splits import NAMES, Split, describe
from ranker.datasets.write.earlier import Earlier, read_earlier
from ranker.datasets.write.folder import replacing
from ranker.datasets.write.parts import write_parts
from ranker.datasets.write.vocabularies import summary, write_schema_and_vocabularies
from ranker.schema import read_schema

_TOLERANCE = 0.01  # of the published rows: fewer or more are another edition, or a part
_NUM_STAGES = 5


def run(
    dataset: Dataset, destination: Path, *, options: Options, progress: Progress
) -> Mapping[str, Any]:
    """Does what `ranker.datasets.prepare` says."""
    dataset, options = dataset.adapted(options)
    options = _resolved(dataset, options)
    earlier = None  # read before it may be replaced
    if options.vocabulary_from is not None:
        earlier = read_earlier(options.vocabulary_from, dataset.name)
    with replacing(destination) as folder, ExitStack() as stack:
        source = None
        if not (dataset.is_synthetic or dataset.adapt):
            source = sources.find(dataset.archive, options, progress=progress)
            stack.enter_context(source.files)
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder)))
        inputs = Inputs(dataset.name, source.files if source else None, options, scratch)
        with progress.stages(_NUM_STAGES):
            examples, vocabularies = _write(
                dataset, inputs, folder, earlier=earlier, progress=progress
            )
            stack.close()
            progress.stage("summary")
            manifest = _manifest(dataset, inputs, examples, folder)
            if earlier:
                manifest["vocabulary_from"] = earlier.digests
            if earlier or options.minimum_count > 1:
                manifest["vocabularies"] = vocabularies
            manifest["source"] = {"from": "made up by the program"}
            if dataset.adapt:
                manifest["source"] = {
                    "from": "spec",
                    "path": str(options.spec),
                    "files": inputs.read,
                }
            if source:
                manifest["source"] = {**source.description, "files": source.files.read}
            text = json.dumps(manifest, indent=2, ensure_ascii=False)
            (folder / "manifest.json").write_text(text + "\n", encoding="utf-8")
    return manifest


def _write(
    dataset: Dataset,
    inputs: Inputs,
    folder: Path,
    *,
    earlier: Earlier | None,
    progress: Progress,
) -> tuple[Examples, dict[str, dict[str, int]]]:
    """Writes the examples, vocabularies and schema.

    Returns:
      What was said of the examples; and the counts of each vocabulary's values.
    """
    options = inputs.options
    progress.stage("make" if dataset.is_synthetic else "read")
    examples: Examples = dataset.loader()(inputs)
    progress.stage("split")
    split = Split(examples.user, examples.time, options)
    examples = dataclasses.replace(examples, user=None, time=None)  # memory, where rows are many
    progress.stage("write")
    write_parts(folder, examples, split, options=options, progress=progress)
    del split  # what is left to do reads the files
    examples = dataclasses.replace(examples, blocks=_none, item_ids=None)
    progress.stage("vocabularies")
    counts = write_schema_and_vocabularies(
        folder,
        dataset.name,
        features=examples.features,
        tasks=examples.tasks,
        roles=examples.roles,
        minimum_counts=examples.minimum_counts,
        minimum_count=options.minimum_count,
        earlier=earlier,
    )
    if examples.write is not None:
        examples.write(folder)
    read_schema(folder / "schema.toml")  # what was written is held to what a schema must be
    return examples, counts


def _none(split: Split) -> Any:
    raise AssertionError(f"{split}: the examples are written")


def _manifest(dataset: Dataset, inputs: Inputs, examples: Examples, folder: Path) -> dict[str, Any]:
    """Returns what the manifest says, all but where the files came from."""
    options, published = inputs.options, dataset.num_rows
    manifest: dict[str, Any] = {
        "dataset": dataset.name,
        "source": None,  # its place
        "files": {refusals.file: refusals.report() for refusals in inputs.refusals},
        "split": describe(options),
        "labels": dict(examples.labels),
        "rows": {part: summary(folder / f"{part}.parquet", examples.labels) for part in NAMES},
        "options": _plain(options),
    }
    if examples.absent:
        manifest["no_findings"] = list(examples.absent)
    if examples.truth is not None:
        manifest["truth"] = examples.truth()
    if published and abs(examples.num_read - published) > _TOLERANCE * published:
        manifest["not_whole"] = {"read": examples.num_read, "published": published}
    return manifest | {"digests": files.directory_digests(folder)}


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
    if dataset.is_synthetic and options.source is not None:
        raise DatasetError(
            f"{dataset.name}: it is made up, not read: source must not be given, "
            f"got {options.source}"
        )
    if options.simulation and not dataset.is_synthetic:
        sizes = dataclasses.asdict(options.simulation).items()
        raise DatasetError(
            f"{dataset.name}: its size is its files'; only a dataset that is made up takes "
            f"{', '.join(f'{name} ({value})' for name, value in sizes)}"
        )
    simulation = (options.simulation or Simulation()) if dataset.is_synthetic else None
    return dataclasses.replace(options, split=split, simulation=simulation)


def _plain(options: Options) -> dict[str, object]:
    """Returns the options that decide what the files hold, as JSON has them."""
    fields = {**dataclasses.asdict(options), "boundaries": list(options.boundaries)}
    del fields["source"], fields["cache"], fields["spec"], fields["vocabulary_from"]
    fields |= fields.pop("simulation") or {}
    return fields
