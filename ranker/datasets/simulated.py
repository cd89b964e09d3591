"""A dataset that is made up, of any size, whose best possible AUC and RMSE are known.

The rows are made in order of time and piece by piece: memory grows with users and items,
not with rows, and the size of the pieces changes nothing in what is written. How labels
come about is in `ranker.datasets.simulated_world`, what the best scores come to in
`ranker.datasets.simulated_truth`.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from ranker.datasets import splits
from ranker.datasets.forward import Tails, Window
from ranker.datasets.histories import histories_of
from ranker.datasets.made import Made
from ranker.datasets.options import Options, Simulation
from ranker.datasets.progress import Progress
from ranker.datasets.simulated_truth import Truth
from ranker.datasets.simulated_world import (
    HIGHEST,
    INTERCEPTS,
    LOWEST,
    RATING,
    TASKS,
    WIDTH,
    Drawn,
    World,
)
from ranker.datasets.writing import Writer, conclude
from ranker.schema import Feature, Task

LABELS = {
    **dict.fromkeys(INTERCEPTS, "drawn by the chance in the column true_ and its name"),
    RATING: f"drawn about the mean in the column true_{RATING}",
}
PIECE_ROWS = 1 << 16
START = 1_577_836_800  # 2020-01-01, UTC
SPAN_SECONDS = 4 * 365 * 86_400
_DAY_SECONDS = 86_400
_HISTORY = "liked_items"
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
        """Yields the numbers of the rows, at least `size` at a time, no second divided."""
        begin = 0
        while begin < self._num_rows:
            end = min(begin + size, self._num_rows)
            second = self[end - 1] - START
            end = min(-(-(second + 1) * self._num_rows // SPAN_SECONDS), self._num_rows)
            yield np.arange(begin, end)
            begin = end


def write(name: str, files: None, folder: Path, *, options: Options, progress: Progress) -> Made:
    """Writes the rows of a world that `options.simulation` and `options.seed` decide.

    Raises:
      DatasetError: if the split leaves a part without rows.
    """
    del files
    wanted = options.simulation or Simulation()
    world = World(
        users=wanted.users,
        items=wanted.items,
        correlation=wanted.task_correlation,
        seed=options.seed,
    )
    rows = _Rows(world, history=options.history, knows_all=options.past == "all")
    truth = Truth(wanted.task_correlation)
    times = Times(wanted.rows)
    moments = splits.moments(times, options)
    sizes = np.zeros(3, np.int64)
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(Writer(folder / f"{n}.parquet")) for n in splits.NAMES]
        for row in times.pieces(PIECE_ROWS):
            second = times[row]
            parts = np.searchsorted(moments, second, side="right")
            drawn = world.draw(row, (second - START) / SPAN_SECONDS)
            truth.add(drawn, parts == splits.TEST)
            table = rows.table(drawn, second, is_train=parts == splits.TRAIN)
            for number, writer in enumerate(writers):
                if (parts == number).any():
                    writer.write(table.filter(pa.array(parts == number)))
            sizes += np.bincount(parts, minlength=3)
        splits.check_sizes(sizes, options)
    progress.stage("vocabularies")
    conclude(folder, name, features=rows.features(), tasks=_tasks())
    return Made((), LABELS, truth=truth.report())


class _Rows:
    """Makes tables of rows that come in order of time."""

    def __init__(self, world: World, *, history: int, knows_all: bool) -> None:
        self._liked = Tails(world.num_users, max_length=history)
        self._ids = np.arange(world.num_items)
        self._history = history
        self._knows_all = knows_all
        self._groups = ((world.taste()[:, :3] > 0) @ np.array([1, 2, 4])).astype(np.int64)
        self._genres = _genres(world.kind())

    def features(self) -> tuple[Feature, ...]:
        """Returns what the columns are, in their order; statistics not yet."""
        ids = (
            Feature(name=name, kind="categorical", dtype="int64", vocabulary=name)
            for name in ("user_id", "item_id", "user_group")
        )
        lists = {"genres": ("string", "genres", _NUM_GENRES)}
        lists[_HISTORY] = ("int64", "item_id", self._history)
        elapsed = Feature(
            name="elapsed_days",
            kind="numeric",
            dtype="float32",
            minimum=0.0,
            maximum=SPAN_SECONDS / _DAY_SECONDS,
        )
        return (
            *ids,
            *(
                Feature(
                    name=name,
                    kind="categorical",
                    dtype=dtype,
                    vocabulary=vocabulary,
                    is_multivalued=True,
                    max_length=longest,
                    past_of="user_id" if name == _HISTORY else "",
                )
                for name, (dtype, vocabulary, longest) in lists.items()
            ),
            elapsed,
        )

    def table(self, drawn: Drawn, second: np.ndarray, *, is_train: np.ndarray) -> pa.Table:
        """Returns the rows as they are written, and remembers what was liked."""
        is_known = (drawn.label["like"] == 1) & (is_train | self._knows_all)
        window = Window(drawn.user, second, is_known=is_known)
        liked = histories_of(self._liked.advance(window, drawn.item), self._ids)
        columns: dict[str, pa.Array] = {
            "user_id": pa.array(drawn.user.astype(np.int64)),
            "item_id": pa.array(drawn.item.astype(np.int64)),
            "user_group": pa.array(self._groups[drawn.user]),
            "genres": self._genres.take(pa.array(drawn.item)),
            _HISTORY: liked.copied(np.arange(len(second))),
            "elapsed_days": pa.array(((second - START) / _DAY_SECONDS).astype(np.float32)),
        }
        columns |= {task: pa.array(drawn.label[task]) for task in TASKS}
        columns["timestamp"] = pa.array(second)
        return pa.table(columns | {f"true_{task}": pa.array(drawn.chance[task]) for task in TASKS})


def _genres(kind: np.ndarray) -> pa.Array:
    """Returns for each item the ends it leans to, of its hidden dimensions; maybe none."""
    leans = np.concatenate([kind > 1.0, kind < -1.0], axis=1)
    offsets = np.concatenate([[0], np.cumsum(leans.sum(axis=1))]).astype(np.int32)
    names = pa.array([f"genre {number}" for number in range(_NUM_GENRES)])
    return pa.ListArray.from_arrays(pa.array(offsets), names.take(pa.array(np.nonzero(leans)[1])))


def _tasks() -> tuple[Task, ...]:
    rating = Task(name=RATING, kind="regression", minimum=LOWEST, maximum=HIGHEST)
    binary = (Task(name=task, kind="binary", minimum=0.0, maximum=1.0) for task in INTERCEPTS)
    return (*binary, rating)
