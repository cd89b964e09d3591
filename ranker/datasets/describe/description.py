"""All that is found out about a table, in the order in which one thing needs the other."""

import dataclasses
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ranker.datasets.describe import hazards, names
from ranker.datasets.describe.column import Column, look_of
from ranker.datasets.describe.features import Suggestion, plain_names, suggest
from ranker.datasets.describe.labels import Label, candidates, find_labels
from ranker.datasets.describe.leaks import label_aucs, reasons
from ranker.datasets.describe.past import suggest_past
from ranker.datasets.describe.roles import Roles, find_roles
from ranker.datasets.describe.sample import Sample, as_given, draw
from ranker.datasets.describe.tasks import outcomes, with_conditions
from ranker.datasets.errors import DatasetError
from ranker.datasets.table.batches import missing_columns
from ranker.spec.table import SourceSpec, SplitSpec
from ranker.spec.table_past import Past
from ranker.wording import listed

_NAME = re.compile(r"[^A-Za-z0-9_-]+")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """What somebody says of a table, who knows better than its names.

    Attributes:
      user, item, time: columns; "" to guess.
      labels: columns; none to guess.
      sample_rows: to look at, about; >= 1,000.
    """

    user: str = ""
    item: str = ""
    time: str = ""
    labels: tuple[str, ...] = ()
    sample_rows: int = 200_000

    def __post_init__(self) -> None:
        if self.sample_rows < 1_000:
            raise DatasetError(f"--sample_rows must be >= 1000, got {self.sample_rows}")


@dataclasses.dataclass(frozen=True, eq=False)
class Description:
    """What was found out about a table.

    Attributes:
      name: of the dataset.
      sample: what was looked at.
      columns: of it, by name.
      roles: user, item, time and request.
      labels: of the tasks.
      others: labels that were not asked for.
      candidates: columns of two values, where there is no label.
      left_out: columns that are no features, and why.
      features: by column, what becomes of it.
      names: by column, the name of its feature.
      past: features of the past, by name.
      split: of the rows.
      split_why: what speaks for it.
      source: the files as a spec names them.
      warnings: sentences on what will hurt.
    """

    name: str
    sample: Sample
    columns: Mapping[str, Column]
    roles: Roles
    labels: Sequence[Label]
    others: Sequence[Label]
    candidates: Sequence[str]
    left_out: Mapping[str, str]
    features: Mapping[str, Suggestion]
    names: Mapping[str, str]
    past: Mapping[str, Past]
    split: SplitSpec
    split_why: str
    source: SourceSpec
    warnings: Sequence[str]

    @property
    def problem(self) -> str:
        """Why it cannot be trained on as it stands, in a sentence; "" if it can."""
        if not self.labels:
            few = f", such as {listed(self.candidates[:5])}" if self.candidates else ""
            return (
                "no column looks like a label, so the spec does not train as it stands: name one "
                f"by --label=COLUMN{few}, or write a condition where the spec says TO FILL IN"
            )
        if not self.features:
            return "no column is left that could be a feature, so the spec does not train"
        return ""


@np.errstate(over="ignore", invalid="ignore")  # numbers may be as large as there are
def describe(files: Sequence[str], asked: Asked, *, now: float | None = None) -> Description:
    """Returns what is found out about the table in `files`: paths, folders or patterns.

    Args:
      now: the present, in seconds since 1970; the clock's if None.

    Raises:
      DatasetError: in one sentence, for files that are no table, or what was asked that is not so.
    """
    sample = draw(files, asked.sample_rows)
    columns = _columns(sample)
    roles = find_roles(columns, _roles_asked(asked))
    labels, others = _labels(columns, roles, asked)
    every = [*labels, *others]
    used, task_names = _of(every) | roles.taken, {label.name for label in every}
    best_aucs = label_aucs(columns, every, used)
    left_out = {**sample.left_out, **_unasked(others), **reasons(columns, every, roles, best_aucs)}
    features = {
        name: suggest(column, roles)
        for name, column in columns.items()
        if name not in left_out and (name not in used or name in roles.taken - {roles.request})
    }
    unlabelled = [name for name in columns if name not in _of(labels)]
    named = plain_names(unlabelled, task_names, roles)
    plain = dict(zip(unlabelled, named, strict=True))
    past = suggest_past(roles, labels, _namer(plain, task_names), plain.get(roles.item, ""))
    cold = hazards.cold_users(sample, columns, roles)
    warnings = [
        *sample.remarks,
        *hazards.of_labels(labels, sample.num_rows),
        *hazards.of_constants(columns),
        *hazards.of_features(best_aucs, list(features)),
        *hazards.of_time(columns, roles, time.time() if now is None else now),
        *hazards.of_rows(columns, roles),
        *hazards.of_users(cold),
    ]
    split, split_why = _split(columns, roles, cold)
    return Description(
        _name(files), sample, columns, roles, labels, others, candidates(columns, roles.taken),
        left_out, features, plain, past, split, split_why,
        dataclasses.replace(sample.source, files=as_given(files)), warnings,
    )  # fmt: skip


