"""What a night reads of the nights before it: as much after a year as after a month."""

import sys

import pytest
from nights import night, write_job

from ranker.nightly.ledger import Ledger, LedgerError, Published
from ranker.nightly.night import write_page
from ranker.report.nights import SHOWN

OPENED: list[str] | None = None


def _hear(event, arguments):
    if event == "open" and OPENED is not None:
        OPENED.append(str(arguments[0]))


sys.addaudithook(_hear)  # for good: nothing is heard while OPENED is None


def dates(count):
    """As many dates, in their order."""
    return [f"{2001 + n // 336}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}" for n in range(count)]


def after(folder, count):
    """The directory of a job after so many nights, of which every third was refused."""
    folder.mkdir(exist_ok=True)
    write_job(folder)
    ledger = Ledger(folder / "job")
    facts = {"rows": 640, "tasks": {}, "numbers": {}, "top_shares": {}}
    for place, date in enumerate(dates(count)):
        status = "refused" if place % 3 == 1 else "accepted"
        ledger.night(date).mkdir(parents=True)
        ledger.write(date, {"date": date, "status": status, "reason": "", "facts": facts})
        if status == "accepted":
            ledger.record(Published(place + 1, date))
    return ledger


def opened(folder, count):
    """The files of a job that a night opens, but for those of its own stages."""
    global OPENED
    ledger, OPENED = after(folder, count), []
    try:
        with pytest.raises(LedgerError, match="2026-11-01"):
            night(folder, "2026-11-01")
        ledger.accepted_before("2026-11-01", newest=7)
        write_page(ledger, print)
        return [path for path in OPENED if str(folder / "job") in path]
    finally:
        OPENED = None


def test_a_night_opens_as_many_files_after_many_nights_as_after_few(tmp_path, monkeypatch):
    monkeypatch.setattr("ranker.nightly.publish._problem", lambda version: "")  # nothing to heal
    few, many = (opened(tmp_path / str(n), n) for n in (SHOWN, 2 * SHOWN))
    assert len(few) == len(many)
    nights = [path for path in many if path.endswith("NIGHT.json")]
    assert 0 < len(nights) <= SHOWN + 8  # one is its own


def test_a_damaged_night_costs_its_page_and_not_the_night(tmp_path):
    ledger, said = after(tmp_path, 2), []
    path = ledger.night(dates(2)[1]) / "NIGHT.json"
    path.write_text("{}")
    write_page(ledger, said.append)
    (line,) = said
    assert line.startswith(f"{ledger.workdir / 'nights.html'}: not written: {path}: ")


def test_of_the_accepted_the_last_before_a_date_are_read(tmp_path):
    ledger = after(tmp_path, 9)
    known = dates(9)
    found = ledger.accepted_before(known[6], newest=3)
    assert [each["date"] for each in found] == [known[2], known[3], known[5]]
    assert ledger.accepted_before(known[6], newest=0) == []
    assert len(ledger.accepted_before("2026-01-01", newest=50)) == 6


def test_a_night_is_not_its_own_past(tmp_path):
    ledger = after(tmp_path, 4)
    first, third = dates(4)[0], dates(4)[2]
    assert ledger.served_before(first) is None
    assert ledger.served_before(third) == (1, first)
    ledger.record(Published(5, first))  # rolled back
    assert ledger.served_before("2026-01-01") == (5, first)
