"""Checkpoints: whole or not there."""

import errno
import hashlib
import itertools
import json
import os
import pathlib
import pickle
import re
import shutil

import numpy as np
import pytest
import tensorflow as tf

from ranker.files import directory
from ranker.train import CheckpointError, Checkpoints
from ranker.train.checkpoint import _assign
from ranker.train.checkpoint_files import read_checkpoint


def restore_checkpoint(directory, variables):
    """Reads one checkpoint, whichever run it is of."""
    return _assign(directory, read_checkpoint(directory), variables)


def variables(value, rows=3):
    return {"a/b": tf.Variable(np.full((rows, 2), value, np.float32)), "n": tf.Variable(value)}


def test_what_is_saved_comes_back(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    checkpoints.save(7, variables(1.5), {"best": 0.25})
    fresh = variables(0.0)
    assert checkpoints.resume(fresh) == {"best": 0.25}
    assert fresh["a/b"].numpy().tolist() == [[1.5, 1.5]] * 3
    assert Checkpoints(tmp_path / "none", keep=1).resume(fresh) is None


def test_the_newest_few_are_kept_and_the_best_beside(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    for attempt in (5, 10, 100):
        checkpoints.save(attempt, variables(float(attempt)), {})
        checkpoints.save_best(variables(float(attempt)), {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["000000000010", "000000000100", "best"]
    restored = variables(0.0)
    restore_checkpoint(checkpoints.best, restored)
    assert restored["n"].numpy() == 100.0


def damaged_in_every_place(folder, rng):
    """Yields after each of: a flipped bit of every byte, every length, every file missing."""
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        for place in range(len(whole)):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << int(rng.integers(8))
            path.write_bytes(flipped)
            yield f"{path.name}: a bit of byte {place}"
        for length in range(0, len(whole), 7):
            path.write_bytes(whole[:length])
            yield f"{path.name}: cut to {length}"
        path.unlink()
        yield f"{path.name}: removed"
        path.write_bytes(whole)


def test_any_damage_at_any_place_is_found_and_nothing_is_assigned(tmp_path):
    Checkpoints(tmp_path, keep=2).save(4, variables(3.0, rows=1), {"at": 1e5, "": "é"})
    folder, restored, count = tmp_path / "000000000004", variables(0.5, rows=1), 0
    for damage in damaged_in_every_place(folder, np.random.default_rng(3)):
        said = ""
        try:
            restore_checkpoint(folder, restored)
        except CheckpointError as error:
            said = str(error)
        assert f"damaged: {damage.partition(':')[0]}" in said, damage
        count += 1
    assert count > 1_000
    assert restored["n"].numpy() == 0.5
    assert restore_checkpoint(folder, restored) == {"at": 1e5, "": "é"}


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 16
    path.write_bytes(content)


def place_of(path, value):
    """Returns where a float32 is in a file."""
    return path.read_bytes().index(np.float32(value).tobytes())


def test_a_damaged_one_is_passed_over_and_said_to_be(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=3)
    for attempt in (1, 2, 3):
        checkpoints.save(attempt, variables(attempt + 0.5), {"at": attempt})
    newest, before = (tmp_path / f"{attempt:012d}" for attempt in (3, 2))
    flip(newest / "variables.npz", place_of(newest / "variables.npz", 3.5))
    (before / "state.json").write_text('{"at": 7}')
    restored = variables(0.0)
    assert checkpoints.resume(restored) == {"at": 1}
    assert restored["n"].numpy() == 1.5
    assert checkpoints.damaged["000000000003"] == "damaged: variables.npz: a/b"
    assert checkpoints.damaged["000000000002"] == "damaged: state.json has changed"


def test_what_was_passed_over_goes_when_the_run_saves_again_and_not_before(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    for attempt in (10, 20, 40):
        checkpoints.save(attempt, variables(float(attempt)), {})
    (tmp_path / "000000000040" / "state.json").unlink()
    checkpoints.resume(variables(0.0))
    assert (tmp_path / "000000000040").exists()
    (tmp_path / ".000000000007.writing").mkdir()  # of a killed job
    checkpoints.save(30, variables(30.0), {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["000000000020", "000000000030"]


def test_the_best_is_the_last_resort_and_without_it_the_refusal_says_what_to_do(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.save_best(variables(5.5), {"at": 5})
    checkpoints.save(6, variables(6.5), {"at": 6})
    (tmp_path / "000000000006" / "manifest.json").write_text("{}")
    assert checkpoints.resume(variables(0.0)) == {"at": 5}
    (tmp_path / "best" / "variables.npz").unlink()
    with pytest.raises(
        CheckpointError,
        match=rf"^{re.escape(str(tmp_path))}: .*000000000006: damaged: manifest.json: .*"
        r"best: damaged: variables.npz is missing.* delete that folder",
    ):
        Checkpoints(tmp_path, keep=1).resume(variables(0.0))  # fmt: skip


def test_a_damaged_best_is_mended_from_the_same_attempt_and_from_no_other(tmp_path):
    checkpoints = Checkpoints(tmp_path, keep=2)
    for attempt in (8, 9):
        checkpoints.save(attempt, variables(attempt + 0.5), {"best_attempt": 8})
    checkpoints.save_best(variables(8.5), {"best_attempt": 8})
    best = tmp_path / "best" / "variables.npz"
    flip(best, place_of(best, 8.5))
    restored = variables(0.0)
    assert checkpoints.restore_best(restored) == {"best_attempt": 8}
    assert restored["n"].numpy() == 8.5
    with pytest.raises(CheckpointError):
        restore_checkpoint(tmp_path / "best", restored)  # reading writes nothing
    assert checkpoints.resume(restored) == {"best_attempt": 8}
    assert restored["n"].numpy() == 9.5
    assert checkpoints.damaged == {"best": "damaged: variables.npz: a/b"}
    restore_checkpoint(tmp_path / "best", restored)
    assert restored["n"].numpy() == 8.5
    flip(best, place_of(best, 8.5))
    (tmp_path / "000000000008" / "state.json").unlink()
    for restore in (checkpoints.resume, checkpoints.restore_best):
        with pytest.raises(CheckpointError, match=r"best: damaged: .* no other checkpoint holds"):
            restore(restored)


def resealed(folder):
    """Makes a checkpoint's manifest agree with its files again, as an attacker would."""
    digests = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("variables.npz", "state.json")
    }
    itself = hashlib.sha256(json.dumps(digests).encode()).hexdigest()
    manifest = json.dumps({"digests": digests, "sha256": itself}, indent=1) + "\n"
    (folder / "manifest.json").write_text(manifest)


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("unpickled",)


def test_nothing_is_unpickled_from_a_crafted_archive(tmp_path):
    Checkpoints(tmp_path, keep=1).save(1, variables(1.0), {})
    folder = tmp_path / "000000000001"
    bomb = np.array([Bomb()], dtype=object)
    np.savez(folder / "variables.npz", **{"a/b": bomb, "n": np.float32(2)})
    resealed(folder)
    with pytest.raises(CheckpointError, match="not readable: Object arrays cannot be loaded"):
        restore_checkpoint(folder, variables(0.0))
    (folder / "variables.npz").write_bytes(pickle.dumps(Bomb()))
    resealed(folder)
    with pytest.raises(CheckpointError, match=r"variables.npz is not readable: "):
        restore_checkpoint(folder, variables(0.0))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
@pytest.mark.parametrize("failing", ["write_array", "fsync", "rename"])
def test_a_full_disk_names_the_checkpoint_and_leaves_the_earlier_ones(
    tmp_path, monkeypatch, failing, code
):
    checkpoints = Checkpoints(tmp_path, keep=1)
    checkpoints.save(1, variables(1.5), {"at": 1})
    checkpoints.save_best(variables(1.5), {"at": 1})

    def full(*_, **__):
        raise OSError(code, os.strerror(code))

    owner = {"write_array": np.lib.format, "fsync": os, "rename": pathlib.Path}[failing]
    monkeypatch.setattr(owner, failing, full)
    monkeypatch.setattr(directory, "_exchange", lambda *_: False)  # but by renaming
    for save in (lambda *rest: checkpoints.save(2, *rest), checkpoints.save_best):
        with pytest.raises(OSError, match=rf"{os.strerror(code)}: '.*(0002|best)'$"):
            save(variables(2.5), {"at": 2})
    monkeypatch.undo()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["000000000001", "best"]
    assert checkpoints.resume(variables(0.0)) == {"at": 1}
    assert checkpoints.restore_best(variables(0.0)) == {"at": 1}


def test_another_model_is_refused_and_nothing_assigned(tmp_path):
    Checkpoints(tmp_path, keep=1).save(1, variables(1.0), {})
    other = variables(9.0, rows=4)
    with pytest.raises(CheckpointError, match=r"a/b has shape \(3, 2\) of float32, the model"):
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


class Killed(BaseException):
    """Ends the process, as far as the code under test can tell."""


def dies_at(patch, moment):
    """Makes the `moment`-th call that changes a folder the last; a removal ends half done."""
    count = itertools.count()
    calls = [(pathlib.Path, "rename"), (shutil, "rmtree"), (os, "fsync"), (directory, "_exchange")]
    for owner, name in calls:
        call = getattr(owner, name)

        def counted(path, *args, call=call, name=name, **kwargs):
            number = next(count)
            if number == moment and name == "rmtree" and path.is_dir():
                next(path.iterdir()).unlink()
            if number >= moment:
                raise Killed
            return call(path, *args, **kwargs)

        patch.setattr(owner, name, counted)


@pytest.mark.parametrize("can_exchange", [False, True])
@pytest.mark.parametrize("is_killed_before", [False, True])
def test_a_kill_at_any_moment_leaves_whole_checkpoints(
    tmp_path, monkeypatch, is_killed_before, can_exchange
):
    if not can_exchange:
        monkeypatch.setattr(directory, "_exchange", lambda first, second: False)
    kills = 0
    for moment in range(30):
        folder = tmp_path / str(moment)
        checkpoints = Checkpoints(folder, keep=1)
        checkpoints.save(1, variables(1.0), {"at": 1})
        checkpoints.save_best(variables(1.0), {"at": 1})
        if is_killed_before:  # between the two renames
            (folder / "best").rename(folder / ".best.replaced")
        with monkeypatch.context() as patch:
            dies_at(patch, moment)
            try:
                checkpoints.save_best(variables(2.0), {"at": 2})
                checkpoints.save(2, variables(2.0), {"at": 2})
            except Killed:
                kills += 1
        assert checkpoints.restore_best(variables(0.0))["at"] in (1, 2)
        assert checkpoints.resume(variables(0.0))["at"] in (1, 2)
        for seen in folder.glob("[0-9]*"):
            restore_checkpoint(seen, variables(0.0))
        assert checkpoints.damaged == {}
    assert 18 < kills < 30  # the last moments are after the end


def test_the_state_is_readable_json(tmp_path):
    Checkpoints(tmp_path, keep=1).save(3, variables(1.0), {"best": None})
    folder = tmp_path / "000000000003"
    assert json.loads((folder / "state.json").read_text()) == {"best": None}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert set(manifest["digests"]) == {
        "variables.npz", "state.json", "variables.npz/a/b", "variables.npz/n"
    }  # fmt: skip
