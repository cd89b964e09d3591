"""A folder is replaced as a whole or not at all, also by a process that is killed."""

import fcntl
import json
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ranker.datasets.errors import DatasetError
from ranker.datasets.write.folder import MARK, atomic_folder
from ranker.files import directory

ROOT = Path(__file__).parents[2]
MANIFEST = {"dataset": "x", "split": "random", "files": {}, "rows": {}, "options": {}}
OLD = json.dumps({**MANIFEST, "digests": {"stale": "0"}})
NEW = json.dumps({**MANIFEST, "digests": {}})


def _old(path):
    path.mkdir()
    (path / MARK).write_text(OLD)
    (path / "stale").write_text("")
    return path


def _replace(path):
    with atomic_folder(path) as written:
        (written / MARK).write_text(NEW)


@pytest.mark.parametrize("can_exchange", [True, False])
@pytest.mark.parametrize("there", ["nothing", "empty", "old"])
def test_the_new_takes_the_place(there, can_exchange, tmp_path, monkeypatch):
    if not can_exchange:
        monkeypatch.setattr(directory, "_exchange", lambda first, second: False)
    path = tmp_path / "a" / "data"
    path.parent.mkdir()
    if there == "old":
        _old(path)
    elif there == "empty":
        path.mkdir()
    _replace(path)
    assert {p.name: p.read_text() for p in path.iterdir()} == {MARK: NEW}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_failure_or_an_interrupt_leaves_the_old(error, tmp_path):
    path = _old(tmp_path / "data")

    def fail(written):
        (written / "half").write_text("")
        raise error

    with pytest.raises(error), atomic_folder(path) as written:
        fail(written)
    assert sorted(p.name for p in path.iterdir()) == [MARK, "stale"]
    assert list(tmp_path.iterdir()) == [path]


def _photos(path, manifest=None, files=("dog.jpg",)):
    """A folder of `files` and a manifest of its owner's."""
    for name in files:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("mine")
    if manifest is not None:
        (path / MARK).write_text(manifest)
    return path


NO_MANIFESTS = {
    "none": None,
    "empty": "",
    "a browser's": '{"name": "add-on", "version": "1.0", "files": [], "options": {}}',
    "no object": "[1, 2]",
    "broken off": OLD[:-9],
    "of other types": json.dumps({**MANIFEST, "rows": 3}),
    "digests of another type": json.dumps({**MANIFEST, "digests": ["stale"]}),
    "too deep": "[" * 100_000,
}


@pytest.mark.parametrize("manifest", NO_MANIFESTS.values(), ids=NO_MANIFESTS)
def test_a_folder_is_not_ours_for_a_file_named_like_ours(manifest, tmp_path):
    path = _photos(tmp_path / "photos", manifest, ("cat.jpg", "a/dog.jpg"))
    with pytest.raises(DatasetError) as caught:
        _replace(path)
    lost = "a/dog.jpg, cat.jpg" + (", manifest.json" if manifest is not None else "")
    assert str(caught.value) == (
        f"{path}: not replaced: it exists and has no manifest.json that prepare wrote; lost would "
        f"be {lost}; move that away, or write to another folder"
    )
    assert (path / "a/dog.jpg").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("digests", "ours", "foreign"),
    [
        ({"train.parquet": "0", "vocabularies/user_id.txt": "1"}, (), ("notes.txt",)),
        ({"train.parquet": "0"}, (), ("train/0.parquet", "vocabularies/mine.txt")),
        ({"train.parquet": "0"}, ("train.parquet",), (".hidden/a", "test.parquet")),
        # As it was before a manifest had digests.
        (None, ("schema.toml", "test.parquet", "vocabularies/a.txt"), ("a.txt", "vocabularies/b")),
    ],
)
def test_what_prepare_did_not_write_is_named_and_stays(digests, ours, foreign, tmp_path):
    manifest = MANIFEST if digests is None else {**MANIFEST, "digests": digests}
    path = _photos(tmp_path / "data", json.dumps(manifest), (*ours, *foreign))
    with pytest.raises(DatasetError) as caught:
        _replace(path)
    assert str(caught.value) == (
        f"{path}: not replaced: lost would be {', '.join(sorted(foreign))}, which prepare did not "
        "write; move that away, or write to another folder"
    )
    for name in foreign:
        assert (path / name).read_text() == "mine"
        (path / name).unlink()
    _replace(path)
    assert [p.name for p in path.iterdir()] == [MARK]


def test_what_comes_into_the_folder_while_the_new_is_written_stays(tmp_path):
    path = _old(tmp_path / "data")
    with (
        pytest.raises(DatasetError, match=r"lost would be notes\.txt, which prepare did not write"),
        atomic_folder(path),
    ):
        (path / "notes.txt").write_text("mine")
    assert (path / "notes.txt").read_text() == "mine"


