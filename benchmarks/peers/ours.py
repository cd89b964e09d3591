"""This project's trainer, as a job sets it up: prepared Parquet, settings, step, stream."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.peers import workload
from ranker import wiring
from ranker.datasets.write.parquet import Writer
from ranker.datasets.write.vocabularies import write_schema_and_vocabularies
from ranker.input import prefetch
from ranker.schema import Feature, Task
from ranker.spec import load
from ranker.spec.run import RunConfig
from ranker.train import run_attempts, share_cores

_SETTINGS = Path(__file__).with_name("ours.toml")


def turn(batch_size: int, *settings: str) -> Callable[[], None]:
    """Returns what trains on the examples of a turn, and has every number that a run logs.

    Args:
      settings: beside those of ours.toml, as `--set` takes them.
    """
    share_cores()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), workload.rows())
        run = wiring.build_run(config(folder, batch_size, settings))
        stream = wiring.build_stream(run.config, run.split("train"))
    num_batches = workload.NUM_EXAMPLES // batch_size
    per_call = run.config.train.attempts_per_call
    done = 0

    def train() -> None:
        nonlocal done
        starts = range(done, done + num_batches, per_call)
        done += num_batches
        calls = [(first, min(per_call, done - first)) for first in starts]
        with prefetch(stream, calls) as stacks:
            for stack in stacks:
                for reports in run_attempts(run.step, stack):
                    if not reports.accept.all():
                        raise RuntimeError("an attempt of a speed test was refused")

    return train


def config(folder: str, batch_size: int, settings: Sequence[str]) -> RunConfig:
    """Returns the settings of a run on the rows in `folder`."""
    own = [f"data.path={folder}", f"data.batch_size={batch_size}"]
    return load.load(_SETTINGS, [*own, *settings], RunConfig)


def write(folder: Path, rows: workload.Rows) -> None:
    """Writes `rows` as a prepared training split, with its vocabularies and its schema."""
    columns = {name: pa.array(values) for name, values in rows.single.items()}
    for name, values in rows.lists.items():
        offsets = np.concatenate([[0], np.cumsum((values > 0).sum(axis=1))])
        columns[name] = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values[values > 0])
    columns |= {name: pa.array(values) for name, values in rows.labels.items()}
    columns["timestamp"] = pa.array(np.arange(len(rows.single["user_id"])))
    with Writer(folder / "train.parquet") as writer:
        writer.write(pa.table(columns))
    tasks = [Task(name=name, kind="binary", minimum=0.0, maximum=1.0) for name in rows.labels]
    write_schema_and_vocabularies(
        folder, "workload", features=_features(), tasks=tasks, roles={}, minimum_counts={}
    )


def _features() -> list[Feature]:
    shared = {"history": "item_id"}
    return [
        Feature(
            name=name,
            kind="categorical",
            dtype="int64",
            vocabulary=shared.get(name, name),
            is_multivalued=name in workload.LISTS,
            max_length=workload.LISTS[name][1] if name in workload.LISTS else 1,
        )
        for name in (*workload.SINGLE, *workload.LISTS)
    ]
