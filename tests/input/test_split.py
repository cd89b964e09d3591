"""Parquet to arrays: nulls, lists, missing columns, damaged files."""

import dataclasses
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_dataset import tiny_schema, tiny_table

from ranker.input import (
    Batch,
    Encoder,
    Split,
    check_split,
    raw_values,
    read_split,
    read_vocabularies,
    shards,
)
from ranker.input.split import encode_rows


@pytest.fixture(scope="module")
def encoder(prepared):
    return Encoder(tiny_schema(), read_vocabularies(prepared, tiny_schema()))


def read(path, encoder):
    known = [str(i) for i in range(1, 21)]
    return read_split(path, tiny_schema(), encoder, known_users=known)


def test_nulls_mask_their_task_and_only_theirs(prepared, encoder):
    table = pq.read_table(prepared / "train.parquet")
    rows = read(prepared / "train.parquet", encoder).rows
    is_null = table.column("like").is_null().to_numpy()
    assert 0 < is_null.sum() < len(is_null)
    np.testing.assert_array_equal(rows.weights["like"], np.where(is_null, 0.0, 1.0))
    np.testing.assert_array_equal(rows.weights["rating"], np.ones(400))
    np.testing.assert_array_equal(rows.labels["rating"], table.column("rating").to_numpy())


def test_who_is_warm_is_who_is_in_the_training_vocabulary(prepared, encoder):
    split = read(prepared / "train.parquet", encoder)
    np.testing.assert_array_equal(split.is_warm, split.users <= 20)
    assert not split.is_warm.all()


def test_parts_join_to_the_whole(prepared, encoder, monkeypatch):
    whole = read(prepared / "train.parquet", encoder)
    monkeypatch.setattr(shards, "_ROWS", 64)
    parts = read(prepared / "train.parquet", encoder)
    for kind, arrays in whole.rows._asdict().items():
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, getattr(parts.rows, kind)[name])


@pytest.mark.parametrize("is_sliced", [False, True])
def test_lists_are_padded_and_cut(is_sliced):
    feature = tiny_schema().feature("liked_items")
    lists = pa.chunked_array([[[9]], [[], [1, 2], [3, 4, 5, 6, 7], None]])
    lists = lists.slice(1) if is_sliced else lists
    expected = [[9, -1, -1, -1], [-1] * 4, [1, 2, -1, -1], [3, 4, 5, 6], [-1] * 4]
    assert raw_values(lists, feature).tolist() == expected[1 if is_sliced else 0 :]


@pytest.mark.parametrize("num_buckets", [0, 7])
def test_each_distinct_value_is_encoded_as_every_value_would_be(prepared, num_buckets):
    schema = tiny_schema()
    encoder = Encoder(schema, read_vocabularies(prepared, schema), num_buckets=num_buckets)
    table = tiny_table(90, 4)
    lists = table["liked_items"].to_pylist()
    lists[5:9] = None, [-1, 7, 7], [], [8, 9, 99, 1, 2, 3]  # -1 is what lists are padded with
    table = table.set_column(4, "liked_items", pa.array(lists, pa.list_(pa.int64())))
    for rows in (table, table.slice(6, 2), table.slice(7, 1)):
        encoded = encode_rows(rows, schema, encoder).features
        raw = {f.name: raw_values(rows.column(f.name), f) for f in schema.features}
        for name, expected in encoder(raw).items():
            np.testing.assert_array_equal(encoded[name], expected.numpy())
            assert encoded[name].dtype == expected.dtype.as_numpy_dtype


def test_a_missing_column_is_named(prepared, encoder, tmp_path):
    path = tmp_path / "train.parquet"
    pq.write_table(tiny_table(5, 0).drop_columns(["gender", "like"]), path)
    with pytest.raises(ValueError, match=r"train.parquet: no column gender, like"):
        read(path, encoder)


def test_what_a_file_has_is_told_on_one_line(prepared, encoder, tmp_path):
    path, table = tmp_path / "train.parquet", tiny_table(5, 0)
    columns = [*table.column_names[:-1], "\nstamp"]
    pq.write_table(table.rename_columns(columns), path)
    with pytest.raises(ValueError, match=r"no column rating; it has: user.*, '\\nstamp'$"):
        read(path, encoder)
    pq.write_table(table.rename_columns(["a\nb", "a\nb", *columns[2:]]), path)
    with pytest.raises(ValueError, match=r"more than one column 'a\\nb'$"):
        read(path, encoder)


