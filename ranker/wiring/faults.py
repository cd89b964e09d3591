"""Settings of injectors to what injects: `ranker.wiring` for faults."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from ranker import inject
from ranker.input import Encoder, Split, StoredSplit
from ranker.optim import Optimizer
from ranker.schema import Schema, read_schema
from ranker.spec.model import HashEncoding
from ranker.spec.part import act
from ranker.spec.run import RunConfig


def build_faults(
    config: RunConfig,
    schema: Schema,
    encoder: Encoder,
    optimizer: Optimizer,
    *,
    tables: Mapping[str, tf.Variable],
) -> inject.Faults:
    """Returns what injects the faults of `config` into a step.

    Args:
      config: its graph inputs may be variables.
      tables: the model's embedding tables.

    Raises:
      ValueError: for an injector of something that is not there, listing what is.
    """
    is_hashed = isinstance(config.model.encoding, HashEncoding)
    sizes = {} if is_hashed else schema.vocabularies
    subjects = inject.Subjects(
        schema=schema,
        unknown_rows={name: range(size, encoder.num_rows[name]) for name, size in sizes.items()},
        variables=dict(zip(optimizer.names, optimizer.trainable, strict=True)),
        tables=tables,
        slots=optimizer.slots,
    )
    return inject.Faults(config.inject, subjects, seed=config.seed)


def build_reordering(config: RunConfig, split: Split | StoredSplit) -> inject.Reordering | None:
    """Returns what injects the faults of the order of `split`; None if there are none.

    Raises:
      ValueError: for a fault that looks at all rows, if they stay on disk.
    """
    faults = [act(injector) for injector in config.inject]
    if not any(isinstance(fault, inject.OrderFault) for fault in faults):
        return None
    if isinstance(split, Split):
        item = read_schema(Path(config.data.path) / "schema.toml").item
        ages = inject.Ages(split.times, split.rows.features[item])
    else:
        ages = inject.Ages(np.zeros(0, np.int64), np.zeros(0, np.int64))
        for place, fault in enumerate(faults):
            if isinstance(fault, inject.OrderFault) and fault.needs_all_rows:
                raise ValueError(
                    f"inject.{place}: {fault.kind} orders all rows, and they stay "
                    'on disk: set data.stream = "never"'
                )
    return inject.Reordering(faults, batch_size=config.data.batch_size, ages=ages)
