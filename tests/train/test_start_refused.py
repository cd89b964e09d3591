"""From which run another cannot begin, and what it is told."""

import shutil

import pytest
from begun_runs import begin, change_file, from_run
from small_jobs import at_call, read_settings

from ranker import train, wiring
from ranker.replay import replay
from ranker.train import CheckpointError, RunDirectoryError

pytestmark = pytest.mark.runs


@pytest.fixture
def read(ended):
    return lambda *overrides: read_settings(ended / "config.toml", *overrides)


REFUSED = {
    "model.embedding_width=5": r"another model: model\.embedding_width: 4 -> 5$",
    "model.encoding.num_unknown=3": r"model\.encoding\.num_unknown: 2 -> 3",
    'data.features=["user_id","item_id","gender"]': r"features: \['user_id', .*\] -> \['user_id'",
    'data.tasks=["like"]': r"tasks: \['like', 'rating'\] -> \['like'\]",
    'optimizer.dense.rule={kind="sgd"}': (
        r"optimizer\.dense\.rule: 'adam' -> 'sgd' \(train\.start_slots = \"reset\""
    ),
    'optimizer.embeddings.rule={kind="rmsprop"}': r"optimizer\.embeddings\.rule: 'adagrad' ->",
}


@pytest.mark.parametrize("change", REFUSED)
def test_another_model_is_refused_by_name(ended, read, tmp_path, change):
    config = read(*from_run(ended, change))
    with pytest.raises(RunDirectoryError, match=REFUSED[change]):
        begin(config, tmp_path / "next")
    assert not (tmp_path / "next/checkpoints").exists()
    (mistake,) = wiring.find_mistakes(config)
    assert mistake.startswith("train.start_from: ")


def test_statistics_that_shifted_are_refused(ended, read, tmp_path):
    shutil.copytree(ended / "data", tmp_path / "data")
    change_file(tmp_path / "data/schema.toml", "mean = 1.5", "mean = 1.25")
    change_file(tmp_path / "data/schema.toml", "mean = 0.6", "mean = 0.5")
    config = read(*from_run(ended, f"data.path={tmp_path / 'data'}"))
    said = (
        r"has other statistics than .*: mean of user_count: 1\.5 -> 1\.25; mean of like: 0\.6 -> "
        r"0\.5: prepare the data with --vocabulary_from="
    )
    with pytest.raises(RunDirectoryError, match=said):
        begin(config, tmp_path / "next")


def test_a_checkpoint_of_a_run_that_is_not_over_must_be_named(ended, read, tmp_path):
    old = tmp_path / "old"
    begin(read("train.checkpoint_every_attempts=5"), old, is_stopping=at_call(stop_at=2))
    assert begin(read("train.checkpoint_every_attempts=5"), old, is_stopping=at_call(stop_at=1))
    with pytest.raises(RunDirectoryError, match=r"old: preempted, not completed: finish it, or na"):
        begin(read(f"train.start_from={old}"), tmp_path / "next")
    with pytest.raises(
        RunDirectoryError, match=r"checkpoints/7x: no checkpoint; there are best, 0"
    ):
        begin(read(f"train.start_from={old}/checkpoints/7x"), tmp_path / "next")
    with pytest.raises(CheckpointError, match=r"checkpoints/000000000007: missing"):
        begin(read(f"train.start_from={old}/checkpoints/000000000007"), tmp_path / "next")
    there = sorted(p.name for p in (old / "checkpoints").glob("[0-9]*"))
    named = read(f"train.start_from={old}/checkpoints/{there[-1]}")
    result = begin(named, tmp_path / "next")
    assert (result["status"], result["start"]["attempt"]) == ("completed", int(there[-1]))


def test_runs_that_are_gone_damaged_or_busy_are_sentences(ended, read, tmp_path):
    with pytest.raises(FileNotFoundError, match="no run here"):
        begin(read(f"train.start_from={tmp_path / 'none'}"), tmp_path / "next")
    (mistake,) = wiring.find_mistakes(read(f"train.start_from={tmp_path / 'none'}"))
    assert "none/config.toml: no run here" in mistake
    with pytest.raises(RunDirectoryError, match="is this run's own directory"):
        begin(read(f"train.start_from={tmp_path / 'next'}"), tmp_path / "next")
    old = tmp_path / "old"
    shutil.copytree(ended / "run", old)
    config = read(f"train.start_from={old}")
    with train.hold(old), pytest.raises(ValueError, match="old: another job is running in it"):
        begin(config, tmp_path / "next")
    change_file(old / "vocabularies/gender.txt", "M\nF\n", "F\nM\n")
    with pytest.raises(
        RunDirectoryError, match=r"vocabularies/gender\.txt changed\. Put back what was there, or b"
    ):
        begin(config, tmp_path / "next")
    (old / "schema.toml").unlink()
    with pytest.raises(RunDirectoryError, match=r"old/schema\.toml: no such file; .* put schema"):
        begin(config, tmp_path / "next")
    shutil.copy(ended / "run/schema.toml", old)
    shutil.copy(ended / "run/vocabularies/gender.txt", old / "vocabularies")
    for path in (old / "checkpoints").glob("*"):
        (path / "variables.npz").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"variables\.npz.*no other checkpoint holds"):
        begin(config, tmp_path / "next")
    assert not (tmp_path / "next/checkpoints").exists()


def test_an_attempt_of_before_the_kept_checkpoints_is_not_replayed(ended, read, tmp_path):
    config = read(
        *from_run(ended, "train.checkpoint_every_attempts=5"),
        'inject=[{kind="not_finite",task="rating",share=0.9,start=2,stop=3}]',
    )
    begin(config, tmp_path / "next")
    (incident,) = (tmp_path / "next/incidents").glob("*.parquet")
    with pytest.raises(
        ValueError, match=r"no checkpoint of before attempt \d+ is kept, and the ru"
    ):
        replay(tmp_path / "next", int(incident.stem), say=lambda line: None)


def test_how_to_begin_needs_what_to_begin_from(read):
    for how in ("train.start_slots=reset", "train.start_schedule=restart"):
        with pytest.raises(ValueError, match=r"needs start_from, which is empty"):
            read(how)
    assert read().train.start_from == ""
