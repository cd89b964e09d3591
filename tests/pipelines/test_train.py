"""The training program, run as a user runs it: results, refusals, kills, signals."""

import json
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import small_jobs
from programs import call, call_warm, finish, start

from ranker import job
from ranker.files import LockError
from ranker.train import hold
from ranker.train.checkpoint_files import read_checkpoint

pytestmark = pytest.mark.slow  # each test is a process or two

PLAIN = "--set=export.enabled=false"
DEADLY = ("--set=optimizer.dense.learning_rate=1e30", "--set=clip=[]")


def train(config, workdir, *flags):
    return start("train", f"--config={config}", f"--workdir={workdir}", *flags)


def train_warm(config, workdir, *flags):
    return call_warm("train", f"--config={config}", f"--workdir={workdir}", *flags)


def wait_for_checkpoint(process, workdir):
    """Waits until a numbered checkpoint has been written, or the process ended."""
    while process.poll() is None and not list((workdir / "checkpoints").glob("[0-9]*")):
        time.sleep(0.01)


def variables(checkpoint):
    with np.load(checkpoint / "variables.npz") as arrays:
        return {name: arrays[name].tobytes() for name in arrays.files}


def result_of(workdir):
    return json.loads((workdir / "RESULT.json").read_text())


def test_a_run_leaves_what_the_readme_says(whole):
    result, workdir = whole.result, whole.workdir
    assert result["status"] == "completed"
    assert result["step"] == 100
    assert result["metrics"]["test"]["like"]["auc"] > 0.8
    assert result["metrics"]["validation"]["rating"]["rows"] == 100
    assert set(result) >= {"seconds", "peak_memory_mb", "input_bound_share", "refused"}
    assert "completed after 100 steps" in whole.said
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    assert [line["attempt"] for line in lines if "loss" in line] == list(range(5, 101, 5))
    assert [line["attempt"] for line in lines if "validation" in line] == [20, 40, 60, 80, 100]
    assert 0 <= min(lines[0]["clip_factors"].values()) <= 1
    assert {line["gradient_norm"] > 0 for line in lines if "loss" in line} == {True}
    assert lines[0]["scalars"].keys() == {
        "gradient_norm/dense", "gradient_norm/embeddings", "update_norm",
    }  # fmt: skip
    assert (workdir / "events.jsonl").read_text() == ""
    command = json.loads((workdir / "environment.json").read_text())["command"]
    flags = [f"--config={whole.config}", f"--workdir={workdir}"]
    assert command == ["python", "-m", "pipelines.train", *flags]
    assert list((workdir / "tensorboard").glob("events*"))


def test_a_run_that_was_killed_ends_bit_for_bit_as_one_that_was_not(whole, tmp_path):
    run = tmp_path / "run"
    killed = train(whole.config, run, PLAIN)
    wait_for_checkpoint(killed, run)
    killed.send_signal(signal.SIGKILL)
    assert finish(killed)[0] == -signal.SIGKILL
    assert not (run / "RESULT.json").exists()
    code, _, err = finish(train(whole.config, run, PLAIN))
    assert code == 0, err
    assert "Resuming after attempt" in err
    again = result_of(run)
    assert again["metrics"] == whole.result["metrics"]
    assert again["step"] == whole.result["step"]
    assert small_jobs.logs(run) == small_jobs.logs(whole.workdir)
    for checkpoint in ("best", "000000000100"):
        path = Path("checkpoints") / checkpoint
        assert variables(run / path) == variables(whole.workdir / path)


def test_a_signal_saves_and_says_that_it_can_go_on(whole, tmp_path):
    run = tmp_path / "run"
    process = train(whole.config, run, PLAIN, "--set=train.epochs=4000")
    wait_for_checkpoint(process, run)
    process.send_signal(signal.SIGTERM)
    for again in (signal.SIGINT, signal.SIGTERM):  # while it saves, or is about to
        time.sleep(0.02)
        process.send_signal(again)
    code, out, err = finish(process)
    assert code == 143, err
    assert result_of(run)["status"] == "preempted"
    assert "preempted after" in out
    checkpoints = [p for p in (run / "checkpoints").iterdir() if not p.name.startswith(".")]
    attempts = [int(read_checkpoint(path).arrays["attempts"]) for path in checkpoints]
    assert max(attempts) == result_of(run)["attempts"]


def test_an_interrupt_saves_and_ends_with_130(whole, tmp_path):
    run = tmp_path / "run"
    process = train(whole.config, run, PLAIN, "--set=train.epochs=4000")
    wait_for_checkpoint(process, run)
    process.send_signal(signal.SIGINT)
    code, _, err = finish(process)
    assert code == 130, err
    assert "SIGINT received: stopping once what is being done is saved\n" in err
    assert result_of(run)["status"] == "preempted"
    assert (run / f"checkpoints/{result_of(run)['attempts']:012d}").exists()


def test_a_hangup_saves_and_ends_with_129(whole, tmp_path):
    run = tmp_path / "run"
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup a run goes on
    process = train(whole.config, run, PLAIN, "--set=train.epochs=4000")
    signal.signal(signal.SIGHUP, before)
    wait_for_checkpoint(process, run)
    process.send_signal(signal.SIGHUP)
    code, _, err = finish(process)
    assert code == 129, err
    assert result_of(run)["status"] == "preempted"
    assert (run / f"checkpoints/{result_of(run)['attempts']:012d}").exists()


