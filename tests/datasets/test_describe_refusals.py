"""Files that are no table, and names that hurt: a sentence, or a spec that decodes."""

import json
import tomllib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fuzz import fuzz
from hypothesis import strategies as st

from ranker.datasets import DatasetError, Options
from ranker.datasets.describe.description import Asked, describe
from ranker.datasets.describe.writing import spec_of
from ranker.datasets.table.specs import mistakes
from ranker.spec.decode import Layer, decode
from ranker.spec.table import TableSpec

N = 60


def parquet(path, **columns) -> str:
    pq.write_table(pa.table({"click": np.arange(N) % 2} | columns), path)
    return str(path)


def spec(files, **asked) -> TableSpec:
    """Returns the spec that is written, which has to fit its files."""
    found = describe(files, Asked(**asked), now=1.8e9)
    assert not found.problem
    read = decode(TableSpec, [Layer("spec", tomllib.loads(spec_of(found)))])
    assert mistakes(read, Options()) == []
    return read


def one_line(said: str) -> None:
    assert len(said.splitlines()) == 1


def refused(files, **asked) -> str:
    with pytest.raises(DatasetError) as raised:
        describe(files, Asked(**asked))
    said = str(raised.value)
    assert len(said.splitlines()) == 1
    return said


def test_what_is_no_table_is_refused_in_a_sentence(tmp_path):
    def write(name, data):
        (tmp_path / name).write_bytes(data)
        return [str(tmp_path / name)]

    assert "no such file" in refused([str(tmp_path / "none.parquet")])
    assert "no file is like this pattern" in refused([str(tmp_path / "*.parquet")])
    assert "empty file" in refused(write("empty.csv", b""))
    assert "it holds no rows" in refused(write("head.csv", b"a,b\n"))
    assert "not read as parquet" in refused(write("bad.parquet", b"PAR1" + b"\0" * 40))
    assert "bytes of 0" in refused(write("bad.csv", b"\x89PNG\0\0\0" * 9))
    assert "no JSON" in refused(write("bad.jsonl", b"{]\n"))
    assert "of no known format" in refused(write("picture.png", b"\x89PNG"))
    pq.write_table(pa.table({"a": pa.array([], pa.int64())}), tmp_path / "rows.parquet")
    assert "it holds no rows" in refused([str(tmp_path / "rows.parquet")])
    both = [*write("a.csv", b"click\n1\n"), str(tmp_path / "rows.parquet")]
    assert "files of several formats" in refused(both)


def test_what_is_asked_for_has_to_be_there(tmp_path):
    path = parquet(tmp_path / "t.parquet", uid=np.arange(N) % 7, text=["a b", "c"] * 30,
                   price=np.arange(N) / 7)  # fmt: skip
    assert "--user: no column uod; did you mean 'uid'?" in refused([path], user="uod")
    assert "--label: no column clik; did you mean 'click'?" in refused([path], labels=("clik",))
    assert "--time: column 'uid' holds no moments but 0, 1, 2" in refused([path], time="uid")
    assert "--user: column 'price' is number, and no id" in refused([path], user="price")
    assert "--label: column 'text' is no label" in refused([path], labels=("text",))
    assert "--sample_rows must be >= 1000, got 3" in refused([path], sample_rows=3)
    assert spec([path], labels=("price",)).tasks["price"].kind == "regression"


