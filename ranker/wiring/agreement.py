"""Whether a run can train on from another: what must be the same, in sentences of what is not."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ranker.schema import Feature, Schema, Task
from ranker.spec import load
from ranker.spec.model import ModelSettings
from ranker.spec.run import GROUPS, RunConfig
from ranker.wiring.model import by_role

_ROLES = ("user", "item")
_COLUMNS = ("kind", "dtype", "vocabulary", "is_multivalued", "log1p")
_STATISTICS = ("mean", "standard_deviation")
_FORMER_SCOPES = {"shallow": "wide"}  # of variables, by version 0.1.0


def differences(
    before: RunConfig, before_schema: Schema, config: RunConfig, schema: Schema
) -> Iterator[str]:
    """Yields what keeps a run from training on from one of `before`: "tasks: [...] -> [...]".

    Args:
      before, before_schema: of the run to begin from, with the columns alone that it uses.
    """
    shapes = _shape(before.model, before_schema), _shape(config.model, schema)
    for line in load.difference(*shapes):
        yield f"model.{line}"
    if config.train.start_slots == "keep":
        yield from _rules(before, config)
    for role in _ROLES:
        yield from _changed(role, getattr(before_schema, role), getattr(schema, role))
    yield from _columns("features", before_schema.features, schema.features)
    yield from _columns("tasks", before_schema.tasks, schema.tasks)


def shifts(before_schema: Schema, schema: Schema) -> Iterator[str]:
    """Yields each statistic that is part of the model and not as it was.

    Numeric features are standardised by theirs; scores are counted from those of the labels.
    """
    for kind in ("features", "tasks"):
        pairs = zip(getattr(before_schema, kind), getattr(schema, kind), strict=True)
        for old, new in pairs:
            for name in _STATISTICS:
                what = f"{name} of {new.name}"
                yield from _changed(what, getattr(old, name), getattr(new, name))


def by_present_names(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the variables of a run [...] by the names that this version gives them."""
    found = {}
    for name, array in arrays.items():
        of, *scopes = name.split("/")
        scopes[:1] = [_FORMER_SCOPES.get(scope, scope) for scope in scopes[:1]]
        found["/".join([of, *scopes])] = array
    return found


def _shape(model: ModelSettings, schema: Schema) -> ModelSettings:
    """Returns the settings of a model without those that no trained value depends on.

    Biases that go by roles are those of the features that have them.
    """
    free: dict[str, Any] = {"initial_scale": 0.0, "dropout": 0.0, "precision": "float32"}
    biases = by_role(model.wide.biases, schema)
    wide = dataclasses.replace(model.wide, initial_scale=0.0, biases=biases)
    return dataclasses.replace(model, wide=wide, **free)


def _rules(before: RunConfig, config: RunConfig) -> Iterator[str]:
    for group in GROUPS:
        old, new = (getattr(c.optimizer, group).rule for c in (before, config))
        for line in _changed(f"optimizer.{group}.rule", old.kind, new.kind):
            yield f'{line} (train.start_slots = "reset" leaves its slots behind)'


def _columns(
    kind: str, before: tuple[Feature | Task, ...], now: tuple[Feature | Task, ...]
) -> Iterator[str]:
    """Yields what differs of features or tasks, whose order is that of variables' columns."""
    names = [[column.name for column in columns] for columns in (before, now)]
    if names[0] != names[1]:
        yield from _changed(kind, *names)
        return
    for old, new in zip(before, now, strict=True):
        for name in _COLUMNS:
            if hasattr(new, name):
                yield from _changed(f"{name} of {new.name}", getattr(old, name), getattr(new, name))


def _changed(what: str, before: object, now: object) -> Iterator[str]:
    if before != now:
        yield f"{what}: {before!r} -> {now!r}"
