"""What a feature of a user's own past is worth as the only score: live, and frozen.

  python -m benchmarks.own_past
  python -m benchmarks.own_past --data=data/movielens-100k

First of coin flips, about which nothing can be known: the mean of the user's labels before
the row ranks them backwards within the user, since the row after a 1 has one 1 fewer among
its rivals than the row after a 0. Then, with --data, of each number of a user's past in a
prepared test split. See docs/measures.md.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
from absl import flags

from ranker import measure
from ranker.cli import program
from ranker.schema import read_schema

_TAILS = (2, 3, 10, 30, 100, 1000)  # rows of each user that are held out
_BEFORE = 90  # rows of each user before them
_ROWS = 200_000  # held out, of all users
_PRIOR_WEIGHT = 5  # as in the running means that `pipelines.prepare` makes


class Ranked(NamedTuple):
    """How well one score ranks: over all rows, and within each user."""

    auc: float
    gauc: float


def coin_flips(*, tail: int, users: int, seed: int = 0) -> tuple[Ranked, Ranked]:
    """Returns how the running mean of a user's labels ranks the last `tail` of them.

    Live, then frozen at the first of them; the labels are fair coin flips.
    """
    labels = np.random.default_rng(seed).integers(0, 2, (users, _BEFORE + tail))
    before = np.cumsum(labels, axis=1) - labels
    count = np.arange(_BEFORE + tail)
    means = ((before + 0.5 * _PRIOR_WEIGHT) / (count + _PRIOR_WEIGHT))[:, _BEFORE:]
    frozen = np.repeat(means[:, :1], tail, axis=1)
    user = np.repeat(np.arange(users), tail)
    held_out = labels[:, _BEFORE:].ravel()
    return _ranked(held_out, means.ravel(), user), _ranked(held_out, frozen.ravel(), user)


def numbers(folder: Path, task: str) -> Iterator[tuple[str, Ranked, Ranked]]:
    """Yields (name, live, frozen) of each number of a user's past in the test split.

    Raises:
      FileNotFoundError, ValueError: if the data are not prepared, or have no such task.
    """
    schema = read_schema(folder / "schema.toml")
    if task not in [each.name for each in schema.tasks if each.kind == "binary"]:
        raise ValueError(f"{folder}: no binary task {task!r}")
    table = pq.read_table(folder / "test.parquet")
    user, time = (table[name].to_numpy() for name in (schema.user, schema.time))
    by_time = np.argsort(time, kind="stable")
    _, first, number = np.unique(user[by_time], return_index=True, return_inverse=True)
    firsts = np.empty(len(user), np.int64)
    firsts[by_time] = by_time[first][number]
    for feature in schema.features:
        if feature.past_of and feature.kind == "numeric":
            live = table[feature.name].to_numpy()
            frozen = table[feature.frozen].to_numpy() if feature.frozen else live[firsts]
            labels = table[task].to_numpy()
            yield feature.name, _ranked(labels, live, user), _ranked(labels, frozen, user)


def _ranked(labels: np.ndarray, scores: np.ndarray, users: np.ndarray) -> Ranked:
    is_there = ~np.isnan(labels)
    labels, scores = (values[is_there].astype(np.float64) for values in (labels, scores))
    rows = labels, scores, np.ones(len(labels))
    all_rows, by_user = measure.auc(*rows), measure.auc_by_user(*rows, users[is_there])
    if all_rows is None or by_user is None:
        raise ValueError("no user has both classes")
    return Ranked(all_rows, by_user.value)


def _line(name: str, live: Ranked, frozen: Ranked) -> str:
    values = (live.auc, frozen.auc, live.gauc, frozen.gauc)
    return f"| {name} | {' | '.join(f'{value:.3f}' for value in values)} |"


def _heads(first: str) -> str:
    names = ("AUC, live", "AUC, frozen", "GAUC, live", "GAUC, frozen")
    return f"| {first} | {' | '.join(names)} |\n|---{'|---:' * len(names)}|"


def main(_: Sequence[str]) -> int:
    """Prints both tables; returns the exit code."""
    print(_heads("coin flips: rows a user"))
    for tail in _TAILS:
        print(_line(f"{tail:,}", *coin_flips(tail=tail, users=_ROWS // tail)))
    if not flags.FLAGS.data:
        return 0
    try:
        found = list(numbers(Path(flags.FLAGS.data), flags.FLAGS.task))
    except (ValueError, OSError) as error:
        return program.refuse(error)
    print(f"\n{_heads('feature alone')}")
    for name, live, frozen in found:
        print(_line(f"`{name}`", live, frozen))
    return 0


if __name__ == "__main__":
    flags.DEFINE_string("data", None, "What pipelines.prepare wrote; none for coin flips alone.")
    flags.DEFINE_string("task", "like", "The binary task that is ranked.")
    program.run(main)
