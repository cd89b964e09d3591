"""Where scores may be written: never over what they were made of, nor over what is no file."""

import os
from pathlib import Path

import pytest

from ranker import serve


def links(folder: Path) -> dict[str, Path]:
    """Returns other names of the file `rows` in `folder`."""
    rows = folder / "rows.parquet"
    (folder / "symbolic.parquet").symlink_to(rows)
    (folder / "twice.parquet").symlink_to(folder / "symbolic.parquet")
    (folder / "hard.parquet").hardlink_to(rows)
    (folder / "inside").mkdir()
    (folder / "linked").symlink_to(folder / "inside")
    return {
        "itself": rows,
        "symbolic link": folder / "symbolic.parquet",
        "link to a link": folder / "twice.parquet",
        "hard link": folder / "hard.parquet",
        "a way round": folder / "inside" / ".." / "rows.parquet",
        "a linked folder": folder / "linked" / ".." / "rows.parquet",
        "relative": Path("rows.parquet"),
    }


NAMES = [
    "itself", "symbolic link", "link to a link", "hard link", "a way round", "a linked folder",
    "relative",
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
    if is_reversed:
        rows, output = output, rows
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(ValueError, match="cannot be the output: that is the input"):
        serve.predict(tmp_path / "model", rows, output)
    assert rows.read_bytes() == b"rows"
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize("what", ["folder", "pipe", "device"])
def test_what_is_no_file_is_refused(tmp_path, what):
    output = tmp_path / "out.parquet"
    if what == "folder":
        output.mkdir()
    elif what == "pipe":
        os.mkfifo(output)
    else:
        output.symlink_to("/dev/null")
    with pytest.raises(ValueError, match="cannot be the output: it is there and no file"):
        serve.predict(tmp_path / "model", tmp_path / "rows.parquet", output)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such folder: '.*/nowhere'"):
        serve.predict(tmp_path / "m", tmp_path / "rows.csv", tmp_path / "nowhere" / "out.csv")


OTHER_NAMES = [
    "out.csv.gz", "out.tsv", "out.txt", "out.json", "out.arrow", "out.feather", "out.csv ", "out",
    ".csv", "out.parquet.csv.bak", "csv",
]  # fmt: skip


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_a_name_of_another_format_is_refused_with_those_that_are_written(tmp_path, name):
    with pytest.raises(ValueError, match=r"its name must end in \.csv or \.parquet$"):
        serve.predict(tmp_path / "model", tmp_path / "rows.csv", tmp_path / name)


FOLDERS = {
    "an exported model": ["saved_model.pb"],
    "a run": ["config.toml", "environment.json"],
    "a comparison": ["comparison.json", "results.parquet"],
    "prepared data": ["schema.toml", "vocabularies"],
}


@pytest.mark.parametrize("name", ["metrics.parquet", "new.csv", "inside/new.csv"])
@pytest.mark.parametrize("what", FOLDERS)
def test_a_folder_that_a_program_wrote_is_no_place_for_scores(tmp_path, what, name):
    (tmp_path / "ours/inside").mkdir(parents=True)
    (tmp_path / "linked").symlink_to(tmp_path / "ours")
    (tmp_path / "ours/metrics.parquet").touch()
    for file in FOLDERS[what]:
        (tmp_path / "ours" / file).touch()
    for folder in ("ours", "linked"):
        with pytest.raises(ValueError, match=f"ours holds {what}; take another folder"):
            serve.predict(tmp_path / "model", tmp_path / "rows.csv", tmp_path / folder / name)


@pytest.mark.runs
def test_no_file_of_the_user_s_is_written_over_or_removed(version, prepared, tmp_path):
    theirs = {
        name: tmp_path / name for name in (".out.csv.writing", "out.csv.writing", "config.toml")
    }
    for name, path in theirs.items():
        path.write_text(name)
    serve.predict(version, prepared / "test.parquet", tmp_path / "out.csv")
    assert {name: path.read_text() for name, path in theirs.items()} == {n: n for n in theirs}
    assert {path.name for path in tmp_path.iterdir()} == {*theirs, "out.csv"}
