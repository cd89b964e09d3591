"""The training split: in memory if it fits or must, else on disk; and the stream of either."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ranker.inject.order import Ages, OrderFault, Reordering
from ranker.input.memory import SHARE, free_bytes, row_bytes
from ranker.input.shard_stream import ShardStream
from ranker.input.shards import Shards
from ranker.input.split import Split
from ranker.input.stored import StoredSplit
from ranker.input.stream import Batches, Stream
from ranker.schema import read_schema
from ranker.spec.part import act
from ranker.spec.phases import largest_weights
from ranker.spec.run import RunConfig
from ranker.train.monitor import check_trainable
from ranker.wiring.run import Run, build_oversampling


def open_training(run: Run, *, on_progress: Callable[[int, int], None]) -> Split | StoredSplit:
    """Reads the training split, or counts its good rows where they are.

    Args:
      on_progress: while it counts, called with how many rows have been read, and of how many.

    Raises:
      OSError, ValueError: for what cannot be read, for labels from which nothing can be learnt,
        or for an order that needs a split in memory which does not fit there.
    """
    split = _open(run, on_progress=on_progress)
    check_trainable(
        run.schema,
        split.label_ranges(),
        largest_weights(run.config.objective.task_weights, run.config.phases),
        where=str(run.path("train")),
    )
    return split


def _open(run: Run, *, on_progress: Callable[[int, int], None]) -> Split | StoredSplit:
    path, data = run.path("train"), run.config.data
    if data.stream == "never":
        return run.training()
    num_rows = Shards(path, run.schema).count()
    if data.stream == "auto":
        needed, free = num_rows * row_bytes(run.schema), free_bytes()
        if needed <= SHARE * free:
            return run.training()
        if data.order == "shuffled":
            raise ValueError(
                f"{path}: {num_rows:,} rows take {needed / 1e9:.1f} GB in memory, of which "
                f"{free / 1e9:.1f} are free, and data.order {data.order!r} needs all of them "
                'there: take data.order = "blocks", or data.stream = "never" to try'
            )
    read = 0

    def count(num_read: int) -> None:
        nonlocal read
        read += num_read
        on_progress(read, num_rows)

    split = StoredSplit(
        path,
        run.schema,
        run.encoder,
        max_rejected_rows=run.max_rejected_rows,
        oversampling=build_oversampling(run.config, run.schema),
        on_progress=count,
    )
    run.rejected_rows["train"] = split.rejected_rows
    return split


def build_stream(
    config: RunConfig, split: Split | StoredSplit, *, part: slice = slice(None)
) -> Batches:
    """Returns the training batches in their order, or in that of injected faults.

    Args:
      part: of every batch that is wanted, by position.

    Raises:
      ValueError: for a row group larger than a buffer, or a fault that needs all rows in memory.
    """
    data = config.data
    stream: Any = ShardStream if isinstance(split, StoredSplit) else Stream
    return stream(
        split,
        batch_size=data.batch_size,
        seed=config.seed,
        order=data.order,
        window_examples=data.window_examples,
        buffer_examples=data.buffer_examples,
        reordering=_reordering(config, split),
        part=part,
    )


def _reordering(config: RunConfig, split: Split | StoredSplit) -> Reordering | None:
    """Returns what injects the faults of the order of `split`; None if there are none.

    Raises:
      ValueError: for a fault that looks at all rows, if they stay on disk.
    """
    faults = [act(injector) for injector in config.inject]
    if not any(isinstance(fault, OrderFault) for fault in faults):
        return None
    if isinstance(split, Split):
        item = read_schema(Path(config.data.path) / "schema.toml").item
        ages = Ages(split.times, split.rows.features[item])
    else:
        ages = Ages(np.zeros(0, np.int64), np.zeros(0, np.int64))
        for index, fault in enumerate(faults):
            if isinstance(fault, OrderFault) and fault.needs_all_rows:
                raise ValueError(
                    f"inject.{index}: {fault.kind} orders all rows, and they stay "
                    'on disk: set data.stream = "never"'
                )
    return Reordering(faults, batch_size=config.data.batch_size, ages=ages)
