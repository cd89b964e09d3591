"""A trial is of its data: whatever changes in what it reads is another run."""

import shutil

import pytest
from sample_comparison import read_comparison, write_comparison

from ranker.compare import grid
from ranker.compare.identity import Data


def trials(folder, data):
    path = write_comparison(folder, data)
    return grid.finals(read_comparison(path), path.parent, {})


@pytest.fixture
def copied(tmp_path, prepared):
    return shutil.copytree(prepared, tmp_path / "data")


def keys(folder, data):
    return [trial.key for trial in Data().name(trials(folder, data))]


def test_the_same_data_are_the_same_runs(tmp_path, copied):
    first = keys(tmp_path, copied)
    assert keys(tmp_path, copied) == first
    assert len(set(first)) == len(first)
    assert not set(first) & {trial.key for trial in trials(tmp_path, copied)}


@pytest.mark.parametrize(
    "name",
    ["schema.toml", "vocabularies/user_id.txt", "train.parquet", "validation.parquet",
     "test.parquet"],
)  # fmt: skip
def test_other_data_are_other_runs(tmp_path, copied, name):
    first = keys(tmp_path, copied)
    path = copied / name
    if name.endswith(".parquet"):
        other = "test.parquet" if name != "test.parquet" else "train.parquet"
        shutil.copy(copied / other, path)
    elif name.endswith(".txt"):
        path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))
    else:
        path.write_text(path.read_text().replace("mean = 1.5", "mean = 1.25"))
    assert not set(keys(tmp_path, copied)) & set(first)


def test_what_is_not_read_is_of_no_account(tmp_path, copied):
    first = keys(tmp_path, copied)
    (copied / "notes.txt").write_text("mine")
    assert keys(tmp_path, copied) == first


@pytest.mark.parametrize("change", ["touched", "gone"])
def test_data_that_change_while_they_are_used_are_refused(tmp_path, copied, change):
    data = Data()
    (trial, *_) = data.name(trials(tmp_path, copied))
    data.require_same(trial.config)
    path = copied / "validation.parquet"
    path.unlink() if change == "gone" else path.write_bytes(path.read_bytes())
    with pytest.raises(ValueError, match=r"validation\.parquet: changed while the comparison ran"):
        data.require_same(trial.config)
