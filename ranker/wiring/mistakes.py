"""Every name in a run's settings that its data's schema does not have, all at once."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ranker.input.shards import split_path
from ranker.input.split import read_vocabularies
from ranker.objective.losses import Objective
from ranker.schema import Schema
from ranker.spec.model import HashEncoding, Mmoe, ModelSettings, NoInteraction
from ranker.spec.phases import weights_of
from ranker.spec.run import RunConfig
from ranker.train.evaluation import check_monitor, check_requests
from ranker.wiring.beginning import find_source
from ranker.wiring.faults import build_faults
from ranker.wiring.identity import SPLITS, identify
from ranker.wiring.model import build_encoder, build_model
from ranker.wiring.optimizer import build_optimizer
from ranker.wiring.run import build_aggregation, build_oversampling, read_used_schema


def find_mistakes(config: RunConfig) -> list[str]:
    """Returns a sentence for each thing in `config` that does not fit the schema of its data.

    Raises:
      FileNotFoundError: if the data are not prepared.
      ValueError: for features or tasks that they lack, or a schema that is none: the rest
        cannot be judged then.
    """
    schema = read_used_schema(config)
    judged: list[Callable[[], Any]] = [
        lambda: check_monitor(config.train.monitor, schema.tasks, extra=config.metrics),
        lambda: check_requests(config.metrics, schema),
    ]
    for name, weight in config.objective.task_weights.items():
        judged.append(lambda one={name: weight or 1.0}: Objective(schema.tasks, weights=one))
    names = {task.name for task in schema.tasks}
    known = {n: weight for n, weight in config.objective.task_weights.items() if n in names}
    if known == config.objective.task_weights:
        judged.append(lambda: Objective(schema.tasks, weights=known))
    for index, weights in enumerate(weights_of(known, config.phases)):
        phases = [{}] * index + [weights]
        judged.append(lambda given=phases: Objective(schema.tasks, by_phase=given))
    for name, loss in config.objective.losses.items():
        judged.append(lambda one={name: loss}: Objective(schema.tasks, losses=one))
    judged.append(lambda: build_oversampling(config, schema))
    judged.append(lambda: build_aggregation(config, schema, config.seed))
    judged.append(lambda: _identify(config, schema))
    if config.train.start_from:
        judged.append(lambda: find_source(config, schema))
    for model in _models(config.model):
        judged.append(lambda one=model: _build(dataclasses.replace(config, model=one), schema))
    found = dict.fromkeys(said for judge in judged if (said := _said(judge)))
    # Names of variables are those of the whole model, which must be possible first.
    return list(found) or list(_faults(config, schema))


def _identify(config: RunConfig, schema: Schema) -> None:
    """Looks whether files are as they were prepared; those that are not there are not missed."""
    there = [name for name in SPLITS if split_path(Path(config.data.path), name).exists()]
    with contextlib.suppress(FileNotFoundError):
        identify(config, schema, splits=there)


def _said(judge: Callable[[], Any]) -> str:
    """Returns what is wrong, "" if nothing is."""
    try:
        judge()
    except FileNotFoundError as error:
        return f"{error.filename}: {error.strerror}"
    except ValueError as error:
        return str(error)
    return ""


def _models(wanted: ModelSettings) -> Iterator[ModelSettings]:
    """Yields small models, each with one of the names in `wanted`, the last with all."""
    small = dataclasses.replace(
        wanted,
        embedding_width=1,
        encoding=HashEncoding(num_buckets=1),
        interaction=NoInteraction(),
        sharing=Mmoe(num_experts=1, units=(1,)),
        tower_units=(1,),
        logit_residuals={},
        esmm_products={},
        wide=dataclasses.replace(wanted.wide, biases=(), histories=(), factors=0),
    )
    for field in ("logit_residuals", "esmm_products"):
        for task, other in getattr(wanted, field).items():
            yield dataclasses.replace(small, **{field: {task: other}})
    for field in ("biases", "histories"):
        for name in getattr(wanted.wide, field):
            one = {field: (name,), "factors": min(1, wanted.wide.factors)}
            wide = dataclasses.replace(small.wide, **one)
            yield dataclasses.replace(small, wide=wide)
    yield dataclasses.replace(
        small,
        logit_residuals=wanted.logit_residuals,
        esmm_products=wanted.esmm_products,
        wide=wanted.wide,
    )


def _build(config: RunConfig, schema: Schema) -> None:
    vocabularies: dict[str, list[str]] = {name: [] for name in schema.vocabularies}
    encoder = build_encoder(config.model.encoding, schema, vocabularies)
    build_model(config, schema, encoder.num_rows)


def _faults(config: RunConfig, schema: Schema) -> Iterator[str]:
    if not config.inject:
        return
    vocabularies = read_vocabularies(Path(config.data.path), schema)
    encoder = build_encoder(config.model.encoding, schema, vocabularies)
    ranker = build_model(config, schema, encoder.num_rows)
    optimizer = build_optimizer(config, ranker)
    for index, injector in enumerate(config.inject):
        alone = dataclasses.replace(config, inject=(injector,))
        said = _said(
            lambda one=alone: build_faults(one, schema, encoder, optimizer, tables=ranker.tables)
        )
        if said:
            yield said.replace("inject.0", f"inject.{index}", 1)
