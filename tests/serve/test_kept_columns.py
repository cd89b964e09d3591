"""What is kept of a file beside its scores: as it was, whatever it is."""

import csv
import os
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scored_rows import csv_of, read, with_column

from ranker import serve

pytestmark = pytest.mark.runs

KEPT = {
    "zeros before": lambda k: f"{k:06d}",
    "more digits than 64 bits": lambda k: str(12345678901234567890123 + k),
    "like a number": lambda k: f"{k % 9}e{k % 7}",
    "decimals": lambda k: f"{k}.10",
    "dates": lambda k: f"2024-03-{k % 28 + 1:02d}",
    "true and false": lambda k: "true" if k % 2 else "false",
    "like a null": lambda k: ("", "NA", "null", "NaN", "None")[k % 5],
    "text after numbers": lambda k: str(k) if k < 9 else f"web-{k}",
    "blanks": lambda k: f" {k} ",
    "quotes, commas and lines": lambda k: 'say "a", b\nor c\r d\r\n',
    "letters": lambda k: "größe 名前 \u2028",
    "bytes": lambda k: "caf\udce9",
    "long": lambda k: "x" * 70_000,
}


@pytest.mark.parametrize("kind", ["csv", "parquet", "CSV"])
@pytest.mark.parametrize("without", ["bytes", ""])  # with which no column of the file is text
def test_what_is_kept_of_a_csv_is_as_it_stands_there(version, table, tmp_path, without, kind):
    whats = [what for what in KEPT if what != without]
    wanted = {what: [KEPT[what](k) for k in range(len(table))] for what in whats}
    users = [f"{user:05d}" for user in table["user_id"].to_pylist()]
    table = with_column(table, "user_id", users)
    path = csv_of(table, tmp_path / "rows.csv", **wanted, **{"über": users})
    output = tmp_path / f"out.{kind}"
    serve.predict(version, path, output, keep=[*wanted, "user_id", "dates"])
    if kind == "parquet":
        found = pq.read_table(output).to_pydict()
        if not without:
            found |= {what: list(map(os.fsdecode, found[what])) for what in wanted}
        assert pq.read_schema(output).field("user_id").type == pa.string()
    else:
        with output.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            rows = list(csv.DictReader(file))
        found = {name: [row[name] for row in rows] for name in rows[0]}
        scores = np.array(found["like_score"], np.float32)
        assert ((scores > 0) & (scores < 1)).all()
    assert list(found) == [*wanted, "user_id", "like_score", "rating_score"]
    for what, values in wanted.items():
        assert found[what] == values, what
    assert found["user_id"] == users


@pytest.mark.parametrize("what", KEPT)
@pytest.mark.parametrize("block", [200_000])
def test_a_column_that_nobody_reads_never_ends_the_job(schema, table, tmp_path, what, block):
    values = ["1"] * 6 + [KEPT[what](k) for k in range(len(table) - 6)]
    path = csv_of(table, tmp_path / "rows.csv", **{"caf\udce9": values, "twice": values})
    path.write_bytes(path.read_bytes().replace(b",twice", b",caf\xe9", 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ranker.serve.csv_rows._BLOCK_BYTES", block)
        batches = read(path, schema)
    assert sum(len(kept) for kept, _ in batches) == len(table)


def test_types_of_parquet_are_kept_and_have_a_form_in_csv(version, table, tmp_path):
    columns = {
        "when": pa.array([None, *range(11)], pa.timestamp("ms")),
        "flag": pa.array([True, None] * 6),
        "big": pa.array([2**63 - 1] * 12),
        "text": pa.array(["", None, "a,b"] * 4).dictionary_encode(),
        "texts": pa.array([["a", "b"], [], None] * 4),
        "bytes": pa.array([b"\xff", b"", None] * 4),
        "nothing": pa.nulls(12),
        "price": pa.array([0.1] * 12, pa.float32()),
    }
    for name, values in columns.items():
        table = table.append_column(name, values)
    pq.write_table(table, tmp_path / "rows.parquet")
    for name in ("out.parquet", "out.csv"):
        serve.predict(version, tmp_path / "rows.parquet", tmp_path / name, keep=list(columns))
    found = pq.read_table(tmp_path / "out.parquet")
    kept = pq.read_table(tmp_path / "rows.parquet")
    for name in columns:
        assert found.schema.field(name).type == kept.schema.field(name).type
        assert found[name].to_pylist() == kept[name].to_pylist()
    lines = (tmp_path / "out.csv").read_bytes().split(b"\n")
    assert lines[1].startswith(b",true,9223372036854775807,,a|b,\xff,,0.1,0.")
    assert lines[2].startswith(b"1970-01-01 00:00:00.000,,9223372036854775807,,,,,0.1,0.")
    assert lines[3].startswith(b'1970-01-01 00:00:00.001,true,9223372036854775807,"a,b",,,,0.1,0.')


def test_scores_in_csv_are_those_in_parquet_bit_for_bit(version, prepared, tmp_path):
    for name in ("out.parquet", "out.csv"):
        serve.predict(version, prepared / "test.parquet", tmp_path / name)
    wanted = pq.read_table(tmp_path / "out.parquet")
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == wanted.column_names
    for name in ("like_score", "rating_score"):
        found = np.array([row[name] for row in rows], np.float32)
        assert found.tobytes() == wanted[name].to_numpy().tobytes()


FORMLESS = {
    "struct<x: int64>": pa.array([{"x": 1}] * 12),
    "list<element: list<element: string>>": pa.array([[["a"], ["b", "c"]]] * 12),
    "large_list<element: list<element: int64>>": pa.array(
        [[[1]]] * 12, pa.large_list(pa.list_(pa.int64()))
    ),
    "fixed_size_list<element: int64>[2]": pa.array([[1, 2]] * 12, pa.list_(pa.int64(), 2)),
}


@pytest.mark.parametrize("kind", FORMLESS)
def test_a_type_without_a_form_in_csv_is_refused_by_name(version, table, tmp_path, kind):
    pq.write_table(table.append_column("place", FORMLESS[kind]), tmp_path / "rows.parquet")
    with pytest.raises(ValueError, match=re.escape(f"column place: {kind} has no form in CSV")):
        serve.predict(version, tmp_path / "rows.parquet", tmp_path / "o.csv", keep=["place"])
    assert {path.name for path in tmp_path.iterdir()} == {"rows.parquet"}


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary()])
def test_a_list_whose_text_has_the_separator_is_refused_in_csv_alone(
    version, table, tmp_path, kind
):
    names = pa.array([["a"]] * 11 + [["a|b", "c"]], pa.list_(kind))
    pq.write_table(table.append_column("names", names), tmp_path / "rows.parquet")
    with pytest.raises(
        ValueError, match=r"column names: 'a\|b' in a list has a '\|', which in CSV"
    ):
        serve.predict(version, tmp_path / "rows.parquet", tmp_path / "o.csv", keep=["names"])
    assert {path.name for path in tmp_path.iterdir()} == {"rows.parquet"}
    serve.predict(version, tmp_path / "rows.parquet", tmp_path / "o.parquet", keep=["names"])
    assert pq.read_table(tmp_path / "o.parquet")["names"].to_pylist() == names.to_pylist()


def test_a_score_does_not_take_the_place_of_a_column_of_its_name(version, table, tmp_path):
    table = table.append_column("like_score", pa.array([1.0] * 12))
    pq.write_table(table, tmp_path / "rows.parquet")
    with pytest.raises(ValueError, match="--keep has like_score, which is what the model's own"):
        serve.predict(version, tmp_path / "rows.parquet", tmp_path / "o.csv", keep=["like_score"])
