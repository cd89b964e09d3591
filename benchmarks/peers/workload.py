"""The work that every trainer is given: rows in MovieLens-1M's shape, and one model's sizes.

Needs NumPy alone, since each trainer runs in a process, and an environment, of its own.
Ids count from 1: 0 is padding, as most trainers have it.
"""

from typing import NamedTuple

import numpy as np

SINGLE = {  # MovieLens-1M's counts: its README; an hour of the day from its timestamps
    "user_id": 6040,
    "item_id": 3706,
    "gender": 2,
    "age": 7,
    "occupation": 21,
    "zip": 3439,
    "hour": 24,
}
LISTS = {"genres": (18, 6), "history": (SINGLE["item_id"], 20)}  # values, most in a row
WIDTH = 32
NUM_EXPERTS = 4
EXPERT_UNITS = (256, 128)
TOWER_UNITS = (64,)
RATE = 0.05
INITIAL_ACCUMULATOR = 0.1
TASKS = ("like", "watch")  # both binary: not every trainer takes tasks of two kinds
NUM_FIELDS = len(SINGLE) + len(LISTS)
NUM_EXAMPLES = 81_920  # in a turn; a multiple of each batch size


class Rows(NamedTuple):
    """Columns of N rows.

    Attributes:
      single: by feature, int64 [N], from 1.
      lists: by feature, int64 [N, L], from 1 and padded at the end with 0.
      labels: by task, float32 [N].
    """

    single: dict[str, np.ndarray]
    lists: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]


def rows(num_rows: int = NUM_EXAMPLES, *, seed: int = 0) -> Rows:
    """Returns rows of ids as skewed as films' are, and labels that a model can learn in part."""
    random = np.random.default_rng(seed)
    single = {name: _draw(random, size, num_rows) for name, size in SINGLE.items()}
    lists = {}
    for name, (size, length) in LISTS.items():
        values = _draw(random, size, num_rows * length).reshape(num_rows, length)
        shortest = 1 if name == "genres" else length // 2
        num_values = random.integers(shortest, length + 1, num_rows)
        values[np.arange(length) >= num_values[:, np.newaxis]] = 0
        lists[name] = values
    labels = {}
    for task in TASKS:
        taste = [random.normal(size=SINGLE[n] + 1)[single[n]] for n in ("user_id", "item_id")]
        labels[task] = (sum(taste) + random.normal(size=num_rows) > 0).astype(np.float32)
    return Rows(single, lists, labels)


def _draw(random: np.random.Generator, size: int, count: int) -> np.ndarray:
    """Returns ids in [1, size] with chances as 1 / (rank + 10)."""
    weights = 1.0 / (np.arange(size) + 10.0)
    return 1 + random.choice(size, count, p=weights / weights.sum())
