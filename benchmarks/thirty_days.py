"""Days of a log in which the chance of every label is known, and what may happen to a day.

Tastes, items and chances are those of `ranker.datasets.synthetic.movielens_like.world`: what an
item is worth drifts over the month. Every day has new users and new items, and the newest items
are shown most. On six nights something happens to what the night trains on; in service the
features are always right, and a model is measured on the day after, as it was drawn.
"""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ranker.datasets.synthetic.movielens_like.world import (
    HIGHEST,
    INTERCEPTS,
    LOWEST,
    RATING,
    World,
)
from ranker.files import write_text
from ranker.schema import Feature, Schema, Task, write_schema

BINARY = tuple(INTERCEPTS)
DAY_SECONDS = 86_400
START = 1_793_491_200  # of day 0: 2026-11-01, UTC
_SHARDS = 10  # of a day
_HALF_LIFE_DAYS = 7.0  # of how often an item is shown
_SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}
Columns = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Size:
    """How much there is.

    Attributes:
      nights: of the study; there is one more day, to measure the last model on.
      rows: of a day.
      users, items: of the first day.
      new_users, new_items: that each later day has more.
    """

    nights: int = 30
    rows: int = 40_000
    users: int = 1_500
    items: int = 400
    new_users: int = 40
    new_items: int = 15


@dataclasses.dataclass(frozen=True)
class Day:
    """A day as it was drawn.

    Attributes:
      columns: by name, [N], in order of time.
      chance: by binary task, of label 1. [N]
    """

    columns: Columns
    chance: dict[str, np.ndarray]


class Month:
    """The days of a seed."""

    def __init__(self, size: Size, seed: int) -> None:
        """Draws users and items; days are drawn when they are asked for."""
        self.size, self._seed = size, seed
        users, items = totals(size)
        self._world = World(users=users, items=items, correlation=0.6, seed=seed)
        random = np.random.default_rng([seed, 0])
        self._activity = random.exponential(1.0, users) + 0.1
        self._appeal = random.exponential(1.0, items) + 0.1
        later = 2 + (np.arange(items) - size.items) // max(size.new_items, 1)
        self._arrived = np.where(
            np.arange(items) < size.items, -random.integers(7, size=items), later
        )
        taste, kind = self._world.taste(), self._world.kind()
        bits = np.array([1, 2, 4])
        self._of_user = {"user_group": (taste[:, :3] > 0) @ bits, "activity": 10 * _exp(taste)}
        self._of_item = {"item_group": (kind[:, :3] > 0) @ bits, "length_seconds": 60 * _exp(kind)}

    def day(self, number: int) -> Day:
        """Returns the day of a number, from 1."""
        size, random = self.size, np.random.default_rng([self._seed, number])
        users = size.users + (number - 1) * size.new_users
        items = size.items + (number - 1) * size.new_items
        age = number - self._arrived[:items]
        shown = self._appeal[:items] * 2.0 ** (-age / _HALF_LIFE_DAYS)
        user = random.choice(users, size.rows, p=_shares(self._activity[:users])).astype(np.int32)
        item = random.choice(items, size.rows, p=_shares(shown)).astype(np.int32)
        second = np.sort(random.integers(0, DAY_SECONDS, size.rows))
        row = number * size.rows + np.arange(size.rows)
        time = (number - 1 + second / DAY_SECONDS) / (size.nights + 1)
        drawn = self._world.outcome(row, user, item, time)
        columns = {"user_id": user.astype(np.int64), "item_id": item.astype(np.int64)}
        columns |= {name: values[user] for name, values in self._of_user.items()}
        columns |= {name: values[item] for name, values in self._of_item.items()}
        columns |= {"timestamp": START + number * DAY_SECONDS + second} | drawn.label
        return Day(columns, {task: drawn.chance[task] for task in BINARY})


def _exp(hidden: np.ndarray) -> np.ndarray:
    return np.exp(0.5 * hidden[:, 3]).astype(np.float32)


def _shares(values: np.ndarray) -> np.ndarray:
    return values / values.sum()


def totals(size: Size) -> tuple[int, int]:
    """Returns how many users and items there are on the last day."""
    return size.users + size.nights * size.new_users, size.items + size.nights * size.new_items


def _flipped(columns: Columns, random: np.random.Generator) -> Columns:
    """One half of the day, drawn, has the labels of like the other way round."""
    labels, half = columns["like"].copy(), len(columns["like"]) // 2
    part = slice(0, half) if random.random() < 0.5 else slice(half, None)
    labels[part] = 1 - labels[part]
    return columns | {"like": labels}


def _other_unit(columns: Columns, random: np.random.Generator) -> Columns:
    """Lengths in milliseconds."""
    return columns | {"length_seconds": columns["length_seconds"] * np.float32(1_000)}


def _repeated(columns: Columns, random: np.random.Generator) -> Columns:
    """One shard of the day, drawn, ten times in the place of all ten."""
    size = len(columns["like"]) // _SHARDS
    first = random.integers(_SHARDS) * size
    rows = np.tile(np.arange(first, first + size), _SHARDS)
    return {name: values[rows] for name, values in columns.items()}


