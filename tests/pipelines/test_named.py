"""Configs by name: a file of one's own goes first, and a misspelt name is told the nearest."""

from pathlib import Path

import pytest
from programs import ROOT, call

from ranker.cli import named

CONFIGS = sorted((ROOT / "configs").glob("*.toml"))


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_all_are_shipped():
    assert list(named.shipped().values()) == CONFIGS


@pytest.mark.parametrize("name", ["quick", "quick.toml"])
def test_a_bare_name_is_the_shipped_config(name):
    assert named.find(name) == ROOT / "configs/quick.toml"


@pytest.mark.parametrize("own", ["quick", "quick.toml"])
def test_a_file_of_that_name_in_the_current_folder_wins(own):
    Path(own).touch()
    assert named.find("quick") == Path(own)


def test_a_folder_of_that_name_does_not():
    Path("quick").mkdir()
    assert named.find("quick") == ROOT / "configs/quick.toml"


@pytest.mark.parametrize("path", ["there/mine.toml", "/nowhere/mine.toml", "../mine.toml"])
def test_a_path_is_itself_whether_or_not_it_is_there(path):
    assert named.find(path) == Path(path)


def test_a_path_of_a_checkout_is_told_the_name_where_there_is_none():
    with pytest.raises(ValueError, match=r"the one that is shipped is --config=quick$"):
        named.find("configs/quick.toml")
    Path("configs").mkdir()
    Path("configs/quick.toml").touch()
    assert named.find("configs/quick.toml") == Path("configs/quick.toml")


@pytest.mark.parametrize(
    ("name", "near"), [("quik", "quick"), ("movielens_100", "movielens_100k"), ("mne", "mine")]
)
def test_a_misspelt_one_is_told_the_nearest_here_or_shipped(name, near):
    Path("mine.toml").touch()
    with pytest.raises(ValueError, match=rf"--config={name}: .*; did you mean {near}\? ranker"):
        named.find(name)


def test_one_like_no_other_is_told_where_they_are_listed():
    with pytest.raises(ValueError, match=r"none of that name is shipped; ranker configs lists"):
        named.find("zzz")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_each_has_a_question(path):
    said = named.question(path)
    assert len(said) > 20
    assert said[-1] in ".?"
    assert not said.endswith("et al.")


@pytest.mark.runs
def test_they_are_listed_and_printed():
    code, out, err = call("configs")
    assert (code, err) == (0, "")
    listed = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert list(listed) == [path.stem for path in CONFIGS]
    assert listed["compare_faults"] == "Which safeguard survives which fault?"
    code, out, err = call("configs", "quick", "base.toml")
    assert (code, err) == (0, "")
    files = [(ROOT / f"configs/{name}.toml").read_text("utf-8") for name in ("quick", "base")]
    assert out == "".join(files)
    code, out, err = call("configs", "quick", "quik")
    assert (code, out) == (2, "")
    assert err.startswith("configs: no config 'quik'; did you mean quick? ")
