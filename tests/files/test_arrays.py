"""Archives of arrays: bit for bit, nothing unpickled, and damage by the array's name."""

import pickle
import weakref

import numpy as np
import pytest

from ranker.files import DamagedError, array_digest, damaged_arrays, read_arrays, write_arrays

ARRAYS = {
    "a/b": np.array([[1.5, np.nan], [-0.0, np.inf]], np.float32),
    "é": np.int64(7)[()] * np.ones((), np.int64),
    "none": np.zeros((0, 3), np.uint8),
}


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("unpickled",)


def test_arrays_come_back_bit_for_bit(tmp_path):
    write_arrays(tmp_path / "x.npz", ARRAYS)
    found = read_arrays(tmp_path / "x.npz")
    assert list(found) == list(ARRAYS)
    assert [array_digest(a) for a in found.values()] == [array_digest(a) for a in ARRAYS.values()]


def test_nothing_is_unpickled(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, a=np.array([Bomb()], dtype=object))
    with pytest.raises(DamagedError, match=rf"^{path} is not readable: Object arrays cannot be"):
        read_arrays(path)
    assert damaged_arrays(path, {"a": ""}) == ["a"]
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(DamagedError, match="is not readable: "):
        read_arrays(path)
    assert damaged_arrays(path, {"a": ""}) is None


def test_the_damaged_array_is_named(tmp_path):
    path = tmp_path / "x.npz"
    write_arrays(path, ARRAYS)
    digests = {name: array_digest(a) for name, a in ARRAYS.items()}
    assert damaged_arrays(path, digests) == []
    content = bytearray(path.read_bytes())
    content[content.index(np.float32(1.5).tobytes())] ^= 1
    path.write_bytes(content)
    assert damaged_arrays(path, digests | {"gone": ""}) == ["a/b", "gone"]


def test_an_archive_is_that_of_numpy_byte_for_byte(tmp_path):
    arrays = {
        "a/b": np.arange(6.0, dtype=np.float32).reshape(2, 3),
        "count": np.int64(7),
        "empty": np.zeros((0, 4)),
    }
    write_arrays(tmp_path / "ours.npz", arrays)
    np.savez(tmp_path / "theirs.npz", **arrays)
    assert (tmp_path / "ours.npz").read_bytes() == (tmp_path / "theirs.npz").read_bytes()


def test_one_array_at_a_time_is_asked_for(tmp_path):
    alive = []

    class Lazy(dict):
        def __getitem__(self, name):
            assert all(reference() is None for reference in alive)
            array = np.zeros(10)
            alive.append(weakref.ref(array))
            return array

    digests = write_arrays(tmp_path / "lazy.npz", Lazy(a=1, b=2, c=3))
    assert len(alive) == 3
    assert digests.keys() == {"a", "b", "c"}
