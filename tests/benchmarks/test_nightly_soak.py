"""What the soak of nights takes for a stage, and for the same end."""

from collections import Counter

import pytest
from without_flags import load

from benchmarks.soak_compare import SoakError
from benchmarks.thirty_days import Size
from ranker.files import write_sealed

soak, logs = load("nightly_soak"), load("nightly_logs")
NIGHT = {"status": "accepted", "seconds": 3.0, "gate": {"findings": [{"check": "fall"}]}}
DATE = "2026-11-02"


def end(folder, **change):
    """What a night leaves of what is compared here."""
    night = folder / "job" / "nights" / DATE
    night.mkdir(parents=True)
    for name in ("facts.json", "progressive.json", "gate.json"):
        write_sealed(night / name, {"rows": 3})
    write_sealed(night / "NIGHT.json", NIGHT | change)
    write_sealed(folder / "job" / "versions.json", {"versions": []})
    return folder


@pytest.fixture(autouse=True)
def _without_runs(monkeypatch):
    monkeypatch.setattr(soak.soak_ends, "compare", lambda reference, job: None)


def test_seconds_alone_may_differ(tmp_path):
    one, other = end(tmp_path / "a"), end(tmp_path / "b", seconds=4.0)
    soak.compare(one, other, DATE)
    third = end(tmp_path / "c", gate={"findings": [{"check": "scores"}]})
    with pytest.raises(SoakError, match=r'NIGHT.json: gate: findings: .*"scores".*not .*"fall"'):
        soak.compare(one, third, DATE)


def test_what_is_served_and_what_is_left_behind_are_compared(tmp_path):
    one, other = end(tmp_path / "a"), end(tmp_path / "b")
    (other / "job/export/.writing").mkdir(parents=True)
    with pytest.raises(SoakError, match=r"left behind: .*writing"):
        soak.compare(one, other, DATE)
    write_sealed(other / "job" / "versions.json", {"versions": [1]})
    with pytest.raises(SoakError, match=r"versions\.json"):
        soak.compare(one, other, DATE)


def test_a_stage_goes_on_until_its_file_is_there(tmp_path):
    for name, path in soak.STAGES.items():
        assert soak.stage(tmp_path) == name
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert soak.stage(tmp_path) == "over"


def test_a_kill_counts_where_it_was_aimed_and_where_it_fell():
    counts = Counter({("train", "train"): 2, ("train", "export"): 1, ("publish", "over"): 1})
    found = dict(line[2:-2].split(" | ", 1) for line in soak.table({"train": 4.0}, counts))
    assert found["train"] == "4.00 | 3 | 2"
    assert found["export"] == "0.00 | 0 | 1"
    assert found["over"] == "0.00 | 0 | 1"
    assert found["publish"] == "0.00 | 1 | 0"


def test_a_job_s_days_are_whole_and_its_dates_go_forward(tmp_path):
    logs.write_job(tmp_path, batch_size=8)
    size = Size(nights=1, rows=50, users=9, items=5, new_users=1, new_items=1)
    logs.write_days(tmp_path, size, 0)
    for number, date in ((1, "2026-11-01"), (2, DATE)):
        assert logs.date_of(number) == date
        assert (tmp_path / f"logs/day={date}/_SUCCESS").exists()
        assert (tmp_path / f"logs/day={date}/rows.parquet").exists()
    assert logs.date_of(31) == "2026-12-01"