def _lost(columns: Columns, random: np.random.Generator) -> Columns:
    """No row has a label of finish."""
    return columns | {"finish": np.full_like(columns["finish"], np.nan)}


def _untouched(columns: Columns, random: np.random.Generator) -> Columns:
    return columns


FLIPPED, UNIT, RATE, NAN, REPEATED, LOST = FAULTS = (
    "labels flipped",
    "feature in other units",
    "ten times the rate",
    "a NaN",
    "repeated shard",
    "labels lost",
)
_EDITS: Mapping[str, Callable[[Columns, np.random.Generator], Columns]] = {
    FLIPPED: _flipped,
    UNIT: _other_unit,
    REPEATED: _repeated,
    LOST: _lost,
}


def faulty(columns: Columns, fault: str, seed: int) -> Columns:
    """Returns a day's columns [N] as the fault leaves them; as they are, if it is not of rows."""
    random = np.random.default_rng([seed, 1, FAULTS.index(fault)]) if fault else None
    return _EDITS.get(fault, _untouched)(columns, random or np.random.default_rng(seed))


def schedule(seed: int, nights: int) -> dict[int, str]:
    """Returns the fault of each night that has one: each once, in drawn order, apart.

    The first sixth of the nights has none, nor has the night after a fault. Of few nights some
    faults do not fit in.
    """
    random = np.random.default_rng([seed, 2])
    first = nights // 5 or 1
    gap = max(1, (nights - first) // len(FAULTS))
    placed = {}
    for place, fault in enumerate(random.permutation(FAULTS)):
        night = first + place * gap + int(random.integers(max(1, gap // 2)))
        if night <= nights:
            placed[night] = str(fault)
    return placed


def schema(size: Size) -> Schema:
    """Returns what the columns are, the same for every seed, with means as they are by design."""
    users, items = totals(size)
    counts = {"user_id": users, "item_id": items, "user_group": 8, "item_group": 8}
    categorical = (
        Feature(name=name, kind="categorical", dtype="int64", vocabulary=name) for name in counts
    )
    # exp(X / 2) of a standard normal X: mean exp(1/8) = 1.13, deviation 0.6.
    numbers = (
        Feature(
            name=name,
            kind="numeric",
            dtype="float32",
            mean=1.13 * unit,
            standard_deviation=0.6 * unit,
        )
        for name, unit in (("activity", 10), ("length_seconds", 60))
    )
    means = {"like": 0.5, "finish": 0.25, "share": 0.04}
    tasks = [
        Task(name=name, kind="binary", minimum=0, maximum=1, mean=means[name]) for name in BINARY
    ]
    tasks.append(
        Task(
            name=RATING,
            kind="regression",
            minimum=LOWEST,
            maximum=HIGHEST,
            mean=3.5,
            standard_deviation=1.13,
        )
    )
    return Schema(
        dataset="thirty-days",
        features=(*categorical, *numbers),
        tasks=tuple(tasks),
        vocabularies=counts,
    )


def write_world(folder: Path, size: Size) -> Schema:
    """Writes schema and vocabularies, of all users and items that will ever be; returns the schema.

    A row of one who has not come yet is as it was initialised, like the row that a vocabulary
    gains when they come.
    """
    found = schema(size)
    (folder / "vocabularies").mkdir(parents=True, exist_ok=True)
    for name, count in found.vocabularies.items():
        text = "".join(f"{value}\n" for value in range(count))
        write_text(folder / "vocabularies" / f"{name}.txt", text)
    write_schema(found, folder / "schema.toml")
    return found


def write_day(folder: Path, columns: Columns, found: Schema) -> None:
    """Writes a day's columns [N] as prepare does: 80 % to train on, then 10 and 10 %."""
    folder.mkdir(parents=True, exist_ok=True)
    write_schema(found, folder / "schema.toml")
    table = pa.table({name: pa.array(v, from_pandas=True) for name, v in columns.items()})
    begin = 0
    for split, share in _SHARES.items():
        rows = round(share * len(table)) if split != "test" else len(table) - begin
        pq.write_table(table.slice(begin, rows), folder / f"{split}.parquet")
        begin += rows


def expected_auc(scores: np.ndarray, chance: np.ndarray) -> float:
    """Returns the AUC that scores [N] have on average over all labels that could be drawn.

    With p the chances [N] of label 1, over pairs of different rows,
        sum p_i (1 - p_j) ([s_i > s_j] + [s_i = s_j] / 2) / sum p_i (1 - p_j),
    as `ranker.datasets.synthetic.movielens_like.truth` derives it; the chances themselves as
    scores have the most that is possible. Scores that are not all finite rank nothing: 0.5.
    """
    if not np.isfinite(scores).all():
        return 0.5
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(scores[order]) != 0))
    ones = np.add.reduceat(chance[order], starts)
    zeros = np.add.reduceat(1 - chance[order], starts)
    same = float((chance * (1 - chance)).sum())
    in_order = float((ones * (np.cumsum(zeros) - zeros / 2)).sum()) - same / 2
    return in_order / (float(chance.sum()) * float((1 - chance).sum()) - same)
