"""Data that go on from an earlier folder: its values keep their rows, its columns their means."""

import collections
import json
import shutil

import pyarrow.parquet as pq
import pytest

from ranker.datasets import DatasetError, Options, Simulation, prepare
from ranker.schema import read_schema

SIZE = Simulation(rows=1000, users=40, items=300)


def made(folder, *, seed, **options):
    options = Options(seed=seed, simulation=SIZE, **options)
    return prepare("movielens-like", folder, options=options)


def values(folder, name):
    return (folder / f"vocabularies/{name}.txt").read_text().splitlines()


def counts(folder, name):
    """Returns how often each value is in the training rows, as text."""
    column = pq.read_table(folder / "train.parquet", columns=[name]).column(name)
    return collections.Counter(map(str, column.to_pylist()))


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first") / "data"
    made(folder, seed=1)
    return folder


def test_old_values_keep_their_rows_and_new_ones_come_behind(first, tmp_path):
    manifest = made(tmp_path / "next", seed=2, vocabulary_from=first)
    made(tmp_path / "alone", seed=2)
    old, new, alone = (values(f, "item_id") for f in (first, tmp_path / "next", tmp_path / "alone"))
    assert new[: len(old)] == old
    added = new[len(old) :]
    assert added == [value for value in alone if value not in old]
    assert 0 < len(added) < len(alone)
    found = manifest["vocabularies"]["item_id"]
    assert found == {"kept": len(old), "new": len(added), "waiting": 0}
    schema = read_schema(tmp_path / "next/schema.toml")
    assert schema.vocabularies["item_id"] == len(new)
    assert (
        manifest["digests"] == json.loads((tmp_path / "next/manifest.json").read_text())["digests"]
    )
    for name in ("train", "validation", "test"):
        paths = [folder / f"{name}.parquet" for folder in (tmp_path / "next", tmp_path / "alone")]
        assert paths[0].read_bytes() == paths[1].read_bytes()


def test_columns_keep_their_statistics(first, tmp_path):
    made(tmp_path / "next", seed=2, vocabulary_from=first)
    made(tmp_path / "alone", seed=2)
    old, new, alone = (
        read_schema(folder / "schema.toml")
        for folder in (first, tmp_path / "next", tmp_path / "alone")
    )
    assert (new.features, new.tasks) == (old.features, old.tasks)
    assert alone.tasks != old.tasks


def test_what_is_rare_waits(first, tmp_path):
    manifest = made(tmp_path / "next", seed=2, vocabulary_from=first, minimum_count=3)
    old, new = values(first, "item_id"), values(tmp_path / "next", "item_id")
    times = counts(tmp_path / "next", "item_id")
    fresh = {value for value in times if value not in old}
    assert set(new[len(old) :]) == {value for value in fresh if times[value] >= 3} != set()
    assert manifest["vocabularies"]["item_id"]["waiting"] == sum(times[v] < 3 for v in fresh) > 0
    assert manifest["options"]["minimum_count"] == 3
    alone = made(tmp_path / "alone", seed=2, minimum_count=3)
    kept = values(tmp_path / "alone", "item_id")
    assert kept == [v for v in kept if times[v] >= 3]
    assert (
        alone["vocabularies"]["item_id"]["new"]
        == len(kept)
        == sum(number >= 3 for number in times.values())
    )


def test_a_folder_may_go_on_from_itself(first, tmp_path):
    shutil.copytree(first, tmp_path / "data")
    taken = made(tmp_path / "data", seed=2, vocabulary_from=tmp_path / "data")["vocabulary_from"]
    assert values(tmp_path / "data", "user_id")[: len(values(first, "user_id"))] == (
        values(first, "user_id")
    )
    prepared = json.loads((first / "manifest.json").read_text())["digests"]
    assert taken == {name: digest for name, digest in prepared.items() if name in taken}
    assert "schema.toml" in taken


def edit(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_what_cannot_be_gone_on_from_is_refused_and_nothing_is_written(first, tmp_path):
    def refused(match, change=lambda folder: None, *, manifest=False):
        shutil.rmtree(tmp_path / "old", ignore_errors=True)
        shutil.copytree(first, tmp_path / "old")
        if not manifest:
            (tmp_path / "old/manifest.json").unlink()
        change(tmp_path / "old")
        with pytest.raises(DatasetError, match=match):
            made(tmp_path / "next", seed=2, vocabulary_from=tmp_path / "old")
        assert not (tmp_path / "next").exists()

    refused(r"schema\.toml: no such file: vocabulary_from must be a fold", lambda f: f.rename(
        f.with_name("moved")
    ))  # fmt: skip
    refused(r"user_id\.txt: no such file", lambda f: (f / "vocabularies/user_id.txt").unlink())
    refused(r"not a schema", lambda f: (f / "schema.toml").write_text("x = 1"))
    refused(
        r"of dataset 'another', not 'movielens-like'",
        lambda f: edit(f / "schema.toml", 'dataset = "movielens-like"', 'dataset = "another"'),
    )
    refused(
        r"user_id\.txt: not as it was prepared: \d+ values, and schema\.toml says",
        lambda f: (f / "vocabularies/user_id.txt").write_text("1\n1\n"),
    )
    refused(
        r"old: changed since it was prepared: vocabularies/user_id\.txt",
        lambda f: (f / "vocabularies/user_id.txt").write_text("1\n1\n"),
        manifest=True,
    )


def test_a_column_of_another_kind_is_refused(first, tmp_path):
    shutil.copytree(first, tmp_path / "old")
    (tmp_path / "old/manifest.json").unlink()
    features = read_schema(first / "schema.toml").features
    name = next(feature.name for feature in features if feature.kind == "numeric")
    edit(tmp_path / "old/schema.toml", f'name = "{name}"', f'name = "{name}"\nlog1p = true')
    with pytest.raises(DatasetError, match=f"{name} has log1p True there, and False in these"):
        made(tmp_path / "next", seed=2, vocabulary_from=tmp_path / "old")
    with pytest.raises(DatasetError, match="minimum_count must be >= 1, got 0"):
        Options(minimum_count=0)
