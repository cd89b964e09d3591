"""Rows of a world in which the chance of every label is known, made in order of time.

They are made piece by piece: memory grows with users and items, not with rows, and the
size of the pieces changes nothing in what is written. How labels come about is in
`world.py`, what the best scores come to in `truth.py`.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from ranker.datasets.columns import binary, categorical, history, id_list, numeric
from ranker.datasets.examples import Block, Examples, Inputs
from ranker.datasets.options import Simulation
from ranker.datasets.splits import TEST, Split
from ranker.datasets.synthetic.movielens_like.truth import Truth
from ranker.datasets.synthetic.movielens_like.world import (
    HIGHEST,
    INTERCEPTS,
    LOWEST,
    RATING,
    TASKS,
    WIDTH,
    Drawn,
    World,
)
from ranker.schema import Feature, Task

_LABELS = {
    **dict.fromkeys(INTERCEPTS, "drawn by the chance in the column true_ and its name"),
    RATING: f"drawn about the mean in the column true_{RATING}",
}
PIECE_ROWS = 1 << 16
START = 1_577_836_800  # 2020-01-01, UTC
SPAN_SECONDS = 4 * 365 * 86_400
_DAY_SECONDS = 86_400
_HISTORIES = {"liked_items": ("like", 1.0)}
_NUM_GENRES = 2 * WIDTH  # an item leans to one end of each hidden dimension, or to none


class Times(Sequence[int]):
    """Unix seconds of the rows, ascending and evenly spread, none of them kept."""

    def __init__(self, num_rows: int) -> None:
        self._num_rows = num_rows

    def __len__(self) -> int:
        return self._num_rows

    def __getitem__(self, row):  # type: ignore[override]
        """Returns the second of a row, or of each of an array of rows; -1 is the last."""
        return START + row % self._num_rows * SPAN_SECONDS // self._num_rows

    def pieces(self, size: int) -> Iterator[np.ndarray]:
        """Yields the numbers of the rows, int64 [M], M >= `size` or the rest, no second divided."""
        begin = 0
        while begin < self._num_rows:
            end = min(begin + size, self._num_rows)
            second = self[end - 1] - START
            end = min(-(-(second + 1) * self._num_rows // SPAN_SECONDS), self._num_rows)
            yield np.arange(begin, end)
            begin = end


def load(inputs: Inputs) -> Examples:
    """Returns the rows of a world that `options.simulation` and `options.seed` decide."""
    options, wanted = inputs.options, inputs.options.simulation or Simulation()
    world = World(
        users=wanted.users,
        items=wanted.items,
        correlation=wanted.task_correlation,
        seed=options.seed,
    )
    truth, times = Truth(wanted.task_correlation), Times(wanted.rows)

    def blocks(split: Split) -> Iterator[Block]:
        columns = _Columns(world)
        for row in times.pieces(PIECE_ROWS):
            second = times[row]
            drawn = world.draw(row, (second - START) / SPAN_SECONDS)
            part = split.of(len(row), second)
            truth.add(drawn, part == TEST)
            yield Block(columns.table(drawn, second), drawn.user, drawn.item, part)

    return Examples(
        features=_features(options.history),
        tasks=_tasks(),
        labels=_LABELS,
        blocks=blocks,
        time=times,
        histories=_HISTORIES,
        num_users=wanted.users,
        item_ids=np.arange(wanted.items),
        truth=truth.report,
    )


def _features(history_length: int) -> tuple[Feature, ...]:
    """Returns what the columns are, in their order; statistics not yet."""
    return (
        *(categorical(name) for name in ("user_id", "item_id", "user_group")),
        id_list("genres", _NUM_GENRES, dtype="string"),
        *(history(name, history_length) for name in _HISTORIES),
        numeric("elapsed_days", 0.0, SPAN_SECONDS / _DAY_SECONDS),
    )


class _Columns:
    """Makes the columns of drawn rows."""

    def __init__(self, world: World) -> None:
        self._groups = ((world.taste()[:, :3] > 0) @ np.array([1, 2, 4])).astype(np.int64)
        self._genres = _genres(world.kind())

    def table(self, drawn: Drawn, second: np.ndarray) -> pa.Table:
        """Returns what is known of the rows [M], their labels and the chances of those."""
        columns: dict[str, pa.Array] = {
            "user_id": pa.array(drawn.user.astype(np.int64)),
            "item_id": pa.array(drawn.item.astype(np.int64)),
            "user_group": pa.array(self._groups[drawn.user]),
            "genres": self._genres.take(pa.array(drawn.item)),
            "elapsed_days": pa.array(((second - START) / _DAY_SECONDS).astype(np.float32)),
            "timestamp": pa.array(second),
        }
        columns |= {task: pa.array(drawn.label[task]) for task in TASKS}
        return pa.table(columns | {f"true_{task}": pa.array(drawn.chance[task]) for task in TASKS})


def _genres(kind: np.ndarray) -> pa.Array:
    """Returns for each item the ends it leans to, of its hidden dimensions; maybe none."""
    leans = np.concatenate([kind > 1.0, kind < -1.0], axis=1)
    offsets = np.concatenate([[0], np.cumsum(leans.sum(axis=1))]).astype(np.int32)
    names = pa.array([f"genre {number}" for number in range(_NUM_GENRES)])
    return pa.ListArray.from_arrays(pa.array(offsets), names.take(pa.array(np.nonzero(leans)[1])))


def _tasks() -> tuple[Task, ...]:
    rating = Task(name=RATING, kind="regression", minimum=LOWEST, maximum=HIGHEST)
    return (*(binary(task) for task in INTERCEPTS), rating)
