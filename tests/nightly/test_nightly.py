"""Nights one after the other: what is served, what is refused, and what the next begins from."""

import json
import shutil

import numpy as np
import pytest
from nights import night, write_day

from ranker.nightly.ledger import Ledger, LedgerError
from ranker.nightly.night import Hooks
from ranker.nightly.publish import roll_back
from ranker.serve.versions import newest_version

pytestmark = pytest.mark.slow


def test_each_night_is_judged_first_and_trains_on_from_the_one_before(three):
    ledger = Ledger(three / "job")
    nights = ledger.accepted_before("2026-12-01", newest=9)
    assert [n["version"] for n in nights] == [1, 2, 3]
    assert nights[0]["served_before"] == {}
    assert nights[2]["served_before"]["version"] == 2
    click = nights[2]["served_before"]["tasks"]["click"]
    assert click["rows"] == 640
    assert click["auc"] > 0.6
    cold = nights[1]["served_before"]["tasks"]["click"]["cold"]
    assert 0 < cold["rows"] < 640  # the users that are new
    begun = json.loads((three / "job/nights/2026-11-03/run/RESULT.json").read_text())
    assert "2026-11-02" in json.dumps(begun["start"])


def test_the_page_of_nights_links_each_report(three):
    page = (three / "job/nights.html").read_text()
    assert "Version 3 is served, trained in the night of 2026-11-03." in page
    assert 'href="nights/2026-11-02/run/report.html"' in page
    assert (three / "job/nights/2026-11-02/run/report.html").exists()


def test_vocabularies_grow_and_old_ids_keep_their_rows(three):
    words = [
        (three / f"job/nights/2026-11-0{n}/data/vocabularies/user_id.txt").read_text().split()
        for n in (1, 2)
    ]
    assert words[1][: len(words[0])] == words[0]
    assert len(words[1]) > len(words[0])


def test_the_newest_versions_stay_and_the_newest_is_served(three):
    names = sorted(path.name for path in (three / "job/export").iterdir())
    assert names == ["2", "3"]
    assert newest_version(three / "job/export").name == "3"


def test_a_night_that_was_killed_behind_its_publication_is_not_published_twice(three):
    ledger = Ledger(three / "job")
    path, before = ledger.night("2026-11-03") / "NIGHT.json", ledger.read("2026-11-03") or {}
    path.unlink()
    after = night(three, "2026-11-03")
    assert after | {"seconds": 0} == before | {"seconds": 0}
    assert [each.version for each in ledger.versions()] == [1, 2, 3]


def test_the_same_night_again_does_nothing(job):
    before = (job / "job/nights/2026-11-03/NIGHT.json").read_bytes()
    assert night(job, "2026-11-03")["version"] == 3
    assert (job / "job/nights/2026-11-03/NIGHT.json").read_bytes() == before
    shutil.rmtree(job / "job/nights/2026-11-02")
    with pytest.raises(LedgerError, match="2026-11-02 is before 2026-11-03"):
        night(job, "2026-11-02")


def test_a_day_unlike_the_days_before_stops_until_it_is_allowed(job):
    write_day(job, "2026-11-04", rows=200, price=lambda price: price * 1000)
    stopped = night(job, "2026-11-04")
    assert stopped["status"] == "stopped"
    assert "200 rows; usual are 640, and 320 to 1,280 are allowed" in stopped["reason"]
    assert "feature 'price': mean" in stopped["reason"]
    assert not (job / "job/nights/2026-11-04/run").exists()
    half = night(job, "2026-11-04", allowed=["rows"])
    assert "rows" not in half["reason"]
    assert night(job, "2026-11-04", allowed=["rows", "price"])["status"] == "accepted"


def test_a_worse_model_is_refused_and_the_next_night_begins_from_the_last_good_one(job):
    random = np.random.default_rng(0)
    write_day(job, "2026-11-04")
    ruined = night(job, "2026-11-04", "set=['optimizer.dense.learning_rate=1000.0', "
                   "'optimizer.embeddings.learning_rate=1000.0']")  # fmt: skip
    assert ruined["status"] in ("refused", "diverged")
    assert ruined["reason"]
    assert newest_version(job / "job/export").name == "3"
    write_day(job, "2026-11-05", click=lambda click: random.permutation(click))
    checks = "{kind='size'}, {kind='latency', largest_ms=60000.0}"
    after = night(job, "2026-11-05", f"gate={{checks=[{checks}], resamples=10}}")
    assert after["status"] == "accepted"
    values = {f["check"]: f["candidate"] for f in after["gate"]["findings"]}
    assert 0.01 < values["size"] < 10
    assert values["latency"] > 0
    begun = json.loads((job / "job/nights/2026-11-05/run/RESULT.json").read_text())
    assert "2026-11-03" in json.dumps(begun["start"])


