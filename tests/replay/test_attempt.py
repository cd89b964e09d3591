"""A refused attempt tried again: the same verdict, to the last bit, and nothing changed."""

import hashlib
import shutil

import pytest
from small_jobs import MODEL, SMALL, read_settings, run, write_settings

from ranker.replay import as_text, replay, text
from ranker.spec import load

pytestmark = pytest.mark.runs

CONFIG = (
    SMALL
    + """clip = [{{kind = "clippy", absolute = 1e-4}}]
[guard]
spike_filter = {{minimum = 4, window = 8, sigmas = 6.0}}
"""
    + MODEL
    + """dropout = 0.2
[train]
max_attempts = 14
attempts_per_call = 4
evaluate_every_attempts = 14
checkpoint_every_attempts = 5
[[inject]]
kind = "noise"
level = 0.1
start = 2
stop = 12
[[inject]]
kind = "not_finite"
task = "rating"
share = 0.3
start = 7
stop = 8
[[inject]]
kind = "gradient_spike"
variable = "embedding/user_id"
factor = 1e38
start = 9
stop = 10
[[inject]]
kind = "task_weight"
task = "rating"
factor = 1e5
start = 12
stop = 13
"""
)


def settle(config, workdir):
    (workdir / "config.toml").write_text(load.dump(config))
    return run(config, workdir)


@pytest.fixture(scope="module")
def workdir(prepared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("replay")
    config = read_settings(write_settings(folder / "config.toml", CONFIG, prepared))
    assert settle(config, folder)["refused"] == 3
    return folder


def again(workdir, attempt):
    return replay(workdir, attempt, say=lambda line: None)


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize(
    ("attempt", "first_bad", "column", "variable"),
    [
        (8, "label", "rating", ""),
        (10, "update", "", "embedding/user_id"),
        (13, "nothing: every value is finite and none is far out", "", ""),
    ],
)
def test_the_verdict_is_the_same_to_the_last_bit(workdir, attempt, first_bad, column, variable):
    before = digests(workdir)
    found = again(workdir, attempt)
    assert found.differing == []
    assert {*found.after} >= {"reason", "losses", "task", "variable", "row"}
    assert repr(found.after["losses"]) == repr(found.before["losses"])
    assert found.after["reason"] == found.before["reason"] != "accepted"
    assert (found.diagnosis.first_bad, found.diagnosis.column, found.diagnosis.variable) == (
        first_bad, column, variable,
    )  # fmt: skip
    assert found.restored == (0 if attempt < 10 else 10 if attempt > 10 else 0)
    assert digests(workdir) == before


def test_the_page_has_the_raw_values_of_the_rows_not_finite(workdir):
    found = again(workdir, 8)
    text = as_text(found)
    assert "Attempt 8, from the start: loss not finite, task rating" in text
    assert "the same as in the run" in text
    row = found.diagnosis.examples[0]
    user = int(found.batch.features["user_id"][row])
    line = next(line.split() for line in text.splitlines() if line.startswith("  user_id"))
    assert line[1] == (str(user + 1) if user < 20 else "unknown")  # the tiny users are 1 to 20
    assert next(line.split()[:3] for line in text.splitlines() if "label rating" in line) == [
        "label",
        "rating",
        "nan",
    ]
    assert "clip factor" in text


@pytest.mark.slow
def test_without_a_checkpoint_it_goes_from_the_start(workdir, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(workdir, copy)
    shutil.rmtree(copy / "checkpoints")
    found = again(copy, 13)
    assert found.restored == 0
    assert found.differing == []


@pytest.mark.slow
def test_a_damaged_checkpoint_is_passed_over(workdir, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(workdir, copy)
    (copy / "checkpoints/000000000010/variables.npz").write_bytes(b"")
    assert again(copy, 13).restored == 0


@pytest.mark.slow
def test_what_differs_is_said(workdir, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(workdir, copy)
    (copy / "incidents/10.parquet").write_bytes((copy / "incidents/8.parquet").read_bytes())
    found = again(copy, 10)
    assert "losses" in found.differing
    assert "other than in the run: attempt, " in as_text(found)


def test_what_cannot_be_replayed_is_said_in_a_sentence(workdir, tmp_path):
    with pytest.raises(ValueError, match="no batch of attempt 9 is kept; there are those of 8, 10"):
        again(workdir, 9)
    copy = tmp_path / "run"
    copy.mkdir()
    with pytest.raises(FileNotFoundError, match="no run here"):
        again(copy, 8)
    shutil.copy(workdir / "config.toml", copy)
    with pytest.raises(ValueError, match="incidents: no batch is kept; there is none"):
        again(copy, None)
    shutil.copy(workdir / "events.jsonl", copy)
    for attempt in (8, None):
        with pytest.raises(ValueError, match=r"incidents/8\.parquet: gone: the run kept it there"):
            again(copy, attempt)
    shutil.copytree(workdir / "incidents", copy / "incidents")
    text = (copy / "config.toml").read_text().replace("batch_size = 16", "batch_size = 8")
    (copy / "config.toml").write_text(text)
    with pytest.raises(ValueError, match="it is of other settings"):
        again(copy, 8)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ([], ""),
        (["a" * 24], "a" * 24),
        (["a" * 25], "a" * 21 + "..."),
        (["12", "345"], "12|345"),
        ([str(n) for n in range(100, 150)], "100|101|102|103|... (50)"),
    ],
)
def test_a_long_list_is_cut_to_what_a_terminal_holds(words, shown):
    assert text.shortened(words) == shown
