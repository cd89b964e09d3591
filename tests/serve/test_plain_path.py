"""Paths that TensorFlow would take for patterns."""

import os
import tempfile

import pytest
import tensorflow as tf

from ranker.serve.plain_path import plain_path

PATTERNS = ["lr=[0.1,0.2]", "a[b", "what?", "all*", "back\\slash", "[*?\\]"]


@pytest.mark.parametrize("name", PATTERNS)
def test_a_folder_with_letters_of_patterns_is_reached_by_a_plain_path(tmp_path, name):
    folder = tmp_path / name / "1"
    folder.mkdir(parents=True)
    with plain_path(folder) as path:
        assert not set("*?[\\") & set(str(path))
        (path / "written").write_text("here")
        assert path.samefile(folder)
        assert tf.io.gfile.glob(f"{path}/wri*") == [f"{path}/written"]
    assert (folder / "written").read_text() == "here"
    assert not os.path.lexists(path)


def test_a_relative_path_is_reached_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a[b").mkdir()
    with plain_path(tmp_path.__class__("a[b")) as path:
        assert path.samefile(tmp_path / "a[b")


def test_bytes_that_are_not_utf_8_are_reached_too(tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    with plain_path(folder) as path:
        str(path).encode()
        assert path.samefile(folder)


@pytest.mark.parametrize("name", ["plain", "größe", "a b", "a]b", "a,b=c{d}", "a:b"])
def test_any_other_path_is_used_as_it_is(tmp_path, name):
    with plain_path(tmp_path / name) as path:
        assert path == tmp_path / name


def test_a_temporary_folder_of_such_a_name_is_refused(tmp_path, monkeypatch):
    temporary = tmp_path / "tmp[1]"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with (
        pytest.raises(ValueError, match=r"takes \[ in a path for a pattern, .* set TMPDIR"),
        plain_path(tmp_path / "a[b"),
    ):
        pass
    assert list(temporary.iterdir()) == []
