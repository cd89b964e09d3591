"""A file is replaced as a whole or not at all, and an error of it names it."""

import errno
import json
import os
import pathlib

import pytest

from ranker.files import atomic_file, write_bytes, write_json
from ranker.files.atomic import naming, replace


def test_what_is_written_takes_the_place(tmp_path):
    path = tmp_path / "file"
    for text in ("old", "new"):
        with atomic_file(path) as writing:
            writing.write_text(text)
            assert not path.exists() or path.read_text() == "old"
        assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")

    def fail(writing):
        writing.write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), atomic_file(path) as writing:
        fail(writing)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_written_over(tmp_path):
    (tmp_path / ".file.writing").write_text("the half of a longer one")
    (tmp_path / "other").write_text("as long, and another's")
    write_bytes(tmp_path / "file", b"new")
    write_bytes(tmp_path / "second", b"new", writing=tmp_path / "other")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"file": "new", "second": "new"}


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    done = []
    for owner, name in ((os, "fsync"), (pathlib.Path, "rename")):
        call = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *a, n=name, c=call: (done.append(n), c(*a))[1])
    write_bytes(tmp_path / "file", b"new")
    assert done == ["fsync", "rename"]


def test_json_is_never_half_written(tmp_path):
    write_json(tmp_path / "RESULT.json", {"status": "completed"})
    with pytest.raises(ValueError, match="Out of range float values"):
        write_json(tmp_path / "RESULT.json", {"loss": float("nan")})
    assert json.loads((tmp_path / "RESULT.json").read_text()) == {"status": "completed"}
    assert [p.name for p in tmp_path.iterdir()] == ["RESULT.json"]


def test_a_document_that_cannot_be_written_is_named_and_leaves_the_one_before(
    tmp_path, files_of_at_most
):
    write_json(tmp_path / "RESULT.json", {"status": "preempted"})
    with (
        files_of_at_most(10),
        pytest.raises(OSError, match=r"File too large: '.*/RESULT.json'"),
    ):
        write_json(tmp_path / "RESULT.json", {"status": "completed"})
    assert json.loads((tmp_path / "RESULT.json").read_text()) == {"status": "preempted"}
    assert [p.name for p in tmp_path.iterdir()] == ["RESULT.json"]


def test_a_file_in_no_directory_is_named(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        write_bytes(tmp_path / "none/file", b"")
    assert caught.value.filename == str(tmp_path / "none/file")


@pytest.mark.parametrize(
    ("said", "becomes"),
    [(None, "a"), ("b", "a"), (b"b/c", "a"), ("bc", "bc"), ("d", "d"), (7, "a")],
)
def test_an_error_without_a_name_gets_one_and_that_of_another_file_stays(said, becomes):
    with (
        pytest.raises(OSError, match="No space left on device") as caught,
        naming(pathlib.Path("a"), instead_of=pathlib.Path("b")),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), said)
    assert caught.value.filename == becomes


def test_an_error_that_is_none_of_the_systems_stays(tmp_path):
    with pytest.raises(OSError, match=r"^of Arrow$"), naming(tmp_path):
        raise OSError("of Arrow")


def test_a_file_takes_the_place_of_another_or_both_stay(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("1")
    new.write_text("2")
    with pytest.raises(OSError, match="nowhere/old"):
        replace(tmp_path / "nowhere" / "old", by=new)
    assert (old.read_text(), new.read_text()) == ("1", "2")
    replace(old, by=new)
    assert old.read_text() == "2"
    assert not new.exists()
