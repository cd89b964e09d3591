"""Whether the labels of a run's data are there, by what it reads of them alone."""

import dataclasses
from pathlib import Path

from ranker.input.encode import Encoder
from ranker.input.shards import split_path
from ranker.input.split import Split, read_split
from ranker.objective.losses import Objective
from ranker.schema import Schema
from ranker.spec.phases import largest_weights, weights_of
from ranker.spec.run import RunConfig
from ranker.train.monitor import check_measurable, check_trainable
from ranker.wiring.run import read_used_schema, select


def check_labels(config: RunConfig, *, primary: str) -> None:
    """Reads the labels of train and validation, as one look for all runs of a comparison.

    Args:
      primary: "loss" or "task.metric" on validation, which must be defined there.

    Raises:
      OSError, ValueError: for what cannot be read, and for what every run would refuse: no
        weights, labels from which nothing can be learnt, a primary metric that is not defined.
    """
    schema, usual = read_used_schema(config), config.objective.task_weights
    Objective(schema.tasks, weights=usual, by_phase=weights_of(usual, config.phases))
    weights = largest_weights(usual, config.phases)
    where = str(split_path(Path(config.data.path), "train"))
    check_trainable(schema, _read(config, schema, "train").label_ranges(), weights, where=where)
    where = str(split_path(Path(config.data.path), "validation"))
    rows = _read(config, schema, "validation")
    check_measurable(primary, schema, rows, where=where, setting="primary")


def _read(config: RunConfig, schema: Schema, name: str) -> Split:
    """Reads the rows with no features but the user and the item."""
    few = dataclasses.replace(config.data, features=(schema.user, schema.item))
    schema = select(schema, few)
    return read_split(
        split_path(Path(config.data.path), name),
        schema,
        Encoder(schema, {}, num_buckets=1),
        known_users=(),
        max_rejected_rows=0.0
        if config.data.rejected_rows == "fail"
        else config.data.max_rejected_rows,
    )
