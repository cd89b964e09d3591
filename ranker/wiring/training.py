"""The training split: in memory if it fits or must, else on disk; and the stream of either."""

from collections.abc import Callable

from ranker.input import (
    SHARE,
    Batches,
    Shards,
    ShardStream,
    Split,
    StoredSplit,
    Stream,
    free_bytes,
    row_bytes,
)
from ranker.spec.run import RunConfig
from ranker.train import check_trainable
from ranker.wiring.faults import build_reordering
from ranker.wiring.run import Run


def open_training(run: Run, *, tell: Callable[[int, int], None]) -> Split | StoredSplit:
    """Reads the training split, or counts its good rows where they are.

    Args:
      tell: while it counts, called with how many rows have been read, and of how many.

    Raises:
      OSError, ValueError: for what cannot be read, for labels from which nothing can be learnt,
        or for an order that needs a split in memory which does not fit there.
    """
    split = _open(run, tell=tell)
    check_trainable(
        run.schema,
        split.label_ranges(),
        run.config.objective.task_weights,
        where=str(run.path("train")),
    )
    return split


def _open(run: Run, *, tell: Callable[[int, int], None]) -> Split | StoredSplit:
    path, data = run.path("train"), run.config.data
    if data.stream == "never":
        return run.split("train")
    num_rows = Shards(path, run.schema).count()
    if data.stream == "auto":
        needed, free = num_rows * row_bytes(run.schema), free_bytes()
        if needed <= SHARE * free:
            return run.split("train")
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
        tell(read, num_rows)

    split = StoredSplit(path, run.schema, run.encoder, max_bad_rows=run.max_bad_rows, tell=count)
    run.bad_rows["train"] = split.bad_rows
    return split


def build_stream(config: RunConfig, split: Split | StoredSplit) -> Batches:
    """Returns the training batches in their order, or in that of injected faults.

    Raises:
      ValueError: for a row group larger than a buffer, or a fault that needs all rows in memory.
    """
    data = config.data
    reordering = build_reordering(config, split)
    if isinstance(split, StoredSplit):
        return ShardStream(
            split,
            batch_size=data.batch_size,
            seed=config.seed,
            order=data.order,
            window_examples=data.window_examples,
            buffer_examples=data.buffer_examples,
            reordering=reordering,
        )
    return Stream(
        split,
        batch_size=data.batch_size,
        seed=config.seed,
        order=data.order,
        window_examples=data.window_examples,
        buffer_examples=data.buffer_examples,
        reordering=reordering,
    )
