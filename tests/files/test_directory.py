"""A directory is replaced as a whole or not at all, wherever a kill falls."""

import errno
import itertools
import os
import pathlib
import shutil

import pytest

from ranker.files import (
    add_directory,
    atomic_directory,
    delete_directory,
    directory,
    standing,
    temporary_directory,
)


def content(path):
    return {p.relative_to(path).as_posix(): p.read_text() for p in path.rglob("*") if p.is_file()}


def write(path, text):
    with atomic_directory(path) as writing:
        (writing / "deep").mkdir()
        for name in ("a", "deep/b"):
            (writing / name).write_text(text)


@pytest.fixture(params=[True, False], ids=["exchanged", "renamed"])
def can_exchange(request, monkeypatch):
    """Whether the system can exchange two directories in one step."""
    if not request.param:
        monkeypatch.setattr(directory, "_exchange", lambda first, second: False)
    return request.param


@pytest.mark.usefixtures("can_exchange")
def test_the_new_takes_the_place(tmp_path):
    path = tmp_path / "made/data"
    for text in ("old", "new", "newer"):
        write(path, text)
        assert content(path) == {"a": text, "deep/b": text}
        assert list(path.parent.iterdir()) == [path]


def test_this_system_can_exchange(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "was").write_text(name)
    assert directory._exchange(tmp_path / "a", tmp_path / "b")
    assert content(tmp_path) == {"a/was": "b", "b/was": "a"}
    assert not directory._exchange(tmp_path / "a", tmp_path / "none")


@pytest.mark.usefixtures("can_exchange")
def test_a_failure_leaves_the_old(tmp_path):
    write(tmp_path / "data", "old")

    def fail(writing):
        (writing / "half").write_text("new")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), atomic_directory(tmp_path / "data") as writing:
        fail(writing)
    assert content(tmp_path) == {"data/a": "old", "data/deep/b": "old"}
    assert [p.name for p in tmp_path.iterdir()] == ["data"]


def test_a_full_disk_names_the_directory_and_leaves_the_old(tmp_path, files_of_at_most):
    write(tmp_path / "data", "old")
    with (
        files_of_at_most(10),
        pytest.raises(OSError, match=r"File too large: '.*/data'$"),
    ):
        write(tmp_path / "data", "longer than ten")
    assert content(tmp_path) == {"data/a": "old", "data/deep/b": "old"}


class Killed(BaseException):
    """Ends the process, as far as the code under test can tell."""


def dies_at(patch, moment):
    """Makes the `moment`-th call that changes a directory the last; a removal ends half done."""
    count = itertools.count()
    calls = [(pathlib.Path, "rename"), (shutil, "rmtree"), (os, "fsync"), (directory, "_exchange")]
    for owner, name in calls:
        call = getattr(owner, name)

        def counted(path, *args, call=call, name=name, **kwargs):
            number = next(count)
            if number == moment and name == "rmtree" and path.is_dir():
                (path / "a").unlink(missing_ok=True)
            if number >= moment:
                raise Killed
            return call(path, *args, **kwargs)

        patch.setattr(owner, name, counted)


@pytest.mark.parametrize("is_killed_before", [False, True])
def test_a_kill_at_any_moment_leaves_the_old_or_the_new(
    tmp_path, monkeypatch, can_exchange, is_killed_before
):
    whole, seen = [{"a": t, "deep/b": t} for t in ("old", "new")], []
    for moment in range(20):
        path = tmp_path / str(moment) / "data"
        write(path, "old")
        if is_killed_before:  # between the two renames
            path.rename(path.with_name(".data.replaced"))
        with monkeypatch.context() as patch:
            dies_at(patch, moment)
            try:
                write(path, "new")
                is_killed = False
            except Killed:
                is_killed = True
        assert content(standing(path)) in whole
        seen.append((is_killed, content(standing(path))["a"]))
        write(path, "newer")
        assert content(path.parent) == {"data/a": "newer", "data/deep/b": "newer"}
    states = [state for state, _ in itertools.groupby(seen)]
    assert states == [(True, "old"), (True, "new"), (False, "new")]


def test_what_is_written_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(directory, "flush", lambda path: flushed.append((path.name, path.exists())))
    write(tmp_path / "data", "new")
    names = [name for name, _ in flushed]
    assert sorted(names[:-2]) == ["a", "b", "deep"]
    assert names[-2:] == [".data.writing", tmp_path.name]
    assert names.index("b") < names.index("deep")


def test_a_written_directory_is_added_but_in_no_ones_place(tmp_path):
    with temporary_directory(tmp_path / ".writing") as writing:
        (writing / "a").write_text("new")
        add_directory(writing, tmp_path / "1")
    assert content(tmp_path) == {"1/a": "new"}
    with (
        pytest.raises(OSError, match=os.strerror(errno.ENOTEMPTY)),
        temporary_directory(tmp_path / ".writing") as writing,
    ):
        add_directory(writing, tmp_path / "1")
    assert content(tmp_path) == {"1/a": "new"}
    assert [p.name for p in tmp_path.iterdir()] == ["1"]


def test_a_temporary_directory_begins_empty(tmp_path):
    (tmp_path / "of/a killed one").mkdir(parents=True)
    with temporary_directory(tmp_path / "of") as path:
        assert list(path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def test_nobody_sees_half_of_what_is_deleted(tmp_path, monkeypatch):
    write(tmp_path / "data", "old")
    with monkeypatch.context() as patch:
        dies_at(patch, 1)
        with pytest.raises(Killed):
            delete_directory(tmp_path / "data")
    assert not (tmp_path / "data").exists()
    write(tmp_path / "more", "old")
    delete_directory(tmp_path / "more")
    assert [p.name for p in tmp_path.iterdir()] == [".data.removed"]