def test_a_truncated_file_is_named(prepared, encoder, tmp_path):
    path = tmp_path / "cut.parquet"
    path.write_bytes((prepared / "train.parquet").read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"cut.parquet: not a readable Parquet file"):
        read(path, encoder)


def test_an_empty_file_is_refused(encoder, tmp_path):
    path = tmp_path / "none.parquet"
    pq.write_table(tiny_table(5, 0).slice(0, 0), path)
    with pytest.raises(ValueError, match=r"none.parquet: no rows"):
        read(path, encoder)


def test_sample_weights_weigh_the_labels_that_are_there(encoder, tmp_path):
    table = tiny_table(50, 0)
    weight = np.linspace(0.5, 3.0, 50)
    pq.write_table(table.append_column("weight", pa.array(weight)), tmp_path / "w.parquet")
    schema = dataclasses.replace(tiny_schema(), weight="weight")
    rows = read_split(tmp_path / "w.parquet", schema, encoder, known_users=[]).rows
    is_null = table.column("like").is_null().to_numpy()
    np.testing.assert_array_equal(rows.weights["rating"], weight.astype(np.float32))
    expected = np.where(is_null, 0, weight.astype(np.float32))
    np.testing.assert_array_equal(rows.weights["like"], expected)
    table = table.append_column("weight", pa.array(np.where(weight > 2, -0.25, weight)))
    pq.write_table(table, tmp_path / "w.parquet")
    with pytest.raises(
        ValueError, match=r"20 in weight .*-0\.25 must be 0, or a number from 1e-30 to 1e\+30"
    ):
        read_split(tmp_path / "w.parquet", schema, encoder, known_users=[])


def crossed(schema):
    """Returns the schema with a column of frozen values of `user_count`."""
    return dataclasses.replace(
        schema,
        features=tuple(
            dataclasses.replace(f, frozen="count_then") if f.name == "user_count" else f
            for f in schema.features
        ),
    )


def test_frozen_values_are_read_beside_the_features_and_only_if_asked_for(encoder, tmp_path):
    table, schema = tiny_table(50, 0), crossed(tiny_schema())
    then = np.arange(50, dtype=np.float32)
    path = tmp_path / "x.parquet"
    pq.write_table(table.append_column("count_then", pa.array(then)), path)
    split = read_split(path, schema, encoder, known_users=[], with_frozen=True)
    assert list(split.frozen) == ["user_count"]
    np.testing.assert_array_equal(split.frozen["user_count"], then)
    plain = read_split(path, schema, encoder, known_users=[])
    assert plain.frozen == {}
    assert list(split.rows.features) == list(plain.rows.features)
    assert check_split(path, schema, with_frozen=True).num_rejected == 0


def test_a_missing_or_bad_frozen_value_is_told_as_a_feature_s_is(encoder, tmp_path):
    table, schema = tiny_table(50, 0), crossed(tiny_schema())
    path = tmp_path / "x.parquet"
    pq.write_table(table, path)
    read_split(path, schema, encoder, known_users=[])
    for look in (check_split, partial(read_split, encoder=encoder, known_users=[])):
        pq.write_table(table, path)
        with pytest.raises(ValueError, match=r"x\.parquet: no column count_then; it has: user_id"):
            look(path, schema, with_frozen=True)
        bad = pa.array([np.nan, *[1.0] * 49])
        pq.write_table(table.append_column("count_then", bad), path)
        with pytest.raises(ValueError, match=r"1 in count_then \(row 0 .*: nan must be a number"):
            look(path, schema, with_frozen=True)


@pytest.mark.parametrize("kind", ["whole", "text"])
def test_the_first_row_of_a_user_is_the_first_in_time_whatever_the_order(kind):
    users = np.array([7, 5, 7, 5, 9, 7])
    if kind == "text":
        users = np.array([f"user {u}" for u in users], object)
    times = np.array([30, 20, 10, 20, 5, 10])  # 5 has two rows in a second, 7 too
    split = Split(Batch({}, {}, {}), users=users, is_warm=times > 0, times=times)
    assert split.first_rows().tolist() == [2, 1, 2, 1, 4, 2]
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(6)
        mixed = Split(Batch({}, {}, {}), users=users[order], is_warm=order > 0, times=times[order])
        first = order[mixed.first_rows()]
        assert (users[first] == users[order]).all()
        expected = [
            10 if str(u).endswith("7") else 20 if str(u).endswith("5") else 5 for u in users[order]
        ]  # fmt: offset
        assert times[first].tolist() == expected
