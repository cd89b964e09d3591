"""What is wrong with a prepared file is reported with its place, and never trains."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_dataset import tiny_schema, tiny_table

from ranker.input import Encoder, check_split, read_raw, read_split, read_vocabularies
from ranker.schema import Task

ROWS = 60
GROUP = 25  # rows a group: row 31 is in group 1


@pytest.fixture(scope="module")
def encoder(prepared):
    return Encoder(tiny_schema(), read_vocabularies(prepared, tiny_schema()))


def spoiled(table, column, row, value, kind=None):
    """Returns `table` with `value` in one place."""
    values = table[column].to_pylist()
    values[row] = value
    new = pa.array(values, kind or table.schema.field(column).type)
    return table.set_column(table.column_names.index(column), column, new)


def write(table, path):
    pq.write_table(table, path, row_group_size=GROUP)
    return path


def refusal(path, encoder, schema=None, **named):
    """Returns what is said of a file by reading it, and holds checking it to the same."""
    said = []
    for read in (
        lambda: read_split(path, schema or tiny_schema(), encoder, known_users=[], **named),
        lambda: check_split(path, schema or tiny_schema(), **named),
    ):
        with pytest.raises(ValueError) as caught:  # noqa: PT011 (the message is compared)
            read()
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert len(said[0].splitlines()) == 1
    assert said[0].startswith(f"{path}: ")
    return said[0].removeprefix(f"{path}: ")


FLOAT64 = pa.float64()
COUNT = "must be a number from -0.9999999 to 3.402823e+38"
BAD_VALUES = {
    "null id": ("user_id", None, None, "null must be a whole number"),
    "null text": ("gender", None, None, "null must be text in UTF-8"),
    "null in a list": ("genres", ["Drama", None], None, "['Drama', None] must be a list of texts"),
    "null id in a list": ("liked_items", [None], None, "[None] must be a list of whole numbers"),
    "null number": ("user_count", None, None, f"null {COUNT}"),
    "nan": ("user_count", float("nan"), None, f"nan {COUNT}"),
    "infinite": ("user_count", float("-inf"), None, f"-inf {COUNT}"),
    "infinite as float32": ("user_count", 1e300, FLOAT64, f"1e+300 {COUNT}"),
    "no logarithm": ("user_count", -1.0, None, f"-1.0 {COUNT}"),
    "label between": ("like", 0.25, None, "0.25 must be 0 or 1, or null"),
    "label nan": ("like", float("nan"), None, "nan must be 0 or 1, or null"),
    "label low": ("rating", 0.5, None, "0.5 must be a number from 1 to 5, or null"),
    "label high": ("rating", 5.5, None, "5.5 must be a number from 1 to 5, or null"),
    "label infinite": ("rating", float("inf"), None, "inf must be a number from 1 to 5, or null"),
    "no time": ("timestamp", None, None, "null must be Unix seconds"),
    "no UTF-8": ("gender", b"\xff\xfe", pa.binary(), "text that is not UTF-8 must be text"),
}


@pytest.mark.parametrize("case", BAD_VALUES)
def test_a_bad_value_is_reported_with_its_place_and_its_row_left_out(case, encoder, tmp_path):
    column, value, kind, said = BAD_VALUES[case]
    table = tiny_table(ROWS, 0)
    if kind == pa.binary():
        values = [text.encode() for text in table[column].to_pylist()]
        values[31] = value
        raw = pa.array(values, pa.binary()).view(pa.string())
        changed = table.set_column(table.column_names.index(column), column, raw)
    else:
        changed = spoiled(table, column, 31, value, kind)
    path = write(changed, tmp_path / "bad.parquet")
    assert refusal(path, encoder).startswith(
        f"1 of 60 rows is rejected: 1 in {column} (row 31 of the file, in row group 1: {said}"
    )
    # 1 of 60 is a share of 0.0167.
    assert "a share of 0.016 may be: fix the data" in refusal(
        path, encoder, max_rejected_rows=0.016
    )
    split = read_split(path, tiny_schema(), encoder, known_users=[], max_rejected_rows=0.017)
    kept = np.delete(np.arange(ROWS), 31)
    np.testing.assert_array_equal(split.times, table["timestamp"].to_numpy()[kept])
    clean = read_split(write(table, tmp_path / "a.parquet"), tiny_schema(), encoder, known_users=[])
    for name, values in clean.rows.features.items():
        np.testing.assert_array_equal(split.rows.features[name], values[kept])
    assert (split.rejected_rows.num_read, split.rejected_rows.num_rejected) == (60, 1)
    assert clean.rejected_rows.num_rejected == 0


def test_rows_bad_in_several_columns_count_once_and_each_column_tells_its_first(tmp_path):
    table = tiny_table(ROWS, 0)
    for column, row, value in (
        ("rating", 40, 7.0),
        ("rating", 3, 0.0),
        ("user_count", 40, np.nan),
        ("item_id", 59, None),
    ):
        table = spoiled(table, column, row, value)
    account = check_split(
        write(table, tmp_path / "x.parquet"), tiny_schema(), max_rejected_rows=0.1
    )
    assert (account.num_read, account.num_rejected) == (60, 3)
    places = {f.column: (f.row_group, f.row, f.num_rows) for f in account.violations}
    assert places == {"rating": (0, 3, 2), "user_count": (1, 40, 1), "item_id": (2, 59, 1)}
    assert account.as_json()["violations"][0]["value"] == "0.0"


def test_a_null_label_and_a_null_list_and_an_unknown_id_are_no_mistakes(encoder, tmp_path):
    table = spoiled(tiny_table(ROWS, 0), "like", 31, None)
    table = spoiled(table, "genres", 31, None)
    table = spoiled(table, "item_id", 31, 2**40)
    split = read_split(write(table, tmp_path / "x.parquet"), tiny_schema(), encoder, known_users=[])
    assert split.rejected_rows.num_rejected == 0
    assert split.rows.weights["like"][31] == 0
    assert split.rows.features["genres"][31].tolist() == [-1, -1, -1]
    assert split.rows.features["item_id"][31] == 30  # behind the vocabulary's 30 values


def test_a_label_that_is_never_known_masks_its_task(encoder, tmp_path):
    table = tiny_table(ROWS, 0)
    nothing = pa.nulls(ROWS)
    path = tmp_path / "x.parquet"
    pq.write_table(table.set_column(table.column_names.index("like"), "like", nothing), path)
    split = read_split(path, tiny_schema(), encoder, known_users=[])
    assert split.rows.weights["like"].tolist() == [0.0] * ROWS


@pytest.mark.parametrize(
    ("column", "kind", "said"),
    [
        ("user_id", pa.string(), "column user_id holds string, and must hold whole numbers"),
        ("item_id", pa.float64(), "column item_id holds double, and must hold whole numbers"),
        ("item_id", pa.uint64(), "column item_id holds uint64, and must hold whole numbers"),
        ("timestamp", pa.timestamp("ms"), "column timestamp holds timestamp[ms], and must"),
        ("user_count", pa.string(), "column user_count holds string, and must hold numbers"),
        ("rating", pa.string(), "column rating holds string, and must hold numbers"),
        ("gender", pa.binary(), "column gender holds binary, and must hold text"),
    ],
)
def test_a_column_of_another_type_is_named(column, kind, said, encoder, tmp_path):
    table = tiny_table(ROWS, 0)
    changed = table[column].cast(kind)
    path = write(
        table.set_column(table.column_names.index(column), column, changed), tmp_path / "x.parquet"
    )
    assert refusal(path, encoder, max_rejected_rows=0.9).startswith(said)


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("genres", ["Drama"] * 5, "column genres holds string, and must hold lists of text"),
        ("liked_items", [["3"]] * 5, "column liked_items holds list<element: string>, and must"),
        ("user_id", [[1]] * 5, "column user_id holds list<element: int64>, and must hold whole"),
        ("gender", [{"a": "M"}] * 5, "column gender holds struct<a: string>, and must hold text"),
    ],
)
def test_a_list_where_none_is_due_or_none_where_one_is(column, values, said, encoder, tmp_path):
    table = tiny_table(5, 0)
    changed = table.set_column(table.column_names.index(column), column, pa.array(values))
    assert refusal(write(changed, tmp_path / "x.parquet"), encoder).startswith(said)


def test_other_types_that_hold_the_same_values_are_taken(encoder, tmp_path):
    table = tiny_table(ROWS, 0)
    other = table
    for column, kind in {
        "user_id": pa.int16(),
        "gender": pa.dictionary(pa.int32(), pa.string()),
        "genres": pa.large_list(pa.large_string()),
        "liked_items": pa.large_list(pa.int32()),
        "user_count": pa.float64(),
        "like": pa.bool_(),
        "timestamp": pa.uint32(),
    }.items():
        place = other.column_names.index(column)
        other = other.set_column(place, column, other[column].cast(kind))
    plain, found = (
        read_split(write(each, tmp_path / name), tiny_schema(), encoder, known_users=[])
        for each, name in ((table, "plain.parquet"), (other, "other.parquet"))
    )
    for kind, arrays in plain.rows._asdict().items():
        for name, array in arrays.items():
            again = getattr(found.rows, kind)[name]
            assert again.dtype == array.dtype
            np.testing.assert_array_equal(again, array)


def test_weights_must_be_0_or_of_a_size_that_float32_can_add_up(encoder, tmp_path):
    schema = dataclasses.replace(tiny_schema(), weight="weight")
    for value in (-0.25, np.nan, np.inf, None, 1e300, 1.1e30, 1e-300, 9e-31):
        weights = pa.array([2.0] * 59 + [value])
        table = tiny_table(ROWS, 0).append_column("weight", weights)
        said = refusal(write(table, tmp_path / "x.parquet"), encoder, schema)
        assert "1 in weight (row 59 of the file, in row group 2: " in said
        assert "must be 0, or a number from 1e-30 to 1e+30" in said
    good = [0.0, 1e-30, 1e30, *[2.0] * 57]
    table = tiny_table(ROWS, 0).append_column("weight", pa.array(good))
    split = read_split(write(table, tmp_path / "x.parquet"), schema, encoder, known_users=[])
    np.testing.assert_array_equal(split.rows.weights["rating"], np.float32(good))


def test_an_empty_row_group_changes_nothing(encoder, tmp_path):
    table = tiny_table(ROWS, 0)
    with pq.ParquetWriter(tmp_path / "x.parquet", table.schema) as writer:
        for part in (table.slice(0, 0), table.slice(0, 40), table.slice(0, 0), table.slice(40)):
            writer.write_table(part)
    assert pq.read_metadata(tmp_path / "x.parquet").num_row_groups == 4
    split = read_split(tmp_path / "x.parquet", tiny_schema(), encoder, known_users=[])
    np.testing.assert_array_equal(split.times, table["timestamp"].to_numpy())


def test_a_column_that_stands_there_twice_is_named(encoder, tmp_path):
    table = tiny_table(5, 0)
    write(table.append_column("like", table["like"]), tmp_path / "x.parquet")
    assert refusal(tmp_path / "x.parquet", encoder) == "more than one column like"


def test_damage_within_a_row_group_is_told_by_its_number(encoder, tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(
        tiny_table(ROWS, 0), path, row_group_size=GROUP, write_page_checksum=True, compression=None
    )
    column = pq.read_metadata(path).row_group(1).column(1)
    first = column.dictionary_page_offset or column.data_page_offset
    data = bytearray(path.read_bytes())
    data[first + column.total_compressed_size - 1] ^= 1  # of item_id
    path.write_bytes(data)
    said = refusal(path, encoder, max_rejected_rows=0.9)
    assert said.startswith("row group 1, column item_id, cannot be read: ")
    assert said.endswith("; write it again")


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.999])
def test_a_file_cut_anywhere_is_told(share, encoder, tmp_path):
    whole = write(tiny_table(ROWS, 0), tmp_path / "x.parquet").read_bytes()
    (tmp_path / "x.parquet").write_bytes(whole[: int(share * len(whole))])
    said = refusal(tmp_path / "x.parquet", encoder)
    assert said.startswith("not a readable Parquet file, or a damaged one: ")


def test_what_the_system_refuses_stays_its_error(encoder, tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        check_split(tmp_path / "none.parquet", tiny_schema())
    assert caught.value.filename == str(tmp_path / "none.parquet")


def test_the_first_good_rows_are_the_raw_ones(tmp_path):
    table = spoiled(tiny_table(ROWS, 0), "user_count", 1, np.nan)
    path = write(table, tmp_path / "x.parquet")
    raw = read_raw(path, tiny_schema(), num_rows=30)
    kept = [0, *range(2, 31)]
    assert raw["user_id"].tolist() == [table["user_id"][i].as_py() for i in kept]
    pq.write_table(table.slice(1, 1), path)
    with pytest.raises(ValueError, match=r"x\.parquet: no rows"):
        read_raw(path, tiny_schema(), num_rows=3)


def test_a_label_at_the_end_of_a_range_that_float32_rounds_is_in_it(encoder, tmp_path):
    task = Task(name="rating", kind="regression", minimum=0.1, maximum=0.7)
    schema = dataclasses.replace(tiny_schema(), tasks=(task,))
    table = tiny_table(4, 0)
    labels = pa.array([0.1, 0.7, 0.3, None], pa.float32())
    table = table.set_column(table.column_names.index("rating"), "rating", labels)
    assert check_split(write(table, tmp_path / "x.parquet"), schema).num_rejected == 0