def test_a_directory_that_is_deleted_under_a_run_ends_it(whole, tmp_path):
    run = tmp_path / "run"
    process = train(whole.config, run, PLAIN, "--set=train.epochs=4000")
    wait_for_checkpoint(process, run)
    run.rename(tmp_path / "gone")  # at once, as no deletion is
    code, _, err = finish(process)
    assert code == 2, err
    assert err.splitlines()[-1].startswith(f"train: {run}: deleted while this job ran in it")
    assert not run.exists()


def test_a_directory_that_another_job_has_replaced_is_let_be(whole, tmp_path):
    run, replaced = tmp_path / "run", []
    config = small_jobs.read_settings(whole.config, "export.enabled=false")

    def replace():
        if not replaced:
            run.rename(tmp_path / "gone")
            shutil.copytree(whole.workdir, run)
            replaced.extend(sorted(run.rglob("*")))
        return False

    with hold(run) as held:
        job.open_run_directory(config, run, command=[])
        with pytest.raises(LockError, match="run: replaced while this job ran in it"):
            job.run_job(config, run, is_stopping=replace, say=lambda _: None, check=held.check)
    assert sorted(run.rglob("*")) == replaced
    assert result_of(run) == whole.result


def test_a_misspelt_path_does_not_cost_the_directory(whole, tmp_path):
    run = tmp_path / "run"
    code, _, err = finish(train(whole.config, run, PLAIN, f"--set=data.path={tmp_path}/nowhere"))
    assert code == 2
    assert "This prepares them: python -m pipelines.prepare --dataset=" in err.splitlines()[-1]
    assert err.splitlines()[-1] == f"train: {result_of(run)['reason']}"
    config = small_jobs.read_settings(whole.config, "export.enabled=false", "train.max_attempts=5")
    job.open_run_directory(config, run, command=[])
    assert small_jobs.run(config, run)["status"] == "completed"


def test_a_dry_run_says_what_it_found_and_writes_nothing(whole, tmp_path):
    run = tmp_path / "run"
    code, out, err = train_warm(whole.config, run, "--dry-run")
    assert code == 0, err
    assert "train              400 rows, 0 of them left out" in out
    assert out.splitlines()[-1] == "dry run: it would run; nothing was written"
    assert not run.exists()
    bad = "--set=inject=[{kind='not_finite', task='rating', share=0.5, start=0, stop=1}]"
    code, out, err = train_warm(whole.config, run, "--dry_run", bad)
    assert code == 3, err
    assert "refused: loss not finite, task rating" in out


def test_a_check_says_every_mistake_on_a_line(whole):
    flags = (
        "--set=train.monitor=like.aux",
        "--set=model.logit_residuals={click='like'}",
        "--check",
    )
    code, out, err = call("train", f"--config={whole.config}", *flags)
    assert code == 2
    assert 'monitor = "like.aux"' in out
    assert [line.partition(":")[0] for line in err.splitlines()] == ["train", "train"]


def test_a_log_has_lines_with_the_time_and_no_noise(whole):
    assert not set("\r") & set(whole.log)
    assert "100 of 100 attempts (100%), loss" in whole.log
    assert not [word for word in ("cuInit", "oneDNN", "absl::") if word in whole.log]


def test_the_same_command_after_the_end_says_the_result_again(whole):
    code, again, _ = train_warm(whole.config, whole.workdir)
    assert (code, again) == (0, whole.said)


def test_other_settings_in_the_same_directory_are_refused_by_name(whole):
    flag = "--set=optimizer.dense.learning_rate=0.3"
    code, _, err = train_warm(whole.config, whole.workdir, flag)
    assert code == 2
    said = f"train: {whole.workdir / 'config.toml'}: a run with other settings is there: "
    assert err.splitlines()[-1].startswith(f"{said}optimizer.dense.learning_rate: 0.05 -> 0.3. ")
    assert "Traceback" not in err


def test_a_run_that_dies_halts_with_3_and_names_the_cause(whole, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    shutil.copy(whole.workdir / "RESULT.json", run)  # another run's: not taken for this one's
    code, out, err = train_warm(whole.config, run, *DEADLY)
    assert code == 3, err
    assert "diverged" in out
    assert result_of(run)["status"] == "diverged"
    assert result_of(run)["reason"] == "too many refusals in a row"
    assert {"attempt", "reason", "task", "first_bad", "try"} <= set(result_of(run)["cause"])
    assert f"first, at attempt {result_of(run)['cause']['attempt']}: " in out
    events = [json.loads(e) for e in (run / "events.jsonl").read_text().splitlines()]
    assert events[-1]["kind"] == "halted"
    assert events[0]["kind"] == "refused"
    assert events[0]["reason"].endswith("not finite")
    assert not (run / "export").exists()


def test_a_full_disk_is_one_line_and_2_and_the_same_command_goes_on(whole, tmp_path):
    run = tmp_path / "run"
    size = (whole.workdir / "checkpoints/best/variables.npz").stat().st_size
    flags = [f"--config={whole.config}", f"--workdir={run}", PLAIN]
    code, _, err = call("train", *flags, limit=f"-f {size // 1024 - 1}")
    assert code == 2, err
    assert err.splitlines()[-1] == f"train: {run / 'checkpoints/best'}: File too large"
    assert list((run / "checkpoints").iterdir()) == []
    assert result_of(run)["status"] == "failed"
    config = small_jobs.read_settings(whole.config, "export.enabled=false")
    assert small_jobs.run(config, run)["metrics"] == whole.result["metrics"]
