"""Digests of files, directories and arrays: of all that they are, and of nothing else."""

import hashlib

import numpy as np
import pytest

from ranker.files import array_digest, arrays_digest, digest, directory_digests, file_digest


def test_a_file_has_the_digest_of_its_bytes(tmp_path):
    path, content = tmp_path / "é", bytes(range(256)) * 9_000
    path.write_bytes(content)
    assert file_digest(path) == hashlib.sha256(content).hexdigest() == digest(content)
    assert file_digest(path, kind="md5") == hashlib.md5(content).hexdigest()
    assert digest("é") == hashlib.sha256("é".encode()).hexdigest()
    with pytest.raises(FileNotFoundError, match="none"):
        file_digest(tmp_path / "none")


def test_a_directory_has_the_digest_of_each_file_in_order_of_the_paths(tmp_path):
    for name in ("b", "a/z", "a-b", "a/deep/y"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "empty").mkdir()
    found = directory_digests(tmp_path)
    assert found == {name: digest(name) for name in ("a/deep/y", "a/z", "a-b", "b")}
    assert list(found) == ["a/deep/y", "a/z", "a-b", "b"]


def test_arrays_of_other_types_shapes_values_and_names_have_other_digests():
    array = np.arange(6, dtype=np.int32)
    others = [array.astype(np.uint32), array.reshape(2, 3), array.reshape(3, 2), array + 1]
    others += [array.astype(">i4"), array[:0], array[:1], np.int32(0)[()] * np.ones((), np.int32)]
    digests = {array_digest(a) for a in (array, *others)}
    assert len(digests) == 9
    assert array_digest(array[::-1]) == array_digest(array[::-1].copy())
    assert array_digest(array) == hashlib.sha256(b"<i4 (6,)" + array.tobytes()).hexdigest()


def test_the_digest_of_many_arrays_is_of_their_names_order_and_what_is_said_of_them():
    one, two = np.arange(3.0), np.zeros((2, 0), np.int64)
    found = arrays_digest({"b": one, "a": two}, about="said")
    parts = (b"said", b"b <f8 (3,)", one.tobytes(), b"a <i8 (2, 0)")
    assert found == hashlib.sha256(b"".join(parts)).hexdigest()
    others = [
        arrays_digest({"a": two, "b": one}, about="said"),
        arrays_digest({"b": one, "c": two}, about="said"),
        arrays_digest({"b": one}, about="said"),
        arrays_digest({"b": one, "a": two}, about=""),
    ]
    assert len({found, *others}) == 5