def _labels(
    columns: Mapping[str, Column], roles: Roles, asked: Asked
) -> tuple[list[Label], list[Label]]:
    """Returns the labels of tasks, and those not asked for; what was asked for loses its role."""
    for name in asked.labels:
        if name not in columns:
            raise DatasetError(f"--label: {missing_columns([name], list(columns))}")
    taken = roles.taken - set(asked.labels)
    labels, others = find_labels(columns, asked.labels, taken)
    more = list(outcomes(columns, [*labels, *others], taken | _of(labels) | _of(others)))
    if asked.labels:
        others = [*others, *more]
    else:
        labels = [*labels, *more]
    _release(roles, labels)
    named = plain_names([label.name for label in [*labels, *others]], set(), roles)
    labels = [
        dataclasses.replace(label, name=name)
        for label, name in zip([*with_conditions(labels), *others], named, strict=True)
    ]
    num_asked = len(labels) - len(others)
    return labels[:num_asked], labels[num_asked:]


def _unasked(others: Sequence[Label]) -> dict[str, str]:
    why = "it is a label too, and was not asked for; as a feature it would be a leak"
    return dict.fromkeys(_of(others), why)


def _of(labels: Sequence[Label]) -> set[str]:
    return {name for label in labels for name in label.columns}


def _columns(sample: Sample) -> dict[str, Column]:
    found = {}
    for name in sample.table.column_names:
        values = sample.table[name].combine_chunks()
        look = look_of(values)
        found[name] = Column(
            name,
            values,
            look,
            sample.num_rows,
            sample.num_nulls.get(name),
            sample.bounds.get(name) if values.type != "string" else None,
            name in sample.nested,
        )
    return found


def _roles_asked(asked: Asked) -> dict[str, str]:
    roles = {names.USER: asked.user, names.ITEM: asked.item, "time": asked.time}
    return {role: name for role, name in roles.items() if name}


def _release(roles: Roles, labels: Sequence[Label]) -> None:
    """Takes a role from a column that is a label: that was asked for."""
    for role in (names.USER, names.ITEM, names.REQUEST, "time"):
        if any(getattr(roles, role) in label.columns for label in labels):
            setattr(roles, role, "")


def _namer(plain: Mapping[str, str], tasks: set[str]):
    used = {*plain.values(), *tasks}

    def named(name: str) -> str:
        made, number = name[:50], 2
        while made in used:
            made, number = f"{name[:50]}_{number}", number + 1
        used.add(made)
        return made

    return named


def _split(
    columns: Mapping[str, Column], roles: Roles, cold: float | None
) -> tuple[SplitSpec, str]:
    if roles.time and len(columns[roles.time].counts) >= 10:
        if hazards.are_cold(cold):
            why = f"{cold:.0%} of the users of the last tenth of the time are new then"
            return SplitSpec(by="user_time"), why
        return SplitSpec(by="time"), "the last tenth of the rows tests, the tenth before validates"
    why = "there is no time to split by" if not roles.time else "there are few moments to split by"
    if roles.user:
        why += '; "user" tests on users that training has not seen'
    return SplitSpec(by="random"), why


def _name(files: Sequence[str]) -> str:
    path = Path(files[0])
    stem = path.name if path.is_dir() or path.name.startswith("*") else path.name.partition(".")[0]
    is_part = set("*?[") & set(stem) or stem.startswith("part-") or not stem
    stem = path.resolve().parent.name if is_part else stem
    return _NAME.sub("-", stem).strip("-_")[:60] or "table"
