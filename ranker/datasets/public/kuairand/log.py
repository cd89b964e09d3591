"""The logs: impressions, each checked, to records in order of time."""

from collections.abc import Sequence

import numpy as np

from ranker.datasets.examples import Inputs
from ranker.datasets.public.kuairand.formats import BINARY, LOG
from ranker.datasets.public.kuairand.sides import MAX_ID
from ranker.datasets.read.external_sort import ExternalSort, Ordered
from ranker.datasets.read.file_rows import FileRows

RECORD = np.dtype(
    [
        ("user", "<i4"),
        ("item", "<i4"),
        ("time", "<i8"),  # Unix milliseconds
        ("play", "<i4"),  # milliseconds
        ("duration", "<i4"),  # milliseconds
        ("tab", "i1"),
        *((task, "i1") for task in BINARY),
        ("file", "i1"),
        ("line", "<i4"),
    ]
)
_SAME = ("user", "item", "time")  # the log has some impressions twice, in two hours of `hourmin`
MAX_TAB = 14
MAX_MS = 86_400_000  # a day: nobody watches a short video longer
# The log is of 2022-04-08 to 2022-05-08, China time; a day of room on each side.
FIRST_MS = 1_649_260_800_000  # 2022-04-06T16:00Z
END_MS = 1_652_112_000_000  # 2022-05-09T16:00Z


def read_logs(
    inputs: Inputs, logs: Sequence[str], *, user_ids: np.ndarray, item_ids: np.ndarray
) -> Ordered:
    """Returns the impressions of the logs in order of time, ties in file order.

    Args:
      logs: the files, in the order they are read; at most 127.
      user_ids, item_ids: those of the tables, int64 [U] and [I], ascending.

    Raises:
      DatasetError: if a log is empty or damaged, or has too many rejected rows.
    """
    records_by_time = ExternalSort(inputs.scratch, RECORD, same=_SAME)
    num_before = len(inputs.rejected)
    for number, log in enumerate(logs):
        for block in inputs.rows(log, LOG, ("int64",) * len(LOG.columns)):
            records_by_time.add(_records(block, number, user_ids=user_ids, item_ids=item_ids))

    def on_repeats(repeats: np.ndarray) -> None:
        for number in np.unique(repeats["file"]):
            lines = repeats["line"][repeats["file"] == number]
            inputs.rejected[num_before + number].add_repeats(
                len(lines),
                line=int(lines.min()),
                problem="the same user, video and time_ms stand on an earlier line",
            )

    return records_by_time.finish(on_repeats)


def _records(
    block: FileRows, number: int, *, user_ids: np.ndarray, item_ids: np.ndarray
) -> np.ndarray:
    """Returns the rows that are in order as records."""
    for column in ("user_id", "video_id"):
        block.keep_between(column, 0, MAX_ID, reason="id")
    block.keep_between("time_ms", FIRST_MS, END_MS - 1, reason="timestamp")
    for column in (*BINARY.values(), "is_rand"):
        block.keep_between(column, 0, 1, reason="label")
    for column in ("play_time_ms", "duration_ms"):
        block.keep_between(column, 0, MAX_MS)
    block.keep_between("tab", 0, MAX_TAB)
    block.keep_known("user_id", user_ids, file="the table of users", reason="unknown_user")
    block.keep_known("video_id", item_ids, file="the table of videos", reason="unknown_item")
    records = np.empty(len(block), RECORD)
    records["user"] = np.searchsorted(user_ids, block["user_id"])
    records["item"] = np.searchsorted(item_ids, block["video_id"])
    records["time"] = block["time_ms"]
    records["play"] = block["play_time_ms"]
    records["duration"] = block["duration_ms"]
    records["tab"] = block["tab"]
    for task, column in BINARY.items():
        records[task] = block[column]
    records["file"] = number
    records["line"] = block.line
    return records
