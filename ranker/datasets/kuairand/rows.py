"""Records of the logs to the rows of the Parquet files."""

import numpy as np
import pyarrow as pa

from ranker.datasets.forward import Tails, Window
from ranker.datasets.histories import histories_of
from ranker.datasets.kuairand.formats import BINARY, PLAY
from ranker.datasets.kuairand.log import MAX_MS
from ranker.datasets.kuairand.sides import Entities
from ranker.schema import Feature, Task

_CHINA_SECONDS = 8 * 3_600  # ahead of UTC, the whole year: the users' own clock
_HOUR_SECONDS = 3_600
_DAY_SECONDS = 86_400
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0
_HISTORY = "clicked_items"


class Rows:
    """Makes rows of records that come in order of time."""

    def __init__(self, users: Entities, items: Entities, *, history: int) -> None:
        """Takes what is known of users and videos; `history` is the most videos a list has."""
        self._users, self._items = users, items
        self._clicked = Tails(len(users.ids), max_length=history)
        self._history = history

    def features(self) -> tuple[Feature, ...]:
        """Returns what the columns are, in their order; statistics not yet."""
        return (
            *(_categorical(name) for name in ("user_id", "item_id", "tab", "hour", "weekday")),
            Feature(
                name="duration_seconds",
                kind="numeric",
                dtype="float32",
                log1p=True,
                minimum=0.0,
                maximum=MAX_MS / 1_000,
            ),
            *(column.feature for side in (self._users, self._items) for column in side.columns),
            Feature(
                name=_HISTORY,
                kind="categorical",
                dtype="int64",
                vocabulary="item_id",
                is_multivalued=True,
                max_length=self._history,
                past_of="user_id",
            ),
        )

    def table(self, records: np.ndarray, *, is_known: np.ndarray) -> pa.Table:
        """Returns the rows of the records that follow those of the call before.

        Args:
          records: of `log.RECORD`, [N]; no second is divided between two calls.
          is_known: whose clicks later rows may know, [N].
        """
        user, item = records["user"], records["item"]
        second = records["time"] // 1_000
        local = second + _CHINA_SECONDS
        columns: dict[str, pa.Array] = {
            "user_id": pa.array(self._users.ids[user]),
            "item_id": pa.array(self._items.ids[item]),
            "tab": pa.array(records["tab"].astype(np.int64)),
            "hour": pa.array(local // _HOUR_SECONDS % 24),
            "weekday": pa.array((local // _DAY_SECONDS + _EPOCH_WEEKDAY) % 7),
            "duration_seconds": pa.array((records["duration"] / 1_000).astype(np.float32)),
        }
        for side, places in ((self._users, user), (self._items, item)):
            columns |= {column.feature.name: column.take(places) for column in side.columns}
        window = Window(user, second, is_known=(records["click"] == 1) & is_known)
        clicked = histories_of(self._clicked.advance(window, item), self._items.ids)
        columns[_HISTORY] = clicked.copied(np.arange(len(records)))
        columns |= {task: pa.array(records[task].astype(np.float32)) for task in BINARY}
        columns[PLAY] = pa.array((records["play"] / 1_000).astype(np.float32))
        return pa.table({**columns, "timestamp": pa.array(second)})


def tasks() -> tuple[Task, ...]:
    """Returns the tasks; statistics not yet."""
    play = Task(name=PLAY, kind="regression", minimum=0.0, maximum=MAX_MS / 1_000)
    return (*(Task(name=task, kind="binary", minimum=0.0, maximum=1.0) for task in BINARY), play)


def _categorical(name: str) -> Feature:
    return Feature(name=name, kind="categorical", dtype="int64", vocabulary=name)
