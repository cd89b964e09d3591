"""ByteDance's short videos (ICME 2019 challenge, track 2): watched to the end, liked.

The training file alone has labels; it is split here. Its time is that of the video's
making, made unrecognisable by the publishers: it orders videos, and says nothing of when
they were watched, so that no feature is made of what a user did before.

Source: the columns as the challenge's page lists them,
https://www.biendata.xyz/competition/icmechallenge2019/.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa

from ranker.datasets import splits
from ranker.datasets.archives import Files
from ranker.datasets.block import Block
from ranker.datasets.made import Made
from ranker.datasets.options import Options
from ranker.datasets.progress import Progress
from ranker.datasets.refusals import Refusals
from ranker.datasets.text import DelimitedFile, Format
from ranker.datasets.writing import GROUP_ROWS, Writer, conclude
from ranker.schema import Feature, Task

FILE = "final_track2_train.txt"
LABELS = {"finish": "1 if the video was watched to its end", "like": "1 if it was liked"}
MAX_SECONDS = 86_400  # no short video is longer than a day
_MAX_CODE = 2**31 - 1
_MAX_TIME = 2**53
# By column of the file, in its order: the column it becomes.
_COLUMNS = {
    "uid": "user_id",
    "user_city": "user_city",
    "item_id": "item_id",
    "author_id": "author_id",
    "item_city": "item_city",
    "channel": "channel",
    "finish": "finish",
    "like": "like",
    "music_id": "music_id",
    "did": "device_id",
    "creat_time": "timestamp",
    "video_duration": "duration_seconds",
}
_CODES = ("user_city", "author_id", "item_city", "channel", "music_id", "did")


def write(name: str, files: Files, folder: Path, *, options: Options, progress: Progress) -> Made:
    """Writes the rows of the training file into `folder`; they are held at once.

    Raises:
      DatasetError: naming file, line and value, if the file is missing, empty or damaged,
        or has too many bad rows; or if the split leaves a part without rows.
    """
    refusals = Refusals(FILE, max_share=options.max_bad_rows)
    rows = _read(files, refusals)
    progress.stage("split")
    parts = splits.split_rows(rows["uid"], rows["creat_time"], options=options)
    progress.stage("write")
    for number, part in enumerate(splits.NAMES):
        with Writer(folder / f"{part}.parquet") as writer:
            places = np.flatnonzero(parts == number)
            for chunk in np.split(places, range(GROUP_ROWS, len(places), GROUP_ROWS)):
                writer.write(_table({column: values[chunk] for column, values in rows.items()}))
    progress.stage("vocabularies")
    tasks = [Task(name=task, kind="binary", minimum=0.0, maximum=1.0) for task in LABELS]
    conclude(folder, name, features=_features(), tasks=tasks)
    return Made((refusals,), LABELS)


def _read(files: Files, refusals: Refusals) -> dict[str, np.ndarray]:
    """Returns the good rows in order of time, ties in file order, by column of the file."""
    form = Format(tuple(_COLUMNS), "\t")
    blocks: list[dict[str, np.ndarray]] = []
    with files.open(refusals.file) as stream:
        file = DelimitedFile(stream, form, refusals=refusals)
        for line, columns in file.columns(("int64",) * len(_COLUMNS)):
            named = dict(zip(_COLUMNS, columns, strict=True))
            blocks.append(_compact(_checked(Block(named, line, refusals=refusals))))
    refusals.check()
    order = np.argsort(np.concatenate([b["creat_time"] for b in blocks]), kind="stable")
    return {
        column: np.concatenate([block[column] for block in blocks])[order] for column in _COLUMNS
    }


def _checked(block: Block) -> Block:
    """Refuses the rows with a value that cannot be; -1 is a city, author or such not told."""
    for column in ("uid", "item_id"):
        block.keep_between(column, 0, _MAX_CODE, reason="id")
    for column in _CODES:
        block.keep_between(column, -1, _MAX_CODE)
    for column in LABELS:
        block.keep_between(column, 0, 1, reason="label")
    block.keep_between("creat_time", 0, _MAX_TIME, reason="timestamp")
    block.keep_between("video_duration", 0, MAX_SECONDS)
    return block


def _compact(block: Block) -> dict[str, np.ndarray]:
    """Returns the columns in the fewest bytes: 50 a row."""
    kinds = {**dict.fromkeys(_COLUMNS, "i4"), **dict.fromkeys(LABELS, "i1"), "creat_time": "i8"}
    return {column: block[column].astype(kind) for column, kind in kinds.items()}


def _table(rows: dict[str, np.ndarray]) -> pa.Table:
    columns = {}
    for column, name in _COLUMNS.items():
        is_number = name in LABELS or name == "duration_seconds"
        columns[name] = pa.array(rows[column].astype(np.float32 if is_number else np.int64))
    names = [feature.name for feature in _features()]
    return pa.table({name: columns[name] for name in (*names, *LABELS, "timestamp")})


def _features() -> tuple[Feature, ...]:
    """Returns what the columns are, in their order; statistics not yet."""
    numbers = ("timestamp", "duration_seconds", *LABELS)
    codes = (name for name in _COLUMNS.values() if name not in numbers)
    return (
        *(Feature(name=name, kind="categorical", dtype="int64", vocabulary=name) for name in codes),
        Feature(
            name="duration_seconds",
            kind="numeric",
            dtype="float32",
            log1p=True,
            minimum=0.0,
            maximum=float(MAX_SECONDS),
        ),
    )