def test_a_table_without_a_label_says_where_to_write_one(tmp_path):
    pq.write_table(pa.table({"uid": np.arange(N), "price": np.arange(N) / 7}), tmp_path / "t.pq")
    found = describe([str(tmp_path / "t.pq")], Asked())
    assert "no column looks like a label" in found.problem
    text = spec_of(found)
    assert text.count("TO FILL IN") == 3
    tomllib.loads(text)
    several = parquet(tmp_path / "u.parquet", a=np.arange(N) % 2, b=np.arange(N) // 30)
    table = pq.read_table(several).drop(["click"])
    pq.write_table(table, several)
    assert "--label=COLUMN, such as a, b" in describe([several], Asked()).problem


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_tens_of_thousands_of_columns_are_refused_by_number(form, tmp_path):
    names = [f"c{number}" for number in range(30_000)]
    path = tmp_path / f"wide.{form}"
    if form == "parquet":
        table = pa.table([pa.array([1])] * len(names), names=names)
        pq.write_table(table, path, use_dictionary=False, write_statistics=False)
    elif form == "csv":
        path.write_text(f"{','.join(names)}\n{','.join('1' for _ in names)}\n")
    else:
        path.write_text(json.dumps(dict.fromkeys(names, 1)))
    assert "30,000 columns, of at most 10,000" in refused([str(path)])


def test_a_million_columns_are_a_first_line_that_does_not_end(tmp_path):
    line = ",".join(f"c{number}" for number in range(1_000_000))
    (tmp_path / "wide.csv").write_text(f"{line}\n{line}\n")
    said = refused([str(tmp_path / "wide.csv")])
    assert "its first line does not end within 2,097,152 bytes" in said


def test_shards_of_other_types_are_told(tmp_path):
    files = [
        parquet(tmp_path / "a.parquet", sku=np.arange(N) % 9, a=["x"] * N, b=np.arange(N),
                c=[1.5, 2, 3] * 20),
        parquet(tmp_path / "b.parquet", sku=["7", "8", "9"] * 20, a=[[1]] * N, c=[1, 2, 3] * 20),
    ]  # fmt: skip
    found = describe(files, Asked())
    read = decode(TableSpec, [Layer("spec", tomllib.loads(spec_of(found)))])
    assert read.source.types == {"sku": "text"}
    assert read.features["sku"].kind == "id"
    assert any("'sku' is text in" in told for told in found.warnings)
    assert "it is text in" in found.left_out["a"]
    assert "it is in 1 of 2 files" in found.left_out["b"]
    assert read.features["c"].kind == "number"


HOSTILE = ('a"b', "a'b", "line\nbreak", "dots.in.it", "a b", "[x]", "#", "=", "\u2028", "\\",
           "класс",
           "click.x", "user/id", "~x", ".x", "x" * 300, "class", "timestamp", "user_id2",
           "sample_weight", "e\u0301", "\x7f", "item_id", "a" * 61, "é", " ")  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_of_a_column_is_written_as_it_is(tmp_path, name):
    path = parquet(tmp_path / "t.parquet", **{name: ["a", "b", "c"] * 20}, other=np.arange(N) / 3)
    read = spec([path])
    if name.strip():
        columns = {feature.column or label for label, feature in read.features.items()}
        assert name in columns
    label = np.where(np.arange(N) % 3 == 0, "yes", "no")
    path = parquet(tmp_path / "u.parquet", **{name: label}, other=np.arange(N) / 3)
    assert any(name in task.label for task in spec([path], labels=(name,)).tasks.values())


def test_moments_that_no_calendar_has_are_described(tmp_path):
    moments = pa.array([-(2**62), 2**62] * 30, pa.timestamp("us", "UTC"))
    spec([parquet(tmp_path / "t.parquet", ts=moments, b=np.arange(N) / 7)])
    same = pa.array([-(2**62)] * N, pa.timestamp("us"))
    assert "b" in spec([parquet(tmp_path / "u.parquet", ts=same, b=np.arange(N) / 7)]).features


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """Returns a table of any types, names and values, of 1 to 40 rows."""
    num_rows = draw(st.integers(1, 40))
    values = {
        pa.int8(): st.integers(-128, 127), pa.uint64(): st.integers(0, 2**64 - 1),
        pa.int64(): st.sampled_from([0, 1, -1, 7, 2**62, 1_700_000_000]),
        pa.float64(): st.floats(), pa.bool_(): st.booleans(), pa.string(): st.text(max_size=9),
        pa.binary(): st.binary(max_size=4), pa.date32(): st.dates(),
        pa.timestamp("us", "UTC"): st.integers(-(2**62), 2**62),
        pa.list_(pa.string()): st.lists(st.text(max_size=3), max_size=3),
        pa.list_(pa.list_(pa.int32())): st.just([[1], [2, 3]]),
        pa.struct([("a", pa.int8())]): st.just({"a": 1}), pa.null(): st.none(),
        pa.string_view(): st.sampled_from(["a|b", "b|c", "1", "01", "true", "2026-01-01"]),
    }  # fmt: skip
    usual = ["click", "uid", "item_id", "ts", "price", "dwell_ms"]
    names = st.sampled_from([*usual, *HOSTILE]) | st.text(max_size=8)
    columns = {}
    for name in draw(st.lists(names, min_size=1, max_size=6, unique=True)):
        kind = draw(st.sampled_from(list(values)))
        found = draw(st.lists(st.none() | values[kind], min_size=num_rows, max_size=num_rows))
        columns[name.encode(errors="replace").decode()] = pa.array(found, kind)
    return pa.table(columns)


@pytest.mark.runs
def test_any_table_gives_a_spec_that_fits_it_or_a_sentence(tmp_path):
    path = tmp_path / "any.parquet"

    def check(table: pa.Table) -> None:
        pq.write_table(table, path)
        try:
            found = describe([str(path)], Asked(), now=1.8e9)
        except DatasetError as error:
            one_line(str(error))
            return
        document = tomllib.loads(spec_of(found))
        if not found.problem:
            read = decode(TableSpec, [Layer("spec", document)])
            assert mistakes(read, Options()) == []

    fuzz("describe", tables(), check, num_cases=60)
