"""The rows of a day, prepared behind those of the night whose model is served."""

from pathlib import Path

from ranker import datasets
from ranker.nightly.ledger import Ledger, LedgerError
from ranker.spec.nightly import DaySettings


def prepare_day(days: DaySettings, ledger: Ledger, date: str) -> Path:
    """Prepares the day of `date` unless it is; returns the folder.

    Known values keep their rows, means and deviations stay. Of a table, the features of the past
    go on from the served night's last row, and borders of buckets stay.

    Raises:
      LedgerError: if the day is not there, or not whole yet.
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
    options = datasets.Options(
        source=source,
        spec=Path(days.spec) if days.spec else None,
        split=days.split,
        max_rejected_rows=days.max_rejected_rows,
        minimum_count=days.minimum_count,
        vocabulary_from=before,
        past_from=before if days.spec else None,
    )
    datasets.prepare(days.dataset, folder, options=options)
    return folder
