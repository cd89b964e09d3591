"""What a night trains on, and which values have rows: of some days, and forgotten by age."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from nights import write_day

from ranker.datasets import DatasetError
from ranker.files import write_sealed
from ranker.nightly.day import prepare_day
from ranker.nightly.ledger import PROGRESSIVE, Ledger, LedgerError, Published
from ranker.nightly.rows import rows_to_train_on
from ranker.spec.nightly import DaySettings, NightlySettings
from ranker.spec.plugins import import_plugins

DATES = [f"2026-11-0{n}" for n in range(1, 7)]


@pytest.fixture
def log(tmp_path):
    """Days: users 0 to 3 come on each, and some of its own, 100 and on of the first and the last.

    The last row of a day has a user of its own.
    """
    import_plugins(("examples.json_lines_log",))
    for number, date in zip((1, 2, 3, 4, 5, 1), DATES, strict=True):

        def of_day(user, own=100 * number):
            user = np.where(user > 3, user + own, user)
            return np.append(user[:-1], own + 50)

        write_day(tmp_path, date, rows=60, users=9, user_id=of_day)
    return tmp_path


def prepared(log, date, *, accept=True, **settings):
    """Prepares the day, and says that its model was accepted; returns the night's folder."""
    ledger = Ledger(log / "job")
    days = DaySettings(
        dataset="json-lines-log",
        split="global-temporal",
        source=f"{log}/logs/day={{date}}",
        **settings,
    )
    served = ledger.served_before(date)
    prepare_day(days, ledger, date)
    if served:
        write_sealed(ledger.night(date) / PROGRESSIVE, {"date": served.date})
    if accept:
        ledger.record(Published(len(ledger.versions()) + 1, date))
    return rows_to_train_on(days, ledger, date)


def users(folder):
    return (folder / "vocabularies/user_id.txt").read_text().split()


def times(path):
    return pq.read_table(path)["timestamp"].to_pylist()


def test_by_default_a_night_trains_on_its_day(log):
    folders = [prepared(log, date) for date in DATES[:2]]
    assert [folder.name for folder in folders] == ["data", "data"]
    assert not (folders[1] / "last_seen").exists()
    manifest = json.loads((folders[1] / "manifest.json").read_text())
    assert "forget_after_days" not in manifest["options"]


def test_a_night_trains_on_the_days_that_the_served_model_was_trained_on(log):
    for date in DATES[:4]:
        rows = prepared(log, date, train_days=3, accept=date != DATES[1])
    data = [log / f"job/nights/{date}/data" for date in DATES]
    parts = [*(data[2] / f"{n}.parquet" for n in ("train", "validation", "test")),
             data[3] / "train.parquet"]  # fmt: skip
    assert rows.name == "rows"
    assert times(rows / "train") == [time for part in parts for time in times(part)]
    assert (rows / "test.parquet").read_bytes() == (data[3] / "test.parquet").read_bytes()
    assert users(rows) == users(data[3])
    assert "350" not in users(data[2])  # of its last row alone
    assert "350" in users(rows)
    digests = json.loads((rows / "manifest.json").read_text())["digests"]
    assert f"train/{DATES[2]}-2-test.parquet" in digests
    ledger = Ledger(log / "job")
    assert ledger.lineage(DATES[4], since=DATES[1]) == [DATES[2], DATES[3]]
    ledger.record(Published(9, DATES[2]))  # rolled back
    assert ledger.lineage(DATES[4], since=DATES[0]) == [DATES[0], DATES[2]]
    (data[2] / "test.parquet").unlink()
    with pytest.raises(LedgerError, match=r"test\.parquet: gone, and days\.train_days, 3, needs"):
        prepared(log, DATES[4], train_days=3)


@pytest.mark.parametrize("text", ['{"digests": {}}', "{}", "[]", "{", ""])
def test_a_damaged_manifest_of_a_day_is_named(log, text):
    prepared(log, DATES[0], train_days=3)
    manifest = log / f"job/nights/{DATES[0]}/data/manifest.json"
    prepared(log, DATES[1], accept=False)
    manifest.write_text(text)
    with pytest.raises(LedgerError, match=r"2026-11-01/data/manifest\.json: damaged, so nobody"):
        prepared(log, DATES[1], train_days=3, accept=False)
    assert not (log / f"job/nights/{DATES[1]}/rows").exists()
    if not text.startswith("{"):  # the others are those of an earlier version
        with pytest.raises(DatasetError, match=r"nothing to go on from: manifest\.json: damaged"):
            prepared(log, DATES[2])


def test_a_value_that_no_row_has_for_days_loses_its_row_and_is_new_again(log):
    prepared(log, DATES[0])  # nobody looks yet
    second, third, fourth, fifth, sixth = (
        prepared(log, date, forget_after_days=2) for date in DATES[1:]
    )
    of_first = {u for u in users(second) if u[0] == "1" and len(u) == 3}
    of_second = {u for u in users(second) if u[0] == "2" and len(u) == 3}
    assert of_first
    assert of_first | of_second <= set(users(third))  # nobody knew when the first were seen
    assert (of_first | of_second).isdisjoint(users(fourth))
    manifest = json.loads((fourth / "manifest.json").read_text())
    assert manifest["vocabularies"]["user_id"]["forgotten"] == len(of_first | of_second)
    assert manifest["options"]["forget_after_days"] == 2
    for date, folder in zip(DATES[1:], (second, third, fourth, fifth, sixth), strict=True):
        dates = (folder / "last_seen/user_id.txt").read_text().split()
        assert len(dates) == len(users(folder))
        assert dates[0] == date  # of one of those who always come
    always = [[u for u in users(folder) if len(u) == 1] for folder in (second, sixth)]
    assert always[0] == always[1] == users(sixth)[:4]
    again = [u for u in users(sixth) if u[0] == "1" and len(u) == 3]
    assert set(again) == of_first - {"150"}
    assert users(sixth)[-len(again) :] == again


def test_days_that_do_not_fit_together_are_refused():
    with pytest.raises(ValueError, match="forget_after_days 2 must be 0 or at least train_days, 3"):
        DaySettings(source="x", train_days=3, forget_after_days=2)
    days = DaySettings(source="x", train_days=3)
    with pytest.raises(ValueError, match=r"keep_nights 2 must be at least days\.train_days, 3"):
        NightlySettings(days=days, keep_nights=2)
