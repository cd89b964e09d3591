"""Settings of injectors to what injects: `ranker.wiring` for faults."""

from collections.abc import Mapping

import tensorflow as tf

from ranker.inject.fault_targets import FaultTargets
from ranker.inject.faults import Faults
from ranker.input.encode import Encoder
from ranker.optim.optimizer import Optimizer
from ranker.schema import Schema
from ranker.spec.model import HashEncoding
from ranker.spec.run import RunConfig


def build_faults(
    config: RunConfig,
    schema: Schema,
    encoder: Encoder,
    optimizer: Optimizer,
    *,
    tables: Mapping[str, tf.Variable],
) -> Faults:
    """Returns what injects the faults of `config` into a step.

    Args:
      config: its graph inputs may be variables.
      tables: the model's embedding tables.

    Raises:
      ValueError: for an injector of something that is not there, listing what is.
    """
    is_hashed = isinstance(config.model.encoding, HashEncoding)
    sizes = {} if is_hashed else schema.vocabularies
    available = FaultTargets(
        schema=schema,
        unknown_rows={name: range(size, encoder.num_rows[name]) for name, size in sizes.items()},
        variables=dict(zip(optimizer.names, optimizer.trainable, strict=True)),
        tables=tables,
        slots=optimizer.slots,
    )
    return Faults(config.inject, available, seed=config.seed)
