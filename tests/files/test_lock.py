"""A lock: held by one process, noticed when it is gone, and its ways on systems without locks."""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ranker.files import LockError, hold

ROOT = Path(__file__).parents[2]


def test_a_second_holder_is_refused_and_the_directory_is_free_afterwards(tmp_path):
    with (
        hold(tmp_path / "run/.lock"),
        pytest.raises(LockError, match=r"run: another job is running in it$"),
        hold(tmp_path / "run/.lock"),
    ):
        pass
    with hold(tmp_path / "run/.lock") as held:
        assert held.is_alone
    assert [p.name for p in (tmp_path / "run").iterdir()] == [".lock"]


def test_a_killed_holder_lets_go(tmp_path):
    code = "import sys; from pathlib import Path; from ranker.files import hold\n"
    code += "with hold(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(tmp_path / "lock")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(LockError, match="another job"), hold(tmp_path / "lock"):
            pass
        other.send_signal(signal.SIGKILL)
        other.wait()
        with hold(tmp_path / "lock"):
            pass


@pytest.mark.parametrize("is_left", [True, False])
def test_who_waits_gets_it_once_and_is_told_once(tmp_path, is_left):
    path, told, order, calls = tmp_path / "lock", threading.Event(), [], []

    def tell():
        calls.append("told")
        told.set()

    def wait():
        with hold(path, on_taken=tell, is_left=is_left) as second:
            second.check()  # it is no file that the first has deleted
            order.append("second")

    waiting = threading.Thread(target=wait)
    with hold(path, is_left=is_left) as first:
        waiting.start()
        assert told.wait(60)
        first.check()
        waiting.join(0.2)  # it waits on, and asks no more
        order.append("first")
    waiting.join(60)
    assert (order, calls) == (["first", "second"], ["told"])
    assert path.exists() == is_left


def test_what_the_caller_says_of_a_second_holder_is_raised(tmp_path):
    def refuse():
        raise KeyError(tmp_path)

    with (
        hold(tmp_path / "lock"),
        pytest.raises(KeyError),
        hold(tmp_path / "lock", on_taken=refuse),
    ):
        pass


def test_a_lock_that_is_still_there_is_no_problem(tmp_path):
    with hold(tmp_path / "run/.lock") as held:
        held.check()


@pytest.mark.parametrize("is_new", [False, True])
def test_a_directory_that_was_deleted_is_noticed(tmp_path, is_new):
    with hold(tmp_path / "run/.lock") as held:
        shutil.rmtree(tmp_path / "run")
        if is_new:
            (tmp_path / "run").mkdir()
        with pytest.raises(LockError, match="run: deleted while this job ran in it"):
            held.check()


@pytest.mark.parametrize("is_left", [True, False])
def test_of_two_in_one_path_the_first_stops_and_leaves_the_others_lock(tmp_path, is_left):
    with hold(tmp_path / "run/.lock") as second:
        with hold(tmp_path / "old/.lock", is_left=is_left) as first:
            (tmp_path / "old").rename(tmp_path / "moved")
            (tmp_path / "run").rename(tmp_path / "old")
            with pytest.raises(LockError, match="old: replaced while this job ran in it"):
                first.check()
        assert (tmp_path / "old/.lock").exists()
        (tmp_path / "old").rename(tmp_path / "run")
        second.check()


NO_LOCKS = [errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS]


@pytest.fixture(params=NO_LOCKS, ids=errno.errorcode.get)
def number(request, monkeypatch):
    """What a file system without locks says."""

    def flock(*_):
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", flock)
    return request.param


def test_a_file_system_without_locks_is_named_and_so_is_the_way_out(tmp_path, number):
    with pytest.raises(LockError) as caught, hold(tmp_path / "run/.lock"):
        pass
    said = str(caught.value)
    assert said.startswith(f"{tmp_path}/run: its file system cannot lock files")
    assert os.strerror(number) in said
    assert "take a directory on a local disk" in said


def test_who_needs_no_lock_is_told_that_there_is_none(tmp_path, number):
    with hold(tmp_path / "lock", is_needed=False, is_left=False) as held:
        assert not held.is_alone
        assert list(tmp_path.iterdir()) == []


def test_another_error_of_locking_is_refused_also_where_no_lock_is_needed(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", flock)
    with (
        pytest.raises(LockError, match="Input/output error"),
        hold(tmp_path / "lock", is_needed=False),
    ):
        pass


def test_a_path_that_is_no_directory_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LockError, match="file: cannot be used: "), hold(tmp_path / "file/.lock"):
        pass
    (tmp_path / "run/.lock").mkdir(parents=True)
    with pytest.raises(LockError, match=r"run/\.lock: cannot be"), hold(tmp_path / "run/.lock"):
        pass
