"""A split is all the files of its folder, or none: no row is passed over in silence."""

import shutil

import pyarrow.parquet as pq
import pytest
from tiny_dataset import tiny_schema, tiny_table

from ranker.input import check_split, read_raw
from ranker.input.shards import Shards

BESIDE_SHARDS = ("part-0.parquet", "part-1.snappy.parquet")


@pytest.fixture
def folder(tmp_path):
    """A folder of two shards, 20 rows each."""
    folder = tmp_path / "train"
    folder.mkdir()
    for seed, name in enumerate(BESIDE_SHARDS):
        pq.write_table(tiny_table(20, seed), folder / name)
    return folder


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ("date=2026-01-01/part-0.parquet", "date=2026-01-01/"),
        ("a/b/c.parquet", "a/"),
        ("_temporary/0/task_0/part-2.parquet", "_temporary/"),
        ("_delta_log/00000000000000000000.json", "_delta_log/"),
        (".hidden/part-2.parquet", ".hidden/"),
        ("part-2.parquet/part-0.parquet", "part-2.parquet/"),
    ],
)
def test_a_folder_beside_shards_is_named(place, named, folder):
    path = folder / place
    path.parent.mkdir(parents=True)
    shutil.copy(folder / "part-0.parquet", path)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        Shards(folder, tiny_schema())
    assert str(caught.value) == (
        f"{folder}: holds files in {named}, and only the shards right in train/ are read: move "
        "them there, or away"
    )


@pytest.mark.parametrize(
    "name",
    ["part-2.PARQUET", "part-2.parq", "part-2", "_part-2.parquet", ".part-2.parquet", "x.parquet~"],
)
def test_parquet_of_another_name_is_named(name, folder):
    shutil.copy(folder / "part-0.parquet", folder / name)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole message is compared)
        Shards(folder, tiny_schema())
    assert str(caught.value) == (
        f"{folder}: not read would be {name}: a shard is named *.parquet and begins with neither "
        ". nor _; give it such a name, or move it away"
    )


def test_what_holds_no_rows_is_passed_over(folder):
    for name in ("_SUCCESS", "._SUCCESS.crc", ".part-0.parquet.crc", "notes.txt", ".9.parquet"):
        (folder / name).write_text("no rows")
    for name in ("_metadata", "_common_metadata"):
        shutil.copy(folder / "part-0.parquet", folder / name)
    (folder / "empty" / "too").mkdir(parents=True)
    (folder / "gone").symlink_to(folder / "nowhere")
    assert Shards(folder, tiny_schema()).count() == 40
    assert check_split(folder, tiny_schema()).num_read == 40


def test_every_reader_refuses_alike(folder):
    (folder / "a").mkdir()
    shutil.copy(folder / "part-0.parquet", folder / "a")
    for read in (check_split, lambda path, schema: read_raw(path, schema, num_rows=3)):
        with pytest.raises(ValueError, match=r"train: holds files in a/, and only the shards"):
            read(folder, tiny_schema())


def test_a_shard_that_is_a_link_is_read_and_one_to_nothing_is_told(folder, tmp_path):
    shutil.copy(folder / "part-0.parquet", tmp_path / "elsewhere")
    (folder / "part-2.parquet").symlink_to(tmp_path / "elsewhere")
    assert Shards(folder, tiny_schema()).count() == 60
    (tmp_path / "elsewhere").unlink()
    with pytest.raises(OSError, match=r"part-2\.parquet"):
        Shards(folder, tiny_schema()).count()