def test_a_file_is_not_replaced(tmp_path):
    path = tmp_path / "data"
    path.write_text("dog")
    with pytest.raises(DatasetError, match="data: not replaced: it exists and is no folder"):
        _replace(path)
    assert path.read_text() == "dog"


@pytest.mark.parametrize("there", ["nothing", "old"])
def test_a_link_stays_and_leads_to_the_new(there, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "disk" / "here")
    if there == "old":
        _old(tmp_path / "disk" / "here")
    _replace(tmp_path / "data")
    assert (tmp_path / "data").is_symlink()
    assert [p.name for p in (tmp_path / "disk" / "here").iterdir()] == [MARK]
    assert [p.name for p in (tmp_path / "disk").iterdir()] == ["here"]


def test_the_new_is_as_open_as_any_folder(tmp_path):
    _replace(tmp_path / "data")
    (tmp_path / "other").mkdir()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("data", "other")]
    assert modes[0] == modes[1]


def test_a_full_disk_is_a_sentence_and_leaves_the_old(tmp_path, files_of_at_most):
    path = _old(tmp_path / "data")

    def write(written):
        pq.write_table(pa.table({"user": list(range(999))}), written / "train.parquet")

    with (
        files_of_at_most(700),
        pytest.raises(DatasetError, match=r"^/.*/data: not written: File too large$"),
        atomic_folder(path) as written,
    ):
        write(written)
    assert sorted(p.name for p in path.iterdir()) == [MARK, "stale"]
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import os, signal, sys
from pathlib import Path
from ranker.datasets.write import folder
from ranker.files import directory
when = sys.argv[2]
def die(*_, **__): os.kill(os.getpid(), signal.SIGKILL)
if when == "before the swap": directory._replace = die
with folder.atomic_folder(Path(sys.argv[1])) as written:
    (written / "manifest.json").write_text(sys.argv[3])
    if when == "in the middle": die()
    if when == "after the swap": directory.shutil.rmtree = die
"""


@pytest.mark.parametrize(
    ("when", "left"),
    [("in the middle", "old"), ("before the swap", "old"), ("after the swap", "new")],
)
def test_a_killed_process_leaves_old_or_new_and_the_next_one_tidies_up(when, left, tmp_path):
    path = _old(tmp_path / "data")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), when, NEW], cwd=ROOT, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert (path / MARK).read_text() == (OLD if left == "old" else NEW)
    assert len(list(tmp_path.iterdir())) == 2
    _replace(path)
    assert list(tmp_path.iterdir()) == [path]
    assert (path / MARK).read_text() == NEW


TWO = """
import sys
from pathlib import Path
from ranker.datasets import DatasetError
from ranker.datasets.write import folder
folder.os.getpid = lambda: 7  # as in two containers
try:
    with folder.atomic_folder(Path(sys.argv[1])) as written:
        print("writing", flush=True)
        sys.stdin.readline()
        (written / "manifest.json").write_text(sys.argv[2])
except DatasetError as error:
    print(error)
    sys.exit(2)
"""


@pytest.mark.parametrize("first_ends", ["well", "killed"])
def test_of_two_at_once_the_second_is_told_and_the_first_ends_whole(first_ends, tmp_path):
    path = tmp_path / "data"

    def start(name):
        return subprocess.Popen(
            [sys.executable, "-c", TWO, str(path), name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    with start("first") as first:
        assert first.stdout.readline() == "writing\n"
        with start("second") as second:
            said, _ = second.communicate("\n")
        assert (second.returncode, said) == (
            2,
            f"{path}: not written: another process is preparing it; let that one end, or write to "
            "another folder\n",
        )
        if first_ends == "killed":
            first.kill()
        first.communicate("\n")
    if first_ends == "killed":
        assert not path.exists()
        _replace(path)
    assert (path / MARK).read_text() == ("first" if first_ends == "well" else NEW)
    assert list(tmp_path.iterdir()) == [path]


def test_without_locks_what_others_write_is_left_alone(tmp_path, monkeypatch):
    def none(descriptor, operation):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    other = tmp_path / ".data.partial" / "of another"
    other.mkdir(parents=True)
    _replace(tmp_path / "data")
    _replace(_old(tmp_path / "more"))
    assert other.exists()
    other.rmdir()
    (tmp_path / ".data.partial").rmdir()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "more"]


def test_a_neighbour_whose_name_begins_alike_is_left_alone(tmp_path):
    other = tmp_path / ".data.b.partial" / "0123"
    other.mkdir(parents=True)
    for name in ("data", "[ab]*"):
        _replace(tmp_path / name)
    assert other.exists()


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / ".data.partial").write_text("a file where the work would be")
    with pytest.raises(DatasetError) as caught:
        _replace(tmp_path / "data")
    assert str(caught.value).startswith(
        f"{tmp_path}/data: not written: {tmp_path}/.data.partial: cannot be used: "
    )
