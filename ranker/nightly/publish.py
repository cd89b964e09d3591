"""Putting an export into service: the next version, whole or not there, and the way back."""

import shutil
from pathlib import Path

from ranker.files import add_directory, delete_directory, temporary_directory
from ranker.nightly.ledger import Ledger, LedgerError, Published
from ranker.serve.manifest import MANIFEST, check_manifest, missing_files
from ranker.serve.versions import newest_version


def export_of(ledger: Ledger, date: str) -> Path:
    """Returns the newest export of the run of a night.

    Raises:
      FileNotFoundError: if there is none.
    """
    return newest_version(ledger.night(date) / "run")


def publish(ledger: Ledger, date: str, *, keep: int) -> int:
    """Puts the export of a night into `export/` as the next version; returns its number.

    A process that was killed inside of it does it again: the version that it wrote and did
    not record is taken away first.

    Args:
      keep: newest versions that stay.

    Raises:
      LedgerError: if there are later versions than the last that was put into service.
    """
    served = ledger.served()
    number = served.version + 1 if served else 1
    ledger.exports.mkdir(parents=True, exist_ok=True)
    unknown = [version for version in _versions(ledger) if version >= number]
    if unknown not in ([], [number]):
        raise LedgerError(
            f"{ledger.exports}: versions {', '.join(map(str, unknown))} are of no night that "
            "versions.json knows: put it back, or move them away"
        )
    if unknown:  # written by a process that was killed before it said so
        delete_directory(ledger.exports / str(number))
    writing = ledger.exports / ".writing"
    with temporary_directory(writing):
        shutil.copytree(export_of(ledger, date), writing, dirs_exist_ok=True)
        add_directory(writing, ledger.exports / str(number))
    ledger.record(Published(number, date))
    for version in _versions(ledger)[:-keep]:
        delete_directory(ledger.exports / str(version))
    return number


def heal(ledger: Ledger, *, keep: int) -> str:
    """Publishes the served night again if its version is gone or damaged; says what was done.

    Returns "" if nothing was to be done.
    """
    served = ledger.served()
    if served is None or not (problem := _problem(ledger.exports / str(served.version))):
        return ""
    number = publish(ledger, served.date, keep=keep)
    return f"{problem}; the model of {served.date} is served again, as version {number}"


def roll_back(ledger: Ledger, *, keep: int) -> Published:
    """Puts the model before the served one into service, as the newest version.

    Raises:
      LedgerError: if there is none before it, or its run is gone.
    """
    served = ledger.served()
    before = [date for date in ledger.accepted_dates() if served and date < served.date]
    if not before:
        what = f"{served.date} is the first" if served else "nothing was ever served"
        raise LedgerError(f"{ledger.workdir}: no version to go back to: {what}")
    try:
        return Published(publish(ledger, before[-1], keep=keep), before[-1])
    except FileNotFoundError as error:
        raise LedgerError(
            f"{ledger.night(before[-1])}: its export is gone, so it cannot be served again; "
            "keep_nights says how many nights keep theirs"
        ) from error


def _versions(ledger: Ledger) -> list[int]:
    names = [path.name for path in ledger.exports.iterdir() if path.is_dir()]
    return sorted(int(name) for name in names if name.isascii() and name.isdecimal())


def _problem(version: Path) -> str:
    try:
        check_manifest(version)
    except (ValueError, OSError) as error:
        return " ".join(str(error).split())
    missing = [] if (version / MANIFEST).exists() else [MANIFEST]
    missing += missing_files(version)
    return f"{version} lacks {missing[0]}" if missing else ""
