"""The comparison as a user runs it: results, resuming, refusals, signals."""

import json
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
from programs import call, finish, start
from sample_comparison import write_comparison

pytestmark = pytest.mark.runs

# One: each worker loads TensorFlow and compiles. That there may be more is `test_pool`'s.
ALONE = "--set=workers=1"
CLOCK = ["seconds", "seconds_per_attempt", "evaluated_seconds"]


def compare(config, workdir, *flags):
    return start("compare", f"--config={config}", f"--workdir={workdir}", ALONE, *flags)


NO_SUCH_COLUMN = """
[[injectors]]
name = "none"
[[injectors]]
name = "bad"
set = ["inject=[{kind = 'feature_scale', feature = 'nonesuch', start = 5, stop = 9}]"]
"""


def children(pid):
    """Returns the processes that `pid` has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def damage(path):
    """Flips a bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def times(workdir):
    return {path.name: path.stat().st_mtime_ns for path in (workdir / "runs").glob("*.parquet")}


def wait_for_runs(process, workdir, *, least):
    """Waits until so many runs are finished, or the process ended."""
    while process.poll() is None and len(times(workdir)) < least:
        time.sleep(0.02)


@pytest.mark.slow
def test_stopped_and_killed_it_goes_on_reports_and_has_nothing_left_to_do(tmp_path, prepared):
    config, workdir = write_comparison(tmp_path, prepared, epochs=8, dropout=0), tmp_path / "run"
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
    workers = children(process.pid)
    process.kill()
    process.communicate()  # which the workers, who write to the same pipes, would hold open
    assert workers
    for _ in range(600):  # the kernel takes a moment to end what has much memory
        if not any(map(is_alive, workers)):
            break
        time.sleep(0.1)
    assert not any(map(is_alive, workers))
    killed = times(workdir)
    assert stopped.items() <= killed.items()
    assert len(stopped) + 2 <= len(killed) < 12

    path = next((workdir / "runs").glob("*.parquet"))
    whole = pd.read_parquet(path)
    damage(path)
    code, out, err = finish(compare(config, workdir))
    assert code == 0, err
    assert f"{path}: damaged, so not used: made again" in err
    (again,) = (workdir / "runs").glob(f"{path.name.partition('-')[0]}-*.parquet")
    pd.testing.assert_frame_equal(
        pd.read_parquet(again).drop(columns=CLOCK), whole.drop(columns=CLOCK)
    )
    del killed[path.name]
    assert killed.items() <= times(workdir).items()
    assert "report.html" in out
    table = pd.read_parquet(workdir / "results.parquet")
    assert list(table.stage.value_counts()[["tune", "final"]]) == [4, 8]
    assert set(table.status) == {"completed"}
    assert table[table.safeguard == "gc"].groupby("stage").tuned_value.nunique().to_dict() == {
        "final": 1,
        "tune": 2,
    }
    metadata = json.loads((workdir / "comparison.json").read_text())
    assert metadata["planned"] == len(table)
    flags = [f"--config={config}", f"--workdir={workdir}", ALONE]
    assert metadata["environment"]["command"] == ["python", "-m", "pipelines.compare", *flags]
    assert "schema.toml" in metadata["data"][str(prepared)]
    assert "<html" in (workdir / "report.html").read_text("utf-8")

    before = times(workdir)
    assert len(before) == 12
    damage(workdir / "results.parquet")
    code, _, err = finish(compare(config, workdir))
    assert code == 0, err
    assert f"{workdir / 'results.parquet'}: not what comparison.json says of it" in err
    assert times(workdir) == before
    pd.testing.assert_frame_equal(pd.read_parquet(workdir / "results.parquet"), table)


@pytest.mark.slow
def test_runs_that_fail_are_told_with_2_and_tried_again_by_the_same_command(tmp_path, prepared):
    config, workdir = (
        write_comparison(tmp_path, prepared, dropout=0, more=NO_SUCH_COLUMN),
        tmp_path / "run",
    )
    few = ("--set=rates=[0.05]", "--set=seeds=[3]")
    seen: dict[str, int] = {}
    for _ in range(2):
        code, out, err = finish(compare(config, workdir, *few))
        assert code == 2
        assert (
            f"compare: 4 of 8 runs failed and are in no number of the report; "
            f"{workdir / 'report.html'} says why; the same command tries them again"
        ) in err.splitlines()
        assert out.startswith("Which safeguard to switch on\n")
        assert "Diverged / tried" not in out
        assert "nonesuch" in (workdir / "report.html").read_text("utf-8")
        table = pd.read_parquet(workdir / "results.parquet")
        failed = {f"{key}-" for key in table[table.status == "failed"].run}
        now = times(workdir)
        kept = {name for name in seen if now.get(name) == seen[name]}
        assert len(kept) == (4 if seen else 0)
        assert not any(name.startswith(key) for name in kept for key in failed)
        seen = now


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--set=rates=[2, 1]", "rates must be > 0 and rising"),
        ("--set=set=['model.tower_unit=[3]']", "Did you mean 'tower_units'?"),
        ("--set=base=missing.toml", "missing.toml: No such file"),
        ("--address=head:6379", "--address=head:6379 is a Ray cluster's: give --on=ray with it"),
        # The data are read with what loads TensorFlow.
        pytest.param(
            "--set=set=['data.path=/nowhere']",
            "/nowhere: no prepared data there",
            marks=pytest.mark.slow,
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
