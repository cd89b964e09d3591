"""A folder is replaced as a whole or not at all, also by a process that is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ranker.datasets import folder as folder_module
from ranker.datasets.errors import DatasetError
from ranker.datasets.folder import MARK, replacing

ROOT = Path(__file__).parents[2]


def _old(path):
    path.mkdir()
    (path / MARK).write_text("old")
    (path / "stale").write_text("")
    return path


def _replace(path):
    with replacing(path) as written:
        (written / MARK).write_text("new")


@pytest.mark.parametrize("can_exchange", [True, False])
@pytest.mark.parametrize("there", ["nothing", "empty", "old"])
def test_the_new_takes_the_place(there, can_exchange, tmp_path, monkeypatch):
    if not can_exchange:
        monkeypatch.setattr(folder_module, "_exchange", lambda first, second: False)
    path = tmp_path / "a" / "data"
    path.parent.mkdir()
    if there == "old":
        _old(path)
    elif there == "empty":
        path.mkdir()
    _replace(path)
    assert {p.name: p.read_text() for p in path.iterdir()} == {MARK: "new"}
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_the_old(tmp_path):
    path = _old(tmp_path / "data")

    def fail(written):
        (written / "half").write_text("")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), replacing(path) as written:
        fail(written)
    assert sorted(p.name for p in path.iterdir()) == [MARK, "stale"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_not_ours_is_not_replaced(kind, tmp_path):
    path = tmp_path / "photos"
    if kind == "folder":
        path.mkdir()
        (path / "dog.jpg").write_text("dog")
    else:
        path.write_text("dog")
    with pytest.raises(DatasetError, match=r"photos: not replaced: it exists and has no manif"):
        _replace(path)
    assert path.exists()


def test_a_full_disk_is_a_sentence_and_leaves_the_old(tmp_path, files_of_at_most):
    path = _old(tmp_path / "data")

    def write(written):
        pq.write_table(pa.table({"user": list(range(999))}), written / "train.parquet")

    with (
        files_of_at_most(700),
        pytest.raises(DatasetError, match=r"^/.*/data: not written: File too large$"),
        replacing(path) as written,
    ):
        write(written)
    assert sorted(p.name for p in path.iterdir()) == [MARK, "stale"]
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import os, signal, sys
from pathlib import Path
from ranker.datasets import folder
when = sys.argv[2]
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
if when == "before the swap": folder._swap = die
if when == "after the swap": folder.shutil.rmtree = die
with folder.replacing(Path(sys.argv[1])) as written:
    (written / "manifest.json").write_text("new")
    if when == "in the middle": die()
"""


@pytest.mark.parametrize(
    ("when", "left"),
    [("in the middle", "old"), ("before the swap", "old"), ("after the swap", "new")],
)
def test_a_killed_process_leaves_old_or_new_and_the_next_one_tidies_up(when, left, tmp_path):
    path = _old(tmp_path / "data")
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), when], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (path / MARK).read_text() == left
    assert len(list(tmp_path.iterdir())) == 2
    _replace(path)
    assert list(tmp_path.iterdir()) == [path]
    assert (path / MARK).read_text() == "new"


def test_what_a_running_process_writes_is_left_alone(tmp_path):
    other = tmp_path / f".data.{os.getppid()}.partial"
    other.mkdir()
    _replace(tmp_path / "data")
    assert other.exists()
