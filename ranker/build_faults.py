"""Settings of injectors to what injects: `ranker.build` for faults."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

from ranker import inject
from ranker.config import settings
from ranker.input import Encoder, Split
from ranker.optim import Optimizer
from ranker.schema import Schema, read_schema


def build_faults(
    config: settings.RunConfig,
    schema: Schema,
    encoder: Encoder,
    optimizer: Optimizer,
    *,
    tables: Mapping[str, tf.Variable],
) -> inject.Faults:
    """Returns what injects the faults of `config` into a step.

    Args:
      tables: the model's embedding tables.

    Raises:
      ValueError: for an injector of something that is not there, listing what is.
    """
    is_hashed = isinstance(config.model.encoding, settings.HashEncoding)
    sizes = {} if is_hashed else schema.vocabularies
    subjects = inject.Subjects(
        schema=schema,
        unknown_rows={name: range(size, encoder.num_rows[name]) for name, size in sizes.items()},
        variables=dict(zip(optimizer.names, optimizer.trainable, strict=True)),
        tables=tables,
        slots=optimizer.slots,
    )
    return inject.Faults(_injectors(config), subjects, seed=config.seed)


def build_reordering(config: settings.RunConfig, split: Split) -> inject.Reordering | None:
    """Returns what injects the faults of the order of `split`; None if there are none."""
    faults = [fault for fault in _injectors(config) if isinstance(fault, inject.OrderFault)]
    if not faults:
        return None
    item = read_schema(Path(config.data.path) / "schema.toml").item
    ages = inject.Ages(split.times, split.rows.features[item])
    return inject.Reordering(faults, batch_size=config.data.batch_size, ages=ages)


def _injectors(config: settings.RunConfig) -> list[inject.Injector]:
    kinds = {injector.kind: injector for injector in inject.INJECTORS}
    return [kinds[wanted.kind](**_plain(wanted)) for wanted in config.inject]


def _plain(wanted: settings.InjectorSettings) -> dict:
    """Returns the settings of an injector without its tag."""
    fields = dataclasses.fields(wanted)
    return {f.name: getattr(wanted, f.name) for f in fields if f.name != "kind"}
