"""Checkpoints say of which run and attempt they are, and whoever reads them checks."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from ranker.train import CheckpointError, Checkpoints, Identity, RunDirectoryError, checkpoint


def variables(value):
    return {"a/b": tf.Variable(np.full((3, 2), value, np.float32)), "n": tf.Variable(value)}


def stepped(value, attempt):
    return variables(value) | {"attempts": tf.Variable(attempt, dtype=tf.int64)}


def identity(settings="s", splits=("test",), **data):
    return Identity(
        settings=settings, but_length=settings, data={"schema.toml": "0"} | data, splits=splits
    )


def saved(folder, *, best=10, settings="s", value=1.0):
    """Writes the checkpoints of attempts 10 and 20 of a run, and the best one."""
    checkpoints = Checkpoints(folder, keep=5, identity=identity(settings))
    for attempt in (10, 20):
        state = {"best_attempt": min(best, attempt)}
        if attempt == best:
            checkpoints.save_best(stepped(value, attempt), state)
        checkpoints.save(attempt, stepped(value, attempt), state)
    return checkpoints


def replaced(tmp_path, name, by):
    shutil.rmtree(tmp_path / name)
    shutil.copytree(by, tmp_path / name)


def test_a_best_of_another_attempt_is_not_taken_for_the_best(tmp_path):
    saved(tmp_path).resume(stepped(0.0, 0))
    replaced(tmp_path, "best", tmp_path / "000000000020")
    restored = stepped(0.0, 0)
    assert saved_again(tmp_path).restore_best(restored) == {"best_attempt": 10}
    assert restored["attempts"].numpy() == 10
    shutil.rmtree(tmp_path / "000000000010")
    with pytest.raises(CheckpointError, match=r"best: of attempt 20, and the best is 10; no other"):
        saved_again(tmp_path).restore_best(restored)
    with pytest.raises(CheckpointError, match="no other checkpoint holds the best"):
        saved_again(tmp_path).resume(restored)


def saved_again(tmp_path, settings="s"):
    return Checkpoints(tmp_path, keep=5, identity=identity(settings))


def test_a_best_that_was_written_just_before_a_kill_is_the_best(tmp_path):
    checkpoints = saved(tmp_path)
    checkpoints.save_best(stepped(3.0, 30), {"best_attempt": 30})
    restored = stepped(0.0, 0)
    saved_again(tmp_path).restore_best(restored)
    assert restored["attempts"].numpy() == 30


def test_a_best_of_another_run_is_mended_from_the_run_s_own(tmp_path):
    saved(tmp_path / "run", value=1.0)
    saved(tmp_path / "other", settings="t", value=5.0)
    replaced(tmp_path / "run", "best", tmp_path / "other/best")
    restored = stepped(0.0, 0)
    checkpoints = saved_again(tmp_path / "run")
    checkpoints.resume(restored)
    assert "it is of other settings" in checkpoints.damaged["best"]
    saved_again(tmp_path / "run").restore_best(restored)
    assert restored["n"].numpy() == 1.0


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (identity("t"), "it is of other settings: sha256 s, not t"),
        (identity(**{"test.parquet": "1"}), "it is of other data: test.parquet is new"),
        (identity(**{"schema.toml": "1"}), "it is of other data: schema.toml changed"),
    ],
)
def test_checkpoints_of_another_run_are_refused_and_nothing_is_assigned(tmp_path, of, said):
    saved(tmp_path)
    restored = stepped(0.5, 0)
    checkpoints = Checkpoints(tmp_path, keep=5, identity=of)
    for read in (checkpoints.resume, checkpoints.restore_best):
        with pytest.raises(RunDirectoryError, match=f"000000000020: not of this run: {said}"):
            read(restored)
    for of_attempt in (checkpoints.restore, checkpoints.restore_at_most):
        with pytest.raises(RunDirectoryError, match=r"0000000000\d0: not of this run"):
            of_attempt(10, restored)
    assert restored["n"].numpy() == 0.5


def test_only_the_splits_that_are_read_must_be_those_of_the_run(tmp_path):
    before = identity(**{"test.parquet": "0", "train.parquet": "0"})
    Checkpoints(tmp_path, keep=1, identity=before).save(5, stepped(1.0, 5), {})
    now = identity(**{"test.parquet": "0"})
    assert Checkpoints(tmp_path, keep=1, identity=now).resume(stepped(0.0, 0)) == {}


def test_a_checkpoint_of_an_earlier_version_is_refused(tmp_path):
    Checkpoints(tmp_path, keep=1).save(5, stepped(1.0, 5), {})
    with pytest.raises(RunDirectoryError, match="does not say of which run it is, as files of ear"):
        Checkpoints(tmp_path, keep=1, identity=identity()).resume(stepped(0.0, 0))


def test_a_checkpoint_under_another_attempt_s_name_is_passed_over(tmp_path):
    saved(tmp_path)
    replaced(tmp_path, "000000000020", tmp_path / "000000000010")
    checkpoints, restored = saved_again(tmp_path), stepped(0.0, 0)
    checkpoints.resume(restored)
    assert restored["attempts"].numpy() == 10
    assert checkpoints.damaged == {"000000000020": "damaged: it holds attempt 10"}


def test_a_best_that_is_replaced_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    checkpoints = saved(tmp_path, best=10, value=1.0)
    read = checkpoint.read_checkpoint
    replacing = iter((2.0, 3.0))

    def meanwhile(directory):
        value = next(replacing, None) if directory.name == "best" else None
        if value is not None:
            checkpoints.save_best(stepped(value, 10), {"best_attempt": 10})
            raise CheckpointError(f"{directory}: damaged: an old manifest, and new files")
        return read(directory)

    monkeypatch.setattr(checkpoint, "read_checkpoint", meanwhile)
    restored, reader = stepped(0.0, 0), saved_again(tmp_path)
    reader.restore_best(restored)
    assert restored["n"].numpy() == 3.0
    assert reader.damaged == {}