def test_rows_of_more_days_and_forgotten_ids_outlast_a_kill(job):
    old = job / "job/nights/2026-11-03/data"
    (old / "last_seen").mkdir()
    for path in (old / "vocabularies").iterdir():
        values = path.read_text().split("\n")[:-1]
        is_gone = [path.stem == "user_id" and int(value) >= 30 for value in values]
        dates = ("2026-11-02\n" if gone else "2026-11-03\n" for gone in is_gone)
        (old / "last_seen" / path.name).write_text("".join(dates))
    write_day(job, "2026-11-04")
    more = ("days.train_days=2", "days.forget_after_days=2", "set=['train.epochs=1.0']")

    def say(line):
        if line.startswith("Judging"):
            raise InterruptedError

    with pytest.raises(InterruptedError):
        night(job, "2026-11-04", *more, hooks=Hooks(is_stopping=lambda: False, say=say))
    found = night(job, "2026-11-04", *more)
    assert found["status"] == "accepted"
    run = job / "job/nights/2026-11-04/run"
    events = map(json.loads, (run / "events.jsonl").read_text().splitlines())
    (begun,) = [event for event in events if event["kind"] == "begun_from"]
    assert begun["vocabularies"]["user_id"] == {"kept": 30, "new": 0, "left": 15}
    rows = json.loads((run / "RESULT.json").read_text())["rows"]
    assert rows["test"] == 64
    assert found["run"]["attempts"] == (640 + 512) // 32


def test_a_day_that_is_not_whole_is_waited_for(job):
    write_day(job, "2026-11-04")
    (job / "logs/day=2026-11-04/_SUCCESS").unlink()
    with pytest.raises(LedgerError, match="_SUCCESS: not there, so the day 2026-11-04 is not"):
        night(job, "2026-11-04")
    with pytest.raises(LedgerError, match=r"not there|no such file"):
        night(job, "2026-11-05")
    assert newest_version(job / "job/export").name == "3"


def test_the_way_back_serves_the_model_before_as_the_newest(job):
    published = roll_back(Ledger(job / "job"), keep=5)
    assert published == (4, "2026-11-02")
    origins = [(job / f"job/export/{v}/assets.extra/origin.json").read_text() for v in (2, 4)]
    assert origins[0] == origins[1]
    assert roll_back(Ledger(job / "job"), keep=5) == (5, "2026-11-01")
    lines: list[str] = []
    hooks = Hooks(is_stopping=lambda: False, say=lines.append)
    assert night(job, "2026-11-03", hooks=hooks)["status"] == "accepted"
    assert lines == ["The night of 2026-11-03 is over: accepted, and rolled back since"]
    with pytest.raises(LedgerError, match="no version to go back to: 2026-11-01 is the first"):
        roll_back(Ledger(job / "job"), keep=5)


@pytest.mark.parametrize("harm", ["deleted", "damaged"])
def test_a_served_version_that_is_harmed_is_served_again(job, harm):
    version = job / "job/export/3"
    if harm == "deleted":
        shutil.rmtree(version)
    else:
        (version / "saved_model.pb").write_bytes(b"no model")
    write_day(job, "2026-11-04")
    (job / "logs/day=2026-11-04/_SUCCESS").unlink()
    with pytest.raises(LedgerError):  # whatever becomes of the night
        night(job, "2026-11-04")
    assert newest_version(job / "job/export").name == "4"
    assert Ledger(job / "job").served() == (4, "2026-11-03")


def test_versions_of_nobody_are_not_deleted(job):
    (job / "job/versions.json").unlink()
    write_day(job, "2026-11-04")
    with pytest.raises(LedgerError, match="versions 2, 3 are of no night that"):
        night(job, "2026-11-04")
    assert newest_version(job / "job/export").name == "3"
