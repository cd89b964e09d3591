"""The training program, run as a user runs it: results, refusals, kills, signals."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tiny_dataset import tiny_schema

from ranker.input import read_raw

pytestmark = pytest.mark.slow  # each test is a process or two

ROOT = Path(__file__).parents[2]
CONFIG = """
seed = 5
[data]
path = "{data}"
batch_size = 16
[model]
embedding_width = 4
tower_units = [8]
dropout = 0.2
[model.sharing]
kind = "shared_bottom"
units = [8]
[[clip]]
kind = "clippy"
[train]
passes = {passes}
attempts_per_call = 5
log_every_attempts = 5
evaluate_every_attempts = 20
checkpoint_every_attempts = 20
[export]
enabled = {export}
warmup_requests = 100
"""


def write_config(folder, data, *, passes=4, export=False):
    path = folder / "config.toml"
    text = CONFIG.format(data=data, passes=passes, export=str(export).lower())
    path.write_text(text, encoding="utf-8")
    return path


def start(config, workdir, *flags):
    command = [sys.executable, "-m", "pipelines.train", f"--config={config}"]
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


def wait_for_checkpoint(process, workdir, *, least=1):
    """Waits until `least` numbered checkpoints have been written, or the process ended."""
    seen = set()
    while process.poll() is None and len(seen) < least:
        seen |= {p.name for p in (workdir / "checkpoints").glob("[0-9]*")}
        time.sleep(0.01)


def variables(checkpoint):
    with np.load(checkpoint / "variables.npz") as arrays:
        return {name: arrays[name].tobytes() for name in arrays.files}


def exported_scores(workdir, prepared):
    """Returns the bytes of what the exported model says of the test rows."""
    raw = read_raw(prepared / "test.parquet", tiny_schema(), num_rows=100)
    import tensorflow as tf  # after ranker, which settles on Keras 2

    serve = tf.saved_model.load(str(workdir / "export/1")).signatures["serving_default"]
    scores = serve(**{name: tf.constant(value) for name, value in raw.items()})
    return {task: value.numpy().tobytes() for task, value in scores.items()}


@pytest.fixture(scope="module")
def whole(prepared, tmp_path_factory):
    """A run that nothing disturbed: (config, workdir, result, what it printed)."""
    folder = tmp_path_factory.mktemp("whole")
    config = write_config(folder, prepared, export=True)
    code, out, err = finish(start(config, folder / "run"))
    assert code == 0, err
    return config, folder / "run", json.loads((folder / "run/RESULT.json").read_text()), out


def test_a_run_leaves_what_the_readme_says(whole):
    _, workdir, result, out = whole
    assert result["status"] == "completed"
    assert result["step"] == 100
    assert result["metrics"]["test"]["like"]["auc"] > 0.8
    assert result["metrics"]["validation"]["rating"]["rows"] == 100
    assert set(result) >= {"seconds", "peak_memory_mb", "input_bound_share", "refused"}
    assert "completed after 100 steps" in out
    lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    assert [line["attempt"] for line in lines if "loss" in line] == list(range(5, 101, 5))
    assert [line["attempt"] for line in lines if "validation" in line] == [20, 40, 60, 80, 100]
    assert 0 <= min(lines[0]["clip_factors"].values()) <= 1
    assert (workdir / "events.jsonl").read_text() == ""
    assert list((workdir / "tensorboard").glob("events*"))


def test_a_run_that_was_killed_ends_bit_for_bit_as_one_that_was_not(whole, prepared, tmp_path):
    config, workdir, result, _ = whole
    killed = start(config, tmp_path / "run")
    wait_for_checkpoint(killed, tmp_path / "run")
    killed.send_signal(signal.SIGKILL)
    assert finish(killed)[0] == -signal.SIGKILL
    assert not (tmp_path / "run/RESULT.json").exists()
    code, _, err = finish(start(config, tmp_path / "run"))
    assert code == 0, err
    assert "Resuming after attempt" in err
    again = json.loads((tmp_path / "run/RESULT.json").read_text())
    assert again["metrics"] == result["metrics"]
    assert (tmp_path / "run/metrics.jsonl").read_bytes() == (workdir / "metrics.jsonl").read_bytes()
    assert again["step"] == result["step"]
    assert exported_scores(tmp_path / "run", prepared) == exported_scores(workdir, prepared)
    for checkpoint in ("best", "000000000100"):
        path = Path("checkpoints") / checkpoint
        assert variables(tmp_path / "run" / path) == variables(workdir / path)


def test_a_signal_saves_and_says_that_it_can_go_on(whole, prepared, tmp_path):
    config = write_config(tmp_path, prepared, passes=4000)
    process = start(config, tmp_path / "run")
    wait_for_checkpoint(process, tmp_path / "run")
    process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    code, out, err = finish(process)
    assert code == 143, err
    assert time.monotonic() - asked < 10
    assert json.loads((tmp_path / "run/RESULT.json").read_text())["status"] == "preempted"
    assert "preempted after" in out


def test_the_same_command_after_the_end_says_the_result_again(whole):
    config, workdir, _, out = whole
    code, again, _ = finish(start(config, workdir))
    assert (code, again) == (0, out)


def test_a_result_of_another_run_is_not_taken_for_this_one(whole, prepared, tmp_path):
    _, workdir, _, _ = whole
    (tmp_path / "run").mkdir()
    (tmp_path / "run/RESULT.json").write_bytes((workdir / "RESULT.json").read_bytes())
    config = write_config(tmp_path, prepared, passes=1)
    code, out, err = finish(start(config, tmp_path / "run"))
    assert code == 0, err
    assert "completed after 25 steps" in out


def test_early_stopping_ends_the_run_and_stays_ended(prepared, tmp_path):
    config = write_config(tmp_path, prepared, passes=400)
    flags = ["--set=train.patience_evaluations=2", "--set=optimizer.dense.learning_rate=1.0"]
    code, out, err = finish(start(config, tmp_path / "run", *flags))
    assert code == 0, err
    result = json.loads((tmp_path / "run/RESULT.json").read_text())
    assert result["attempts"] == result["best_attempt"] + 2 * 20
    assert result["attempts"] < 10_000
    (tmp_path / "run/RESULT.json").unlink()
    code, again, err = finish(start(config, tmp_path / "run", *flags))
    assert (code, again) == (0, out)


def test_other_settings_in_the_same_directory_are_refused_by_name(whole):
    config, workdir, _, _ = whole
    code, _, err = finish(start(config, workdir, "--set=optimizer.dense.learning_rate=0.3"))
    assert code == 2
    assert "optimizer.dense.learning_rate: 0.05 -> 0.3" in err
    assert "Traceback" not in err


def test_a_run_that_dies_halts_with_3_and_names_the_cause(prepared, tmp_path):
    config = write_config(tmp_path, prepared, export=True)
    flags = ["--set=optimizer.dense.learning_rate=1e30", "--set=clip=[]"]
    code, out, err = finish(start(config, tmp_path / "run", *flags))
    assert code == 3, err
    assert "diverged" in out
    assert json.loads((tmp_path / "run/RESULT.json").read_text())["status"] == "diverged"
    events = [json.loads(e) for e in (tmp_path / "run/events.jsonl").read_text().splitlines()]
    assert events[-1]["kind"] == "halted"
    assert events[0]["kind"] == "refused"
    assert events[0]["reason"].endswith("not finite")
    assert not (tmp_path / "run/export").exists()


def test_a_run_without_one_finite_evaluation_diverged(prepared, tmp_path):
    config = write_config(tmp_path, prepared, passes=0.2)
    flags = ["--set=optimizer.dense.learning_rate=1e30", "--set=clip=[]"]
    code, _, err = finish(start(config, tmp_path / "run", *flags))
    assert code == 3, err
    events = (tmp_path / "run/events.jsonl").read_text()
    assert "no evaluation was finite" in events


def test_bad_input_is_one_line_and_2(prepared, tmp_path):
    config = write_config(tmp_path, tmp_path / "nowhere")
    code, _, err = finish(start(config, tmp_path / "run"))
    assert code == 2
    assert "nowhere/schema.toml" in err
    assert "Traceback" not in err
    assert json.loads((tmp_path / "run/RESULT.json").read_text())["status"] == "failed"


def test_a_full_disk_is_one_line_and_2_and_the_same_command_goes_on(whole, prepared, tmp_path):
    config, workdir, result, _ = whole
    size = (workdir / "checkpoints/best/variables.npz").stat().st_size
    limited = ["bash", "-c", f'ulimit -f {size // 1024 - 1}; exec "$0" "$@"']
    command = [*limited, sys.executable, "-m", "pipelines.train"]
    command += [f"--config={config}", f"--workdir={tmp_path / 'run'}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    said = f"train: {tmp_path / 'run/checkpoints/best'}: File too large"
    assert done.stderr.splitlines()[-1] == said
    assert list((tmp_path / "run/checkpoints").iterdir()) == []
    assert json.loads((tmp_path / "run/RESULT.json").read_text())["status"] == "failed"
    code, _, err = finish(start(config, tmp_path / "run"))
    assert code == 0, err
    again = json.loads((tmp_path / "run/RESULT.json").read_text())
    assert again["metrics"] == result["metrics"]


def test_a_damaged_checkpoint_is_an_event_that_stays(whole, tmp_path):
    config, workdir, result, _ = whole
    run = tmp_path / "run"
    shutil.copytree(workdir, run)
    (run / "RESULT.json").unlink()
    newest, best = (run / "checkpoints" / name for name in ("000000000100", "best"))
    with (newest / "state.json").open("a") as file:
        file.write(" ")
    code, _, err = finish(start(config, run))
    assert code == 0, err
    assert "Resuming after attempt 80" in err
    (event,) = map(json.loads, (run / "events.jsonl").read_text().splitlines())
    assert event["kind"] == "damaged"
    assert (event["attempt"], event["checkpoint"]) == (80, "000000000100")
    assert event["reason"].startswith("damaged: state.json: sha256 ")
    assert json.loads((run / "RESULT.json").read_text())["metrics"] == result["metrics"]
    assert variables(newest) == variables(workdir / "checkpoints/000000000100")
    (run / "RESULT.json").unlink()
    shutil.rmtree(best)
    for directory in (run / "checkpoints").glob("[0-9]*"):
        (directory / "manifest.json").write_text("{}")
    code, _, err = finish(start(config, run))
    assert code == 2
    assert "delete that folder to train from the start" in err.splitlines()[-1]
    assert len((run / "events.jsonl").read_text().splitlines()) == 1
