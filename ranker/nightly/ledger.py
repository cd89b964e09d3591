"""The nights of a job: what each came to, and which version is served from which."""

import datetime
from pathlib import Path
from typing import Any, NamedTuple

from ranker.files import DamagedError, delete_directory, read_sealed, write_sealed

NIGHT = "NIGHT.json"
PROGRESSIVE = "progressive.json"  # of a night: how the model did that it trains on from
_VERSIONS = "versions.json"


class LedgerError(ValueError):
    """The job's directory does not hold what it must; the message is one sentence."""


class Published(NamedTuple):
    """A version that was put into service.

    Attributes:
      version: its number in `export/`.
      date: of the night that trained it.
    """

    version: int
    date: str


class Ledger:
    """The directory of a job: `nights/DATE/`, `export/`, and `versions.json`."""

    def __init__(self, workdir: Path) -> None:
        """Takes the directory; reads nothing."""
        self.workdir = workdir
        self.exports = workdir / "export"

    def night(self, date: str) -> Path:
        """Returns the directory of the night of a date."""
        return self.workdir / "nights" / date

    def version(self, published: Published) -> Path:
        """Returns the folder of a version in `export/`."""
        return self.exports / str(published.version)

    def read(self, date: str) -> dict[str, Any] | None:
        """Returns what a night came to; None if it did not end.

        Raises:
          LedgerError: if the file is damaged.
        """
        return _read(self.night(date) / NIGHT)

    def write(self, date: str, night: dict[str, Any]) -> None:
        """Writes what a night came to, as a whole."""
        write_sealed(self.night(date) / NIGHT, night)

    def begin_again(self, date: str) -> None:
        """Forgets a day that was stopped: who gives the command again may have mended its rows.

        What says that it was stopped goes last, so that one that is killed here does it again.
        """
        for name in ("facts.json", "data", NIGHT):
            path = self.night(date) / name
            if path.is_dir():
                delete_directory(path)
            path.unlink(missing_ok=True)

    def dates(self) -> list[str]:
        """Returns the dates that have a directory, in their order."""
        folder = self.workdir / "nights"
        found = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        return sorted(name for name in found if is_date(name))

    def accepted_dates(self) -> list[str]:
        """Returns the dates of the nights whose model was put into service, in their order.

        One file says so, however many nights there were.
        """
        return sorted({published.date for published in self.versions()})

    def accepted_before(self, date: str, *, newest: int) -> list[dict[str, Any]]:
        """Returns the last nights before a date whose model was accepted, in their order.

        Args:
          newest: how many; no other night is read.
        """
        dates = [each for each in self.accepted_dates() if each < date]
        kept = dates[max(0, len(dates) - newest) :]
        return [night for night in map(self.read, kept) if night]

    def versions(self) -> list[Published]:
        """Returns what was put into service, in its order; the last is served now.

        Raises:
          LedgerError: if the file is damaged.
        """
        found = _read(self.workdir / _VERSIONS) or {"versions": []}
        return [Published(**each) for each in found["versions"]]

    def served(self) -> Published | None:
        """Returns what is served now; None before the first."""
        return next(iter(self.versions()[::-1]), None)

    def served_before(self, date: str) -> Published | None:
        """Returns what was served when the night of a date began; None if nothing was.

        A night that was killed after it published, and before it said so, is not its own past.
        """
        return next((each for each in self.versions()[::-1] if each.date < date), None)

    def lineage(self, date: str, *, since: str) -> list[str]:
        """Returns the nights whose rows made the model that the night of a date trains on from.

        Those of `since` and later, in their order. A night that was refused is not among them,
        nor one that was rolled back.

        Raises:
          LedgerError: if a file is damaged.
        """
        found: list[str] = []
        served = self.served_before(date)
        before = served.date if served else ""
        while before and before >= since:
            found.append(before)
            before = (_read(self.night(before) / PROGRESSIVE) or {}).get("date", "")
        return found[::-1]

    def record(self, published: Published) -> None:
        """Says that a version is served from now on."""
        versions = [*self.versions(), published]
        document = {"versions": [each._asdict() for each in versions]}
        write_sealed(self.workdir / _VERSIONS, document)

    def prune(self, *, keep_nights: int) -> None:
        """Deletes data and runs of all but the newest nights; what they came to stays."""
        served = self.served()
        for date in self.dates()[:-keep_nights]:
            for name in ("data", "rows", "run"):
                folder = self.night(date) / name
                if folder.is_dir() and (served is None or date != served.date):
                    delete_directory(folder)


def is_date(text: str) -> bool:
    """Returns whether a text is a date, as 2026-11-28."""
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return read_sealed(path)
    except FileNotFoundError:
        return None
    except DamagedError as error:
        raise LedgerError(f"{error}: put back what was there") from error
