"""Which export is the newest, and how the next is called."""

from pathlib import Path

import pytest

from ranker import serve
from ranker.serve.manifest import write_manifest
from ranker.serve.versions import next_version

FILES = ("saved_model.pb", "variables/variables.index", "assets.extra/schema.toml")


def make(version: Path, *, without: str = "", has_manifest: bool = True) -> Path:
    """Writes what is looked for of a model."""
    for name in (*FILES, "variables/variables.data-00000-of-00001"):
        (version / name).parent.mkdir(parents=True, exist_ok=True)
        (version / name).write_text(f"{version.name} {name}")
    if has_manifest:
        write_manifest(version)
    if without:
        (version / without).unlink()
    return version


def test_the_newest_version_is_found_from_a_run_or_a_folder_or_itself(tmp_path):
    for name in ("2", "10"):
        make(tmp_path / "export" / name)
    newest = tmp_path / "export" / "10"
    for place in (tmp_path, tmp_path / "export", newest):
        assert serve.newest_version(place) == newest
    assert serve.newest_version(tmp_path / "export" / "2").name == "2"
    with pytest.raises(FileNotFoundError, match="nowhere: no SavedModel here"):
        serve.newest_version(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("names", "newest"),
    [
        (["00000001"], "00000001"),
        (["9", "00000010"], "00000010"),
        (["20241128", "3"], "20241128"),
        (["1", "01"], "1"),
    ],
)
def test_a_version_may_be_written_with_zeros_before_it(tmp_path, names, newest):
    for name in names:
        make(tmp_path / name)
    assert serve.newest_version(tmp_path).name == newest


OTHERS = {
    "an empty folder": lambda path: path.mkdir(),
    "a file": lambda path: path.touch(),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a copy without a file of the manifest": lambda path: make(
        path, without="variables/variables.data-00000-of-00001"
    ),
    **{
        f"a copy without {name}": lambda path, name=name: make(
            path, without=name, has_manifest=False
        )
        for name in FILES
    },
}


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_no_whole_model_hides_none(tmp_path, other):
    good = make(tmp_path / "1")
    OTHERS[other](tmp_path / "2")
    told = []
    assert serve.newest_version(tmp_path, on_unfinished=told.append) == good
    assert bool(told) == other.startswith(("a copy", "an empty"))
    assert all(line.startswith(f"{tmp_path / '2'} lacks ") for line in told)


@pytest.mark.parametrize("name", ["v2", "2.0", "-2", "+2", "٢", "²", "2 ", str(2**63), "9" * 200])
def test_a_name_that_is_no_version_is_none(tmp_path, name):
    good = make(tmp_path / "1")
    make(tmp_path / name)
    assert serve.newest_version(tmp_path) == good
    assert next_version(tmp_path).name == "2"


def test_if_none_is_whole_it_is_said_what_the_newest_lacks(tmp_path):
    make(tmp_path / "7", without="saved_model.pb")
    with pytest.raises(FileNotFoundError, match=r"/7 lacks saved_model\.pb$"):
        serve.newest_version(tmp_path)


def test_the_next_version_is_above_all_and_replaces_nothing(tmp_path):
    (tmp_path / "00000004").mkdir()
    (tmp_path / "5").touch()
    (tmp_path / "20241128").touch()
    assert next_version(tmp_path).name == "6"
    assert next_version(tmp_path / "nowhere").name == "1"
