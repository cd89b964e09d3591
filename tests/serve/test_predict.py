"""Scoring files: the trainer's scores, in constant memory, or a sentence and no output."""

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from scored_rows import as_csv, read, refusal, with_column

from ranker import model, serve
from ranker.input import read_raw
from ranker.serve import rows as rows_module

pytestmark = pytest.mark.runs


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize("batch_rows", [7, 16_384])
def test_scores_are_the_trainers_in_the_order_of_the_rows(
    version, run, prepared, tmp_path, monkeypatch, kind, batch_rows
):
    monkeypatch.setattr(rows_module, "BATCH_ROWS", batch_rows)
    rows = pq.read_table(prepared / "test.parquet").slice(0, 40)
    path = tmp_path / f"rows.{kind}"
    as_csv(rows, path) if kind == "csv" else pq.write_table(rows, path)
    seen = []
    keep = ["item_id", "timestamp", "gender"]
    count = serve.predict(
        version,
        path,
        tmp_path / "out.parquet",
        keep=keep,
        on_rows=lambda done, total: seen.append((done, total)),
    )
    assert count == 40
    assert seen[-1] == (40, None if kind == "csv" else 40)
    assert len(seen) == -(-40 // batch_rows)
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.column_names == [*keep, "like_score", "rating_score"]
    for name in keep:
        values = rows.column(name).to_pylist()
        assert found.column(name).to_pylist() == (
            [str(value) for value in values] if kind == "csv" else values
        )
    raw = read_raw(prepared / "test.parquet", run.schema, num_rows=40)
    expected = model.scores(run.model(run.encoder(raw)), run.schema)
    for task, scores in expected.items():
        np.testing.assert_allclose(found.column(f"{task}_score"), scores.numpy(), atol=1e-6)
    assert {p.name for p in tmp_path.iterdir()} == {path.name, "out.parquet"}


def test_the_user_and_the_item_are_kept_by_default(version, schema, table, tmp_path):
    names = [feature.name for feature in schema.features]
    pq.write_table(table.select(names), tmp_path / "rows.parquet")
    serve.predict(version, tmp_path / "rows.parquet", tmp_path / "out.parquet")
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.column_names == ["user_id", "item_id", "like_score", "rating_score"]


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_no_rows_give_no_scores(version, table, tmp_path, kind):
    path = tmp_path / f"rows.{kind}"
    empty = table.slice(0, 0)
    as_csv(empty, path) if kind == "csv" else pq.write_table(empty, path)
    assert serve.predict(version, path, tmp_path / "out.parquet") == 0
    found = pq.read_table(tmp_path / "out.parquet")
    assert found.num_rows == 0
    assert found.column_names == ["user_id", "item_id", "like_score", "rating_score"]


def test_a_file_that_fails_midway_leaves_the_old_output(version, table, tmp_path, monkeypatch):
    monkeypatch.setattr(rows_module, "BATCH_ROWS", 4)
    late = with_column(table, "user_count", [1.0] * 10 + [float("nan")] * 2)
    pq.write_table(late, tmp_path / "rows.parquet")
    (tmp_path / "out.parquet").write_text("old")
    with pytest.raises(
        ValueError, match=r"rows\.parquet: column user_count, row [0-9]+: nan must be a number"
    ):
        serve.predict(version, tmp_path / "rows.parquet", tmp_path / "out.parquet")
    assert (tmp_path / "out.parquet").read_text() == "old"
    assert {p.name for p in tmp_path.iterdir()} == {"rows.parquet", "out.parquet"}


def test_other_types_that_hold_the_same_values_are_taken(schema, table, tmp_path):
    other = with_column(table, "user_id", table["user_id"].cast(pa.int32()).combine_chunks())
    other = with_column(
        other, "user_count", table["user_count"].cast(pa.float64()).combine_chunks()
    )
    lists = table["liked_items"].cast(pa.large_list(pa.int16())).combine_chunks()
    other = with_column(other, "liked_items", lists)
    gender = table["gender"].combine_chunks().dictionary_encode()
    other = with_column(other, "gender", gender)
    for name, each in (("plain", table), ("other", other)):
        pq.write_table(each, tmp_path / f"{name}.parquet")
    ((_, plain),), ((_, found),) = (
        read(tmp_path / f"{n}.parquet", schema) for n in ("plain", "other")
    )
    for name, values in plain.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


def test_text_in_csv_is_text_and_an_empty_cell_an_empty_list(schema, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(
        "user_id,item_id,gender,genres,liked_items,user_count\n"
        '7,1,NA,"Film-Noir|Drama",,2\n'
        "8,2,007,,3|4,0.5\n"
    )
    ((kept, raw),) = read(path, schema, keep=("gender", "user_id"))
    assert kept.to_pydict() == {"gender": ["NA", "007"], "user_id": ["7", "8"]}
    assert raw["gender"].tolist() == ["NA", "007"]
    assert raw["genres"].tolist() == [["Film-Noir", "Drama", ""], ["", "", ""]]
    assert raw["liked_items"].tolist() == [[-1] * 4, [3, 4, -1, -1]]
    assert raw["user_count"].dtype == np.float32


MISTAKES = {
    "missing": ("user_id,item_id,gender\n1,2,F\n", "no column genres, liked_items, user_count; "
    "it has: user_id, item_id, gender"),
    "text for a number": ("{head}1,two,F,,,1\n", "column item_id, row 0: 'two': Failed to parse"),
    "text for a later number": ("{head}" + "1,2,F,,,1\n" * 9 + "1,2,F,,,x\n1,y,F,,,z\n",
    "column item_id, row 10: 'y': Failed to parse"),
    "empty id": ("{head},2,F,,,1\n,3,F,,,1\n", "column user_id, row 0: null must be a whole "
    "number; 2 such "),
    "text in a list": ("{head}1,2,F,,3|x,1\n", "column liked_items, row 0: '3|x': Failed to parse"),
    "hole in a list": ("{head}1,2,F,,3||4,1\n", "column liked_items, row 0: '3||4': Failed to"),
    "not a number": ("{head}1,2,F,,,nan\n", "column user_count, row 0: nan must be a number from"),
    "infinite": ("{head}1,2,F,,,-inf\n", "column user_count, row 0: -inf must be a number from"),
    "columns": ("{head}1,2,F\n", "row 0: 3 cells, and 6 columns"),
    "a later short row": ("{head}1,2,F,,,1\n\n1,2,F,,,1\n1,2\n", "row 2: 2 cells, and 6 columns"),
    "empty": ("", "Empty CSV file"),
    "blank lines": ("\n\n", "Empty CSV file"),
    "no text": ("{head}1,2,\udce9,,,1\n", "column gender, row 0: not UTF-8"),
    "no text later": ("{head}1,2,F,,,1\n1,2,F,\udce9,,1\n", "column genres, row 1: not UTF-8"),
    "semicolons": ("user_id;item_id\n1;2\n", "its columns are separated by ';', it seems"),
    "tabs": ("user_id\titem_id\n1\t2\n", "its columns are separated by '\\t', it seems, and must"),
    "two bytes a letter": ("u\0s\0,\0i\0\n\0", "not UTF-8 but perhaps UTF-16: write it as UTF-8"),
    "another case": ("User_ID,item_id,gender,genre,liked_items,user_count\n", "no column user_id, "
    "genres; it has: User_ID, item_id, gender, genre, liked_items, user_count. Did you mean "
    "'User_ID' for 'user_id', 'genre' for 'genres'?"),
    "twice": ("{names},user_id\n", "more than one column user_id"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_csv_that_cannot_be_scored_is_refused_in_a_sentence(schema, tmp_path, mistake):
    text, message = MISTAKES[mistake]
    path = tmp_path / "rows.csv"
    head = ",".join(feature.name for feature in schema.features)
    text = text.format(head=head + "\n", names=head)
    path.write_text(text, "utf-8", errors="surrogateescape")
    assert refusal(path, schema).startswith(f"{path}: {message}")


def test_a_parquet_that_cannot_be_scored_is_refused_in_a_sentence(schema, table, tmp_path):
    table, path = table.slice(0, 5), tmp_path / "rows.parquet"

    def said(changed, **named):
        pq.write_table(changed, path)
        return refusal(path, schema, **named).removeprefix(f"{path}: ")

    assert said(table.drop_columns(["gender"])).startswith("no column gender; it has: user_id, ")
    assert said(table, keep=("color",)).startswith("no column color; it has: user_id, ")
    nulls = pa.array([1, None, 3, None, 5])
    assert said(with_column(table, "item_id", nulls)) == (
        "column item_id, row 1: null must be a whole number; 2 such rows up to row 4, from 0"
    )
    holes = pa.array([[1, None]] + [[2]] * 4)
    assert said(with_column(table, "liked_items", holes)).startswith(
        "column liked_items, row 0: [1, None] must be a list of whole numbers without a null; 1 "
    )
    halves = pa.array([1.5] * 5)
    assert said(with_column(table, "user_id", halves)).startswith(
        "column user_id, row 0: 1.5: Float value 1.5"
    )
    pq.write_table(table, path)
    path.write_bytes(path.read_bytes()[:-40])
    assert "arquet" in refusal(path, schema)


def test_a_file_that_is_not_there_is_an_os_error(schema, tmp_path):
    for name in ("rows.csv", "rows.parquet"):
        with pytest.raises(FileNotFoundError, match=name):
            read(tmp_path / name, schema)


def test_a_full_disk_names_the_output_and_leaves_the_one_before(
    version, prepared, tmp_path, files_of_at_most
):
    output = tmp_path / "out.parquet"
    output.write_text("before")
    with (
        files_of_at_most(300),
        pytest.raises(OSError, match=r"File too large: '.*/out.parquet'$"),
    ):
        serve.predict(version, prepared / "test.parquet", output)
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]
    assert output.read_text() == "before"
