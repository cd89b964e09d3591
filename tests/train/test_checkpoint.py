"""Checkpoints: whole or not there."""

import json

import numpy as np
import pytest
import tensorflow as tf

from ranker.train import CheckpointError, Checkpoints, restore_checkpoint


def variables(value, rows=3):
    return {"a/b": tf.Variable(np.full((rows, 2), value, np.float32)), "n": tf.Variable(value)}


def test_what_is_saved_comes_back(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    checkpoints.save(7, variables(1.5), {"best": 0.25})
    fresh = variables(0.0)
    assert checkpoints.restore_newest(fresh) == {"best": 0.25}
    assert fresh["a/b"].numpy().tolist() == [[1.5, 1.5]] * 3
    assert Checkpoints(tmp_path / "none", keep=1).restore_newest(fresh) is None


def test_the_newest_few_are_kept_and_the_best_beside(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    for attempt in (5, 10, 100):
        checkpoints.save(attempt, variables(float(attempt)), {})
        checkpoints.save_best(variables(float(attempt)), {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["000000000010", "000000000100", "best"]
    restored = variables(0.0)
    restore_checkpoint(checkpoints.best, restored)
    assert restored["n"].numpy() == 100.0


@pytest.mark.parametrize("damage", ["flip", "cut", "no state", "empty state", "other state"])
def test_a_damaged_one_is_passed_over_for_the_one_before(tmp_path, damage):
    checkpoints = Checkpoints(tmp_path, keep=3)
    checkpoints.save(1, variables(1.0), {"at": 1})
    checkpoints.save(2, variables(2.0), {"at": 2})
    path = tmp_path / "000000000002" / "variables.npz"
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "cut":
        path.write_bytes(content[:-20])
    elif damage == "no state":
        (path.parent / "state.json").unlink()
    elif damage == "empty state":
        (path.parent / "state.json").write_text("{}")
    else:
        state = path.parent / "state.json"
        state.write_text(state.read_text().replace('"at": 2', '"at": 3'))
    restored = variables(0.0)
    assert checkpoints.restore_newest(restored) == {"at": 1}
    assert restored["n"].numpy() == 1.0
    with pytest.raises(CheckpointError, match="000000000002: "):
        restore_checkpoint(path.parent, restored)


def test_another_model_is_refused_and_nothing_assigned(tmp_path):
    Checkpoints(tmp_path, keep=1).save(1, variables(1.0), {})
    other = variables(9.0, rows=4)
    with pytest.raises(CheckpointError, match=r"a/b has shape \(3, 2\), the model wants \(4, 2\)"):
        restore_checkpoint(tmp_path / "000000000001", other)
    assert other["n"].numpy() == 9.0
    with pytest.raises(CheckpointError, match="of another model: extra"):
        restore_checkpoint(tmp_path / "000000000001", variables(0.0) | {"extra": tf.Variable(1.0)})


def test_a_kill_between_the_renames_of_the_best_leaves_the_one_before(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.save_best(variables(1.0), {"at": 1})
    (tmp_path / "best").rename(tmp_path / ".best.replaced")
    restored = variables(0.0)
    assert restore_checkpoint(checkpoints.best, restored) == {"at": 1}


def test_the_state_is_readable_json(tmp_path):
    Checkpoints(tmp_path, keep=1).save(3, variables(1.0), {"best": None})
    state = json.loads((tmp_path / "000000000003" / "state.json").read_text())
    assert state["state"] == {"best": None}
    assert len(state["sha256"]) == 64
