"""Raw files of KuaiRand to examples, never holding all the rows."""

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from ranker.datasets.columns import binary, categorical, history, numeric
from ranker.datasets.errors import DatasetError
from ranker.datasets.examples import Block, Examples, Inputs
from ranker.datasets.public.kuairand.formats import (
    BINARY,
    LABELS,
    PLAY,
    USERS,
    VIDEOS,
    official_logs,
)
from ranker.datasets.public.kuairand.log import MAX_MS, read_logs
from ranker.datasets.public.kuairand.sides import Entities, read_side
from ranker.datasets.read.archives import Files
from ranker.datasets.splits import Split
from ranker.schema import Feature, Task
from ranker.wording import listed

_CHINA_SECONDS = 8 * 3_600  # ahead of UTC, the whole year: the users' own clock
_HOUR_SECONDS = 3_600
_DAY_SECONDS = 86_400
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0
_HISTORIES = {"clicked_items": ("click", 1.0)}


def load(inputs: Inputs) -> Examples:
    """Returns the impressions of the standard logs that are there, all or some.

    The random log is not read, for another policy than the app's chose its videos.

    Raises:
      DatasetError: naming file, line and value, if a file is missing, empty or damaged, or
        has too many rejected rows.
    """
    size = inputs.name.removeprefix("kuairand-")
    logs = _logs(inputs.files, size)
    users = read_side(inputs, f"user_features_{size}.csv", USERS)
    items = read_side(inputs, f"video_features_basic_{size}.csv", VIDEOS)
    num_sides = len(inputs.rejected)
    events = read_logs(inputs, logs, user_ids=users.ids, item_ids=items.ids)

    def blocks(split: Split) -> Iterator[Block]:
        for _, records in events.hours():
            yield Block(_table(records, users, items), records["user"], records["item"])

    return Examples(
        features=_features(users, items, inputs.options.history),
        tasks=_tasks(),
        labels=LABELS,
        blocks=blocks,
        user=events.records["user"],
        time=events.records["time"] // 1_000,
        histories=_HISTORIES,
        num_users=len(users.ids),
        item_ids=items.ids,
        num_read=sum(of.num_read for of in inputs.rejected[num_sides:]),
        missing_files=tuple(log for log in official_logs(size) if log not in inputs.files),
    )


def _logs(files: Files, size: str) -> list[str]:
    """Returns the standard logs that are there, in order of time."""
    pattern = re.compile(rf"log_standard_[0-9a-z_]+_{size}(_part[0-9]+)?\.csv")
    found = [file for file in files.names if pattern.fullmatch(file)]
    if not found:
        raise DatasetError(
            f"{files.path}: no log of KuaiRand in it, such as {official_logs(size)[0]}; "
            f"it has: {listed(files.names)}"
        )
    return found


def _features(users: Entities, items: Entities, history_length: int) -> tuple[Feature, ...]:
    """Returns what the columns are, in their order; statistics not yet."""
    return (
        *(categorical(name) for name in ("user_id", "item_id", "tab", "hour", "weekday")),
        numeric("duration_seconds", 0.0, MAX_MS / 1_000, log1p=True),
        *(column.feature for side in (users, items) for column in side.columns),
        *(history(name, history_length) for name in _HISTORIES),
    )


def _table(records: np.ndarray, users: Entities, items: Entities) -> pa.Table:
    """Returns the examples of records, of `log.RECORD`, [N]."""
    second = records["time"] // 1_000
    local = second + _CHINA_SECONDS
    columns: dict[str, pa.Array] = {
        "user_id": pa.array(users.ids[records["user"]]),
        "item_id": pa.array(items.ids[records["item"]]),
        "tab": pa.array(records["tab"].astype(np.int64)),
        "hour": pa.array(local // _HOUR_SECONDS % 24),
        "weekday": pa.array((local // _DAY_SECONDS + _EPOCH_WEEKDAY) % 7),
        "duration_seconds": pa.array((records["duration"] / 1_000).astype(np.float32)),
    }
    for side, indices in ((users, records["user"]), (items, records["item"])):
        columns |= {column.feature.name: column.take(indices) for column in side.columns}
    columns |= {task: pa.array(records[task].astype(np.float32)) for task in BINARY}
    columns[PLAY] = pa.array((records["play"] / 1_000).astype(np.float32))
    return pa.table({**columns, "timestamp": pa.array(second)})


def _tasks() -> tuple[Task, ...]:
    play = Task(name=PLAY, kind="regression", minimum=0.0, maximum=MAX_MS / 1_000)
    return (*(binary(task) for task in BINARY), play)
