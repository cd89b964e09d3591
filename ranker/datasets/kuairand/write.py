"""Raw files of KuaiRand to Parquet, never holding all the rows."""

import contextlib
import re
import tempfile
from pathlib import Path

import numpy as np

from ranker.datasets import splits
from ranker.datasets.archives import Files
from ranker.datasets.errors import DatasetError
from ranker.datasets.kuairand.formats import LABELS, USERS, VIDEOS, official_logs
from ranker.datasets.kuairand.log import RECORD, SAME, read_logs
from ranker.datasets.kuairand.rows import Rows, tasks
from ranker.datasets.kuairand.sides import read_side
from ranker.datasets.made import Made
from ranker.datasets.options import Options
from ranker.datasets.progress import Progress
from ranker.datasets.refusals import Refusals
from ranker.datasets.spill import Ordered, Spill
from ranker.datasets.writing import Writer, conclude
from ranker.wording import listed


def write(name: str, files: Files, folder: Path, *, options: Options, progress: Progress) -> Made:
    """Writes the rows of `name`, whose raw files are `files`, into `folder`.

    The standard logs that are there are read, all or some; the random one is not, for
    another policy than the app's chose its videos.

    Raises:
      DatasetError: naming file, line and value, if a file is missing, empty or damaged,
        has too many bad rows, or if the split leaves a part without rows.
    """
    size = name.removeprefix("kuairand-")
    logs = _logs(files, size)
    sides = [f"user_features_{size}.csv", f"video_features_basic_{size}.csv"]
    refusals = [Refusals(file, max_share=options.max_bad_rows) for file in (*sides, *logs)]
    users = read_side(files, sides[0], USERS, refusals=refusals[0])
    items = read_side(files, sides[1], VIDEOS, refusals=refusals[1])
    rows = Rows(users, items, history=options.history)
    with tempfile.TemporaryDirectory(dir=folder) as between:
        spill = Spill(Path(between), RECORD, same=SAME)
        events = read_logs(files, refusals[2:], spill, user_ids=users.ids, item_ids=items.ids)
        progress.stage("split")
        parts = splits.split_rows(
            events.records["user"], events.records["time"] // 1_000, options=options
        )
        progress.stage("write")
        _write_parts(events, parts, rows, folder=folder, knows_all=options.past == "all")
        del events  # the file under it goes
    progress.stage("vocabularies")
    conclude(folder, name, features=rows.features(), tasks=tasks())
    absent = tuple(log for log in official_logs(size) if log not in files)
    num_read = sum(of.num_read for of in refusals[2:])
    return Made(tuple(refusals), LABELS, absent, num_read=num_read)


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


def _write_parts(
    events: Ordered, parts: np.ndarray, rows: Rows, *, folder: Path, knows_all: bool
) -> None:
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(Writer(folder / f"{n}.parquet")) for n in splits.NAMES]
        for where, records in events.hours():
            of_hour = parts[where]
            is_known = (of_hour == splits.TRAIN) | knows_all
            table = rows.table(records, is_known=is_known)
            for number, writer in enumerate(writers):
                is_here = of_hour == number
                if is_here.all():
                    writer.write(table)
                elif is_here.any():
                    writer.write(table.filter(is_here))
