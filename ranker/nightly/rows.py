"""What a night trains on: the rows of its day, or of several days."""

import os
import shutil
from pathlib import Path

from ranker import files, json_text
from ranker.nightly.day import SPLITS, earlier_rows
from ranker.nightly.ledger import Ledger, LedgerError
from ranker.spec.nightly import DaySettings

_MANIFEST = "manifest.json"
_OF_DAY = ("schema.toml", "vocabularies/*.txt", "validation.parquet", "test.parquet")


def rows_to_train_on(days: DaySettings, ledger: Ledger, date: str) -> Path:
    """Returns the folder that the night of `date` trains on, once its day is prepared.

    That is the day's own or, with `days.train_days`, `rows/` beside it: in `train/` all rows of
    the days before and the day's training rows; all else is the day's. The files are those of the
    days, linked if the file system can, and must have the digests that they were prepared with.

    Raises:
      LedgerError: if the rows of a day are gone, or what says how they were prepared is damaged.
      OSError: for what cannot be read or written.
    """
    day = ledger.night(date) / "data"
    before = earlier_rows(days, ledger, date)
    if not before:
        return day
    folder = ledger.night(date) / "rows"
    if (folder / _MANIFEST).exists():
        return folder
    found = {
        path.relative_to(day).as_posix(): path
        for pattern in _OF_DAY
        for path in sorted(day.glob(pattern))
    }
    for each, path in (*before, (date, day / "train.parquet")):
        found[f"train/{each}-{SPLITS.index(path.stem)}-{path.name}"] = path
    with files.atomic_directory(folder) as writing:
        for name, path in found.items():
            (writing / name).parent.mkdir(exist_ok=True)
            _link(path, writing / name)
        files.write_json(writing / _MANIFEST, {"digests": _digests(found)})
    return folder


def _digests(found: dict[str, Path]) -> dict[str, str]:
    """Returns the digests that files were prepared with, by the names that they have now."""
    digests = {}
    for name, path in found.items():
        folder = path.parent if path.parent.name == "data" else path.parent.parent
        try:
            prepared = json_text.parse((folder / _MANIFEST).read_text("utf-8"))["digests"]
            digests[name] = prepared[path.relative_to(folder).as_posix()]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LedgerError(
                f"{folder / _MANIFEST}: damaged, so nobody knows whether {path.name} is as it was: "
                "put it back, or set days.train_days=1 for this night"
            ) from error
    return digests


def _link(path: Path, name: Path) -> None:
    try:
        os.link(path, name)
    except OSError:  # a file system without links
        shutil.copyfile(path, name)
