"""Putting an export into service: the next version, whole or not there, and the way back."""

import shutil
from pathlib import Path

from ranker.files import add_directory, delete_directory, temporary_directory
from ranker.files.atomic import naming
from ranker.nightly.ledger import Ledger, LedgerError, Published
from ranker.serve.manifest import MANIFEST, check_manifest, missing_files
from ranker.serve.versions import newest_version


def export_of(ledger: Ledger, date: str) -> Path:
    """Returns the newest export of the run of a night.

    Raises:
      LedgerError: if there is none.
    """
    try:
        return newest_version(ledger.night(date) / "run")
    except FileNotFoundError as error:
        raise LedgerError(
            f"{error}: put it back, or serve another by --rollback; keep_nights says how many "
            "nights keep theirs"
        ) from error


def publish(ledger: Ledger, date: str, *, keep: int) -> int:
    """Puts the export of a night into `export/` as the next version; returns its number.

    A process that was killed inside of it does it again: the version that it wrote and did
    not record is taken away first.

    Args:
      keep: newest versions that stay.

    Raises:
      LedgerError: if there are later versions than the last that was put into service, or the
        export is gone or damaged.
    """
    source = export_of(ledger, date)
    if problem := _problem(source):
        raise LedgerError(f"{problem}: not served; put it back, or serve another by --rollback")
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
    writing, target = ledger.exports / ".writing", ledger.exports / str(number)
    with naming(target, instead_of=writing), temporary_directory(writing):
        _copy(source, writing)
        add_directory(writing, target)
    ledger.record(Published(number, date))
    for version in _versions(ledger)[:-keep]:
        delete_directory(ledger.exports / str(version))
    return number


def heal(ledger: Ledger, *, keep: int) -> str:
    """Publishes the served night again if its version is gone or damaged; says what was done.

    Returns "" if nothing was to be done.
    """
    served = ledger.served()
    if served is None or not (problem := _problem(ledger.version(served))):
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
    return Published(publish(ledger, before[-1], keep=keep), before[-1])


def _copy(source: Path, folder: Path) -> None:
    """Copies what is in a folder; ends at the first file that cannot be, where copytree goes on."""
    for path in sorted(source.rglob("*")):
        copy = folder / path.relative_to(source)
        if path.is_dir():
            copy.mkdir()
        else:
            shutil.copyfile(path, copy)


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
