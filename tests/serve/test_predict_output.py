"""Where scores may be written: never over what they were made of, nor over what is no file."""

import os
from pathlib import Path

import pytest

from ranker import serve


def links(folder: Path) -> dict[str, Path]:
    """Returns other names of the file `rows` in `folder`."""
    rows = folder / "rows.parquet"
    (folder / "symbolic").symlink_to(rows)
    (folder / "twice").symlink_to(folder / "symbolic")
    (folder / "hard").hardlink_to(rows)
    (folder / "inside").mkdir()
    (folder / "linked").symlink_to(folder / "inside")
    return {
        "itself": rows,
        "symbolic link": folder / "symbolic",
        "link to a link": folder / "twice",
        "hard link": folder / "hard",
        "a way round": folder / "inside" / ".." / "rows.parquet",
        "a linked folder": folder / "linked" / ".." / "rows.parquet",
        "relative": Path("rows.parquet"),
        "the file written first": folder / "file",
    }


NAMES = [
    "itself", "symbolic link", "link to a link", "hard link", "a way round", "a linked folder",
    "relative", "the file written first",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_reversed", [False, True])
def test_the_input_by_any_name_is_refused_before_anything_is_written(
    tmp_path, monkeypatch, name, is_reversed
):
    monkeypatch.chdir(tmp_path)
    rows = tmp_path / "rows.parquet"
    rows.write_bytes(b"rows")
    output = links(tmp_path)[name]
    if name == "the file written first":
        rows = rows.rename(tmp_path / ".file.writing")
    elif is_reversed:
        rows, output = output, rows
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(ValueError, match="cannot be the output: that is the input"):
        serve.predict(tmp_path / "model", rows, output)
    assert rows.read_bytes() == b"rows"
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("what", ["folder", "pipe", "device"])
def test_what_is_no_file_is_refused(tmp_path, what):
    output = tmp_path / "out"
    if what == "folder":
        output.mkdir()
    elif what == "pipe":
        os.mkfifo(output)
    else:
        output = Path("/dev/null")
    with pytest.raises(ValueError, match="cannot be the output: it is there and no file"):
        serve.predict(tmp_path / "model", tmp_path / "rows.parquet", output)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such folder: '.*/nowhere'"):
        serve.predict(tmp_path / "m", tmp_path / "rows.csv", tmp_path / "nowhere" / "out.csv")


@pytest.mark.parametrize("place", ["saved_model.pb", "assets.extra/new"])
def test_the_models_own_folder_is_refused(tmp_path, place):
    (tmp_path / "1" / "assets.extra").mkdir(parents=True)
    (tmp_path / "again").symlink_to(tmp_path / "1")
    for model, output in (("1", "1"), ("again", "1"), ("1", "again")):
        with pytest.raises(ValueError, match="it is in the model's folder"):
            serve.predict(tmp_path / model, tmp_path / "rows.csv", tmp_path / output / place)
