"""The rows of a day, prepared behind those of the night whose model is served."""

import datetime
from pathlib import Path

from ranker import datasets
from ranker.nightly.ledger import Ledger, LedgerError
from ranker.spec.nightly import DaySettings

SPLITS = ("train", "validation", "test")


def prepare_day(days: DaySettings, ledger: Ledger, date: str) -> Path:
    """Prepares the day of `date` unless it is; returns the folder.

    Known values keep their rows, unless they are forgotten; means and deviations stay. Of a table,
    the features of the past go on from the served night's last row, and borders of buckets stay.

    Raises:
      LedgerError: if the day is not there, or not whole yet, or rows to train on are gone.
      DatasetError: for rows that cannot be used.
    """
    folder = ledger.night(date) / "data"
    if (folder / "manifest.json").exists():
        return folder
    ready = Path(days.ready.replace("{date}", date)) if days.ready else None
    if ready is not None and not ready.exists():
        raise LedgerError(f"{ready}: not there, so the day {date} is not whole yet")
    source = Path(days.source.replace("{date}", date))
    if not source.exists():
        raise LedgerError(f"{source}: no such file or folder: the day {date} has no rows")
    served = ledger.served_before(date)
    before = ledger.night(served.date) / "data" if served else None
    night = datasets.Night(
        date=date,
        beside=tuple(path for _, path in earlier_rows(days, ledger, date)),
        forget_after_days=days.forget_after_days,
    )
    options = datasets.Options(
        source=source,
        spec=Path(days.spec) if days.spec else None,
        split=days.split,
        max_rejected_rows=days.max_rejected_rows,
        minimum_count=days.minimum_count,
        vocabulary_from=before,
        past_from=before if days.spec else None,
        night=night,
    )
    datasets.prepare(days.dataset, folder, options=options)
    return folder


def earlier_rows(days: DaySettings, ledger: Ledger, date: str) -> list[tuple[str, Path]]:
    """Returns the files of the days before that a night trains on, in order of time, by date.

    Raises:
      LedgerError: if one is gone.
    """
    if days.train_days == 1:
        return []
    since = datetime.date.fromisoformat(date) - datetime.timedelta(days=days.train_days - 1)
    found = [
        (each, ledger.night(each) / "data" / f"{split}.parquet")
        for each in ledger.lineage(date, since=since.isoformat())
        for split in SPLITS
    ]
    if gone := [path for _, path in found if not path.exists()]:
        raise LedgerError(
            f"{gone[0]}: gone, and days.train_days, {days.train_days}, needs it: put it back, or "
            "lower that for this night"
        )
    return found
