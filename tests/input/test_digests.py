"""Digests: whatever changes in what a run reads is named, and nothing else is."""

import json
import shutil

import pytest
from tiny_dataset import tiny_schema, write_tiny

from ranker.input import changed, check_prepared, digests


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tiny").mkdir()
    return write_tiny(tmp_path / "tiny")


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_one_bit_anywhere_names_its_file(folder):
    before = digests(folder, tiny_schema())
    assert len(before) == 1 + 4 + 3
    for name in before:
        size = (folder / name).stat().st_size
        for place in (0, size // 2, size - 1):
            flip(folder / name, place)
            assert changed(before, digests(folder, tiny_schema())) == [f"{name} changed"]
            flip(folder / name, place)
    assert changed(before, digests(folder, tiny_schema())) == []


def test_the_folder_may_move(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "moved")
    assert digests(folder, tiny_schema()) == digests(tmp_path / "moved", tiny_schema())


def test_a_shard_that_comes_or_goes_is_named(folder):
    (folder / "shards").mkdir()
    for name in ("a", "b"):
        shutil.copy(folder / "train.parquet", folder / f"shards/{name}.parquet")
    (folder / "train.parquet").unlink()
    (folder / "shards").rename(folder / "train")
    before = digests(folder, tiny_schema())
    (folder / "train/b.parquet").rename(folder / "train/c.parquet")
    now = digests(folder, tiny_schema())
    assert changed(before, now) == ["train/b.parquet is gone", "train/c.parquet is new"]


def test_only_the_splits_asked_for_are_read_and_compared(folder):
    before = digests(folder, tiny_schema())
    flip(folder / "train.parquet", 9)
    now = digests(folder, tiny_schema(), splits=("test",))
    assert "train.parquet" not in now
    assert changed(before, now, splits=("test",)) == []
    assert changed(before, now) == [
        "train.parquet is gone",
        "validation.parquet is gone",
    ]


def test_what_was_prepared_is_known_by_its_manifest(folder):
    now = digests(folder, tiny_schema())
    check_prepared(folder, now)  # no manifest: made by hand
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({"rows": {}}))
    check_prepared(folder, now)  # an earlier one, without digests
    manifest.write_text(json.dumps({"digests": now}))
    check_prepared(folder, now)
    flip(folder / "vocabularies/gender.txt", 0)
    with pytest.raises(ValueError, match=r"since it was prepared: vocabularies/gender\.txt; prep"):
        check_prepared(folder, digests(folder, tiny_schema()))
    for damaged in ("{", "[]", '{"digests": 1}', '"'):
        manifest.write_text(damaged)
        with pytest.raises(ValueError, match=r"manifest\.json: not a manifest: "):
            check_prepared(folder, now)


def test_a_missing_file_is_named(folder):
    (folder / "vocabularies/genres.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"genres\.txt"):
        digests(folder, tiny_schema())
