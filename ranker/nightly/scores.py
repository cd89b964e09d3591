"""What exports say of a day's rows, beside the labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ranker.gate import Scored
from ranker.measure import evaluate
from ranker.schema import Schema, Task, read_schema
from ranker.serve.predict import predict


class Labelled(NamedTuple):
    """The rows of some splits of a prepared day.

    Attributes:
      tasks: of the day.
      labels: by task, NaN where a row has none. [N]
      weights: of the rows. [N]
      users: integers in [0, U). [N]
    """

    tasks: tuple[Task, ...]
    labels: dict[str, np.ndarray]
    weights: np.ndarray
    users: np.ndarray


def read_labels(folder: Path, splits: Sequence[str]) -> Labelled:
    """Returns the labels of the rows of some splits of a prepared folder, one after the other."""
    schema = read_schema(folder / "schema.toml")
    names = [task.name for task in schema.tasks]
    columns = {schema.user, *names, *([schema.weight] if schema.weight else [])}
    table = _table(folder, splits, sorted(columns))
    users = np.unique(_values(table, schema.user), return_inverse=True)[1]
    weights = np.ones(len(table))
    if schema.weight:
        weights = _values(table, schema.weight).astype(np.float64)
    labels = {name: _values(table, name).astype(np.float64) for name in names}
    return Labelled(schema.tasks, labels, weights, users)


def score(export: Path, folder: Path, splits: Sequence[str], scratch: Path) -> dict:
    """Returns what an export says of the rows of some splits, by task, float32 [N].

    Args:
      scratch: a folder for files that are not needed after.
    """
    parts = []
    for split in splits:
        output = scratch / f"{split}.parquet"
        predict(export, folder / f"{split}.parquet", output)
        parts.append(pq.read_table(output))
        output.unlink()
    ending = "_score"
    names = [n.removesuffix(ending) for n in parts[0].column_names if n.endswith(ending)]
    return {
        name: np.concatenate([part.column(f"{name}{ending}").to_numpy() for part in parts])
        for name in names
    }


def scored(rows: Labelled, candidate: dict, served: dict | None) -> list[Scored]:
    """Returns the labelled rows of each task with the scores of both models [N], for the gate.

    A task that the served model does not have is judged by itself.
    """
    found = []
    for task in rows.tasks:
        mine = np.flatnonzero(np.isfinite(rows.labels[task.name]) & (rows.weights > 0))
        before = (served or {}).get(task.name)
        users = np.unique(rows.users[mine], return_inverse=True)[1]
        found.append(
            Scored(
                task.name,
                task.kind,
                rows.labels[task.name][mine],
                rows.weights[mine],
                users,
                candidate[task.name][mine].astype(np.float64),
                None if before is None else before[mine].astype(np.float64),
            )
        )
    return found


def metrics(rows: Labelled, scores: dict, is_warm: np.ndarray) -> dict:
    """Returns the metrics of each task that has scores [N], as `ranker.measure.evaluate` has them.

    Args:
      is_warm: whether a row's user was known to the model. [N]
    """
    tasks = [task for task in rows.tasks if task.name in scores]
    present = {task.name: np.isfinite(rows.labels[task.name]) for task in tasks}
    return evaluate(
        tasks,
        labels={name: np.where(here, rows.labels[name], 0.0) for name, here in present.items()},
        scores=scores,
        weights={name: rows.weights * here for name, here in present.items()},
        users=rows.users,
        is_warm=is_warm,
    )


def known_users(folder: Path, splits: Sequence[str], before: Path) -> np.ndarray:
    """Returns whether the user of each row is in the vocabulary of an earlier folder. [N]"""
    schema: Schema = read_schema(folder / "schema.toml")
    users = _table(folder, splits, [schema.user]).column(0)
    text = (before / "vocabularies" / f"{schema.feature(schema.user).vocabulary}.txt").read_text(
        "utf-8"
    )
    known = set(text.removesuffix("\n").split("\n"))
    return np.array([str(user) in known for user in users.to_pylist()], bool)


def _table(folder: Path, splits: Sequence[str], columns: list[str]) -> pa.Table:
    tables = [pq.read_table(folder / f"{name}.parquet", columns=columns) for name in splits]
    return pa.concat_tables(tables, promote_options="permissive")


def _values(table: pa.Table, name: str) -> np.ndarray:
    return table.column(name).to_numpy()
