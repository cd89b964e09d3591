"""From a spec and the types of its first rows: what is read, computed, kept and written."""

import dataclasses
from collections.abc import Iterator, Mapping

import pyarrow as pa

from ranker.datasets.table.expressions import Expression
from ranker.datasets.table.features import maker_of
from ranker.datasets.table.maker import Maker, sources_of
from ranker.datasets.table.past import PastSpec
from ranker.datasets.table.reserved import LAST, VALUE, WHERE
from ranker.datasets.table.types import id_type
from ranker.spec.table import TableSpec
from ranker.spec.table_past import (
    Past,
    PastCount,
    PastLast,
    PastMean,
    PastRate,
    PastRecency,
    window_seconds,
)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is done with the rows of a spec.

    Attributes:
      spec: of the table.
      makers: of the features, in their order.
      past: of the features of the past.
      keys: columns whose values are keys of the past.
      key_types: by such a column, "int64" or "string", as which its values are numbered.
      conditions, values: expressions of the past, by the column that keeps them.
    """

    spec: TableSpec
    makers: tuple[Maker, ...]
    past: tuple[PastSpec, ...]
    keys: tuple[str, ...]
    key_types: Mapping[str, str]
    conditions: Mapping[str, Expression]
    values: Mapping[str, Expression]


def label_of(spec: TableSpec, task: str) -> str:
    """Returns the expression of a task's label."""
    return spec.tasks[task].label or _quoted(task)


def _quoted(column: str) -> str:
    return f"`{column}`"


def sources(spec: TableSpec) -> Iterator[tuple[str, str]]:
    """Yields each column of the source that a spec needs, with the setting that names it.

    Raises:
      DatasetError: for an expression that is none.
    """
    for setting in ("time", "request"):
        if column := getattr(spec, setting):
            yield column, setting
    yield from ((column, f"keep.{index}") for index, column in enumerate(spec.keep))
    for name, feature in spec.features.items():
        yield from ((column, f"features.{name}") for column in sources_of(name, feature))
    for name, past in spec.past.items():
        yield from ((column, f"past.{name}.by") for column in past.by)
    for setting, text in expressions(spec):
        yield from ((column, setting) for column in Expression(text).columns)


def expressions(spec: TableSpec) -> Iterator[tuple[str, str]]:
    """Yields (setting, text) of each expression of a spec that is not empty."""
    found = {"where": spec.where, "weight": spec.weight}
    for name, task in spec.tasks.items():
        found |= {f"tasks.{name}.label": label_of(spec, name), f"tasks.{name}.where": task.where}
    for name, past in spec.past.items():
        found[f"past.{name}.where"] = past.where
        if isinstance(past, PastMean | PastRate) and past.of not in spec.tasks:
            found[f"past.{name}.of"] = past.of
    yield from ((setting, text) for setting, text in found.items() if text)


def plan_of(
    spec: TableSpec, columns: Mapping[str, pa.Array], types: Mapping[str, str] | None = None
) -> Plan:
    """Returns what is done, by the types of `columns`, those of any rows. [N]

    Args:
      types: by feature, and by key of the past, "int64" or "string", where that was decided
        before; the columns are then not looked at.
    """
    types = types or {}
    makers = tuple(
        maker_of(name, part, columns, types.get(f"features.{name}", ""))
        for name, part in spec.features.items()
    )
    keys = tuple(dict.fromkeys(key for past in spec.past.values() for key in past.by))
    conditions = {f"{WHERE}{p.where}": Expression(p.where) for p in spec.past.values() if p.where}
    values = {
        f"{VALUE}{p.of}": Expression(p.of)
        for p in spec.past.values()
        if isinstance(p, PastMean | PastRate) and p.of not in spec.tasks
    }
    return Plan(
        spec=spec,
        makers=makers,
        past=tuple(_past_spec(spec, name, past) for name, past in spec.past.items()),
        keys=keys,
        key_types={key: types.get(f"keys.{key}") or id_type(columns[key]) for key in keys},
        conditions=conditions,
        values=values,
    )


def types_of(plan: Plan) -> dict[str, str]:
    """Returns the types that `plan_of` takes to make the same of rows of whatever types."""
    return {
        **{f"features.{maker.name}": maker.dtype for maker in plan.makers},
        **{f"keys.{key}": dtype for key, dtype in plan.key_types.items()},
    }


def _past_spec(spec: TableSpec, name: str, past: Past) -> PastSpec:
    value = ""
    if isinstance(past, PastMean | PastRate):
        value = past.of if past.of in spec.tasks else f"{VALUE}{past.of}"
    elif isinstance(past, PastLast):
        value = f"{LAST}{past.of}"
    kinds = {PastCount: "count", PastMean: "mean", PastRate: "mean", PastRecency: "recency"}
    return PastSpec(
        name=name,
        kind=kinds.get(type(past), "last"),
        group=past.by,
        where=f"{WHERE}{past.where}" if past.where else "",
        value=value,
        window=window_seconds(past),
        prior_weight=getattr(past, "prior_weight", 0.0),
        length=getattr(past, "length", 0),
    )
