"""The comparison as a user runs it: results, resuming, refusals, signals."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from sample_comparison import write_comparison

pytestmark = pytest.mark.slow  # each test starts processes that load TensorFlow

ROOT = Path(__file__).parents[2]


def start(config, workdir, *flags):
    command = [sys.executable, "-m", "pipelines.compare", f"--config={config}"]
    return subprocess.Popen(
        [*command, f"--workdir={workdir}", *flags],
        cwd=ROOT,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process):
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def times(workdir):
    return {path.name: path.stat().st_mtime_ns for path in (workdir / "runs").glob("*.parquet")}


def test_compares_reports_and_then_has_nothing_left_to_do(tmp_path, prepared):
    config, workdir = write_comparison(tmp_path, prepared), tmp_path / "run"
    code, out, err = finish(start(config, workdir))
    assert code == 0, err
    assert "report.html" in out
    table = pd.read_parquet(workdir / "results.parquet")
    assert list(table.stage.value_counts()[["tune", "final"]]) == [4, 8]
    assert set(table.status) == {"completed"}
    assert table[table.safeguard == "gc"].groupby("stage").knob_value.nunique().to_dict() == {
        "final": 1,
        "tune": 2,
    }
    facts = json.loads((workdir / "comparison.json").read_text())
    assert facts["planned"] == len(table)
    assert "<html" in (workdir / "report.html").read_text("utf-8")
    before = times(workdir)
    assert len(before) == 12
    assert finish(start(config, workdir))[0] == 0
    assert times(workdir) == before


def test_killed_it_goes_on_with_what_is_missing(tmp_path, prepared):
    config, workdir = write_comparison(tmp_path, prepared, passes=8), tmp_path / "run"
    process = start(config, workdir)
    while process.poll() is None and len(times(workdir) if workdir.exists() else {}) < 3:
        time.sleep(0.05)
    process.kill()
    process.communicate()
    before = times(workdir)
    assert 3 <= len(before) < 12
    code, _, err = finish(start(config, workdir))
    assert code == 0, err
    assert before.items() <= times(workdir).items()
    assert len(times(workdir)) == 12


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_keeps_what_is_done(tmp_path, prepared, number):
    config, workdir = write_comparison(tmp_path, prepared, passes=8), tmp_path / "run"
    process = start(config, workdir)
    while process.poll() is None and len(times(workdir) if workdir.exists() else {}) < 1:
        time.sleep(0.05)
    process.send_signal(number)
    code, _, err = finish(process)
    assert code == 128 + number
    assert "the same command goes on" in err
    assert not (workdir / "report.html").exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--set=rates=[2, 1]"], "rates must be > 0 and rising"),
        (["--set=primary=like.aucc"], "primary 'like.aucc' is none of loss, like.auc"),
        (["--set=set=['data.path=/nowhere']"], "/nowhere/schema.toml"),
        (["--set=set=['model.tower_unit=[3]']"], "Did you mean 'tower_units'?"),
        (["--set=base=missing.toml"], "missing.toml: No such file"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(tmp_path, prepared, flags, said):
    config = write_comparison(tmp_path, prepared)
    code, out, err = finish(start(config, tmp_path / "run", *flags))
    assert (code, out) == (2, "")
    lines = [line for line in err.splitlines() if line.startswith("compare: ")]
    assert len(lines) == 1
    assert said in lines[0]
    assert "Traceback" not in err
