"""The comparison as a user runs it: results, resuming, refusals, signals."""

import json
import signal
import time

import pandas as pd
import pytest
from programs import call, finish, start
from sample_comparison import write_comparison

# One: each worker loads TensorFlow and compiles. That there may be more is `test_pool`'s.
ALONE = "--set=workers=1"


def compare(config, workdir, *flags):
    return start("compare", f"--config={config}", f"--workdir={workdir}", ALONE, *flags)


def times(workdir):
    return {path.name: path.stat().st_mtime_ns for path in (workdir / "runs").glob("*.parquet")}


def wait_for_runs(process, workdir, *, least):
    """Waits until so many runs are finished, or the process ended."""
    while process.poll() is None and len(times(workdir)) < least:
        time.sleep(0.02)


@pytest.mark.slow
def test_stopped_and_killed_it_goes_on_reports_and_has_nothing_left_to_do(tmp_path, prepared):
    config, workdir = write_comparison(tmp_path, prepared, passes=8), tmp_path / "run"
    process = compare(config, workdir)
    wait_for_runs(process, workdir, least=1)
    process.send_signal(signal.SIGINT)
    code, _, err = finish(process)
    assert code == 130
    assert "the same command goes on" in err
    assert not (workdir / "report.html").exists()
    stopped = times(workdir)
    assert 1 <= len(stopped) < 12

    process = compare(config, workdir)
    wait_for_runs(process, workdir, least=len(stopped) + 2)
    process.kill()
    process.communicate()
    killed = times(workdir)
    assert stopped.items() <= killed.items()
    assert len(stopped) + 2 <= len(killed) < 12

    code, out, err = finish(compare(config, workdir))
    assert code == 0, err
    assert killed.items() <= times(workdir).items()
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
    assert finish(compare(config, workdir))[0] == 0
    assert times(workdir) == before


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--set=rates=[2, 1]", "rates must be > 0 and rising"),
        ("--set=set=['model.tower_unit=[3]']", "Did you mean 'tower_units'?"),
        ("--set=base=missing.toml", "missing.toml: No such file"),
        # The data are read with what loads TensorFlow.
        pytest.param(
            "--set=set=['data.path=/nowhere']", "/nowhere/schema.toml", marks=pytest.mark.slow
        ),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_2(tmp_path, prepared, flag, said):
    config = write_comparison(tmp_path, prepared)
    code, out, err = call("compare", f"--config={config}", f"--workdir={tmp_path / 'run'}", flag)
    assert (code, out) == (2, "")
    lines = [line for line in err.splitlines() if line.startswith("compare: ")]
    assert len(lines) == 1
    assert said in lines[0]
    assert "Traceback" not in err
