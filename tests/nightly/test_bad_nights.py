"""Bad days and bad nights: what is said, what stays in service, and what the next begins from."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from nights import ended, night, write_day

from ranker.nightly.ledger import Ledger
from ranker.nightly.publish import roll_back

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SERVED = (3, "2026-11-03")


def rows_of(job, date):
    """The file of a day's rows."""
    return job / f"logs/day={date}/impressions.jsonl"


def begun_from(job, date):
    """What the run of a night was told to begin from."""
    return json.loads((job / f"job/nights/{date}/run/RESULT.json").read_text())["start"]["from"]


def require_served(job, served, *versions):
    """Holds that this is in service, beside these versions and nothing half written."""
    assert Ledger(job / "job").served() == served
    assert Ledger(job / "job").served_before("2026-12-01") == served
    names = {path.name for path in (job / "job/export").iterdir()}
    assert names == {*versions, str(served[0])}


def cut(path):
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:90]))


def give_again(path):
    shutil.copy(rows_of(path.parents[2], "2026-11-03"), path)


BAD_DAYS = {
    "missing": ("2026-11-04", lambda path: shutil.rmtree(path.parent), "_SUCCESS: not there, so"),
    "without its file": ("2026-11-04", Path.unlink, "no file 'impressions.jsonl' in it"),
    "empty": ("2026-11-04", lambda path: path.write_text(""), "empty file: it holds no rows"),
    "cut": ("2026-11-04", cut, " rows; usual are 640, and 320 to 1,280 are allowed"),
    "again": ("2026-11-04", give_again, "is it a day that was there before?"),
    "late": ("2026-10-31", lambda path: None, "2026-10-31 is before 2026-11-03, whose model was"),
}


@pytest.mark.parametrize("case", BAD_DAYS)
def test_a_bad_day_is_said_and_changes_nothing_in_service(job, case):
    date, harm, said = BAD_DAYS[case]
    write_day(job, date)
    harm(rows_of(job, date))
    code, line = ended(job, date)
    assert (code, said in line, len(line.splitlines())) == (2, True, 1), line
    require_served(job, SERVED, "2")


def test_a_day_that_was_stopped_is_read_anew_and_trains_on_from_the_last_good_one(job):
    assert ended(job, "2026-11-04")[0] == 2  # never came
    write_day(job, "2026-11-05")
    whole = rows_of(job, "2026-11-05").read_bytes()
    cut(rows_of(job, "2026-11-05"))
    assert ended(job, "2026-11-05")[0] == 2
    assert Ledger(job / "job").read("2026-11-05")["status"] == "stopped"
    rows_of(job, "2026-11-05").write_bytes(whole)
    code, line = ended(job, "2026-11-05")
    assert (code, line.endswith("2026-11-05: accepted")) == (0, True), line
    require_served(job, (4, "2026-11-05"), "3")
    assert begun_from(job, "2026-11-05").endswith("2026-11-03/run")


def test_a_disk_that_is_full_costs_no_stage_that_was_over(job, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_day(job, "2026-11-04")
    places = {
        "ranker.serve.saved_model.write_manifest": "run/export",
        "ranker.nightly.publish.shutil.copyfile": "job/export/4",
        "ranker.nightly.ledger.write_sealed": "job/versions.json",
    }
    for place, named in places.items():
        with monkeypatch.context() as patch:
            patch.setattr(place, full)
            code, line = ended(job, "2026-11-04")
        assert code == 2
        assert line.endswith("No space left on device"), line
        assert named in line or place.endswith("write_sealed"), line
        require_served(job, SERVED, "2", *(["4"] if place.endswith("write_sealed") else []))
    assert ended(job, "2026-11-04")[0] == 0
    require_served(job, (4, "2026-11-04"), "3")
    attempts = (job / "job/nights/2026-11-04/run/events.jsonl").read_text().count('"begun_from"')
    assert attempts == 1


@pytest.mark.parametrize("is_gone", [True, False])
def test_what_cannot_be_served_again_is_not_and_the_one_before_can(job, is_gone):
    write_day(job, "2026-11-04")
    for version in (job / "job/export/3", job / "job/nights/2026-11-03/run/export/1"):
        if is_gone:
            shutil.rmtree(version)
        else:
            (version / "saved_model.pb").write_bytes(b"no model")
    there = {path.name for path in (job / "job/export").iterdir()}
    for _ in range(2):
        code, line = ended(job, "2026-11-04")
        assert (code, "serve another by --rollback" in line) == (2, True), line
        assert {path.name for path in (job / "job/export").iterdir()} == there
    assert roll_back(Ledger(job / "job"), keep=5) == (4, "2026-11-02")
    assert night(job, "2026-11-04")["status"] == "accepted"
    assert begun_from(job, "2026-11-04").endswith("2026-11-02/run")


def test_a_checkpoint_of_the_served_night_that_is_damaged_is_named(job):
    write_day(job, "2026-11-04")
    for path in (job / "job/nights/2026-11-03/run/checkpoints").rglob("variables.npz"):
        path.write_bytes(path.read_bytes()[:-9])
    code, line = ended(job, "2026-11-04")
    assert (code, "variables.npz" in line, "begin from another run" in line) == (2, True, True), (
        line
    )
    require_served(job, SERVED, "2")


def test_of_two_nights_at_once_the_second_is_refused_and_the_first_ends(job):
    for date in ("2026-11-04", "2026-11-05"):
        write_day(job, date)
    command = [sys.executable, "-m", "pipelines.nightly", f"--config={job / 'nightly.toml'}"]
    command.append(f"--workdir={job / 'job'}")
    first = subprocess.Popen([*command, "--date=2026-11-04"], cwd=ROOT, text=True,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip
    try:
        for line in first.stderr:
            if line.startswith("Preparing the day"):
                break
        first.send_signal(signal.SIGSTOP)
        second = subprocess.run([*command, "--date=2026-11-05"], cwd=ROOT, text=True, check=False,
                                capture_output=True)  # fmt: skip
        first.send_signal(signal.SIGCONT)
        said = first.communicate()[1]
    finally:
        first.kill()
        first.wait()
    assert second.returncode == 2
    assert second.stderr.endswith("job: another job is running in it\n")
    assert len(second.stderr.splitlines()) == 1
    assert first.returncode == 0, said
    assert said.endswith("2026-11-04: accepted\n")
    assert not (job / "job/nights/2026-11-05").exists()
    require_served(job, (4, "2026-11-04"), "3")
