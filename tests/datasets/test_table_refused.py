"""What is wrong with a table or its spec, in one sentence, and nothing half-written."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from table_files import SPEC, impressions, write_rows, write_table
from table_files import prepared as run

from ranker.datasets import DatasetError, Options, prepare
from ranker.datasets.table import examples


def changed(rows: pa.Table, name: str, values) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, values)


def failing(folder, said, **options):
    with pytest.raises(DatasetError) as raised:
        run(folder, **options)
    sentence = str(raised.value)
    for word in said:
        assert word in sentence, sentence
    assert len(sentence.splitlines()) == 1
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('sku = {{', 'skv = {{', ["features.skv", "no column skv", "mean 'sku'", "item is"]),
        ("[split]", "[split]\nseeds = 1", ["Did you mean 'seed'", "split"]),
        ('time = "timestamp"', 'time = "stamp"', ["time:", "no column stamp", "'timestamp'"]),
        ('"click == 1", length', '"click = 1", length', ["past.clicked.where", "not an expr"]),
        ('"click == 1", length', '"clicks == 1", length', ["no column clicks", "'click'"]),
        ('"click == 1", length', '"exec(1)", length', ["no function 'exec'", "abs, log1p"]),
        ('"click == 1", length', '"click.x", length', ["not in expressions", "'click.x'"]),
        ('of = "sku", by', 'of = "price", by', ["past.clicked.of", 'no feature of kind "id"']),
        ('user = "uid"', 'user = "tags"', ["user is 'tags'"]),
        ("[tasks]", "[tasks]\nprice = {{kind = \"binary\"}}", ["features.price and tasks.price"]),
        ("when = {{", "timestamp = {{", []),
        ("place = {{", "sample_weight = {{", ["features.sample_weight", "call it another"]),
        ("*.{ending}", "*.nothing", ["no file is like this pattern"]),
        ("*.{ending}", "gone.parquet", ["no such file", "a.parquet"]),
        ('transform = "cyclic"', 'timezone = "Mars"', ["no timezone 'Mars'"]),
    ],
)  # fmt: skip
def test_a_spec_that_does_not_fit(before, after, said, tmp_path):
    assert before in SPEC
    folder = write_table(tmp_path / "x")
    spec = SPEC.replace(before, after).format(ending="parquet")
    if said:
        failing(folder, said, spec=spec)
    else:
        failing(folder, ["features.timestamp"], spec=spec)


def test_all_mistakes_are_said_at_once(tmp_path):
    folder = write_table(tmp_path / "x")
    spec = SPEC.format(ending="parquet").replace('"id"', '"idd"', 1).replace('"text"', '"words"')
    failing(folder, ["features.uid: no kind 'idd'", "features.title: no kind 'words'"], spec=spec)
    spec = SPEC.format(ending="parquet").replace('by = ["uid"]', 'by = ["uit"]')
    spec = spec.replace('["country", "device"]', '["country", "devise"]')
    failing(folder, ["no column uit", "no column devise", "'device'"], spec=spec)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda rows: changed(rows, "click", pa.array(["yes"] * len(rows))),
         ["30 of 30 rows rejected", "a.parquet, row group 1, row 1", "'yes'", "write a condition"]),
        (lambda rows: changed(rows, "click", pa.array([2] * len(rows))), ["neither 0 nor 1"]),
        (lambda rows: changed(rows, "timestamp", pa.array([9e12] * len(rows))),
         ["future", "is time_unit right?"]),
        (lambda rows: changed(rows, "timestamp", pa.nulls(len(rows), pa.int64())),
         ["'timestamp' has no moment"]),
        (lambda rows: changed(rows, "price", pa.array(["dear"] * len(rows))),
         ["'dear' is no number"]),
        (lambda rows: changed(rows, "price", pa.array([-5.0] * len(rows))),
         ["-5.0 is not in 0 to"]),
        (lambda rows: changed(rows, "tags", pa.array([{"x": 1}] * len(rows))),
         ["struct", "'tags'"]),
        (lambda rows: changed(rows, "title", pa.array([b"\xff"] * len(rows))),
         ["not text of the encoding", "'title'"]),
        (lambda rows: changed(rows, "sku", pa.array(["x"] * len(rows))),
         ["b.parquet: column 'sku' has numbers", "a.parquet text", 'source.types.sku = "text"']),
        (lambda rows: rows.drop_columns(["sku"]), ["a.parquet", "no column sku"]),
        (lambda rows: rows[:0], []),
    ],
)  # fmt: skip
def test_files_that_are_not_what_they_should_be(make, said, tmp_path):
    folder = write_table(tmp_path / "x")
    pq.write_table(make(impressions(60)[:30]), folder / "a.parquet")
    if said:
        failing(folder, said)
    else:
        assert len(run(folder)) == 30  # a file without rows among others is nothing bad


def test_files_that_are_empty_torn_or_growing(tmp_path, monkeypatch):
    folder = write_table(tmp_path / "x")
    whole = (folder / "b.parquet").read_bytes()
    (folder / "b.parquet").write_bytes(b"")
    failing(folder, ["b.parquet: empty file"])
    (folder / "b.parquet").write_bytes(whole[:-9])
    failing(folder, ["b.parquet: not read as parquet"])
    (folder / "b.parquet").write_bytes(whole)

    def growing(file, *others):
        yield from original(file, *others)
        with file.path.open("ab") as stream:
            stream.write(b"more")

    original = examples.read
    monkeypatch.setattr(examples, "read", growing)
    failing(folder, ["a.parquet: it changed while it was read", "wait until nothing writes to it"])


def test_a_few_rejected_rows_are_counted_and_left_out(tmp_path):
    folder = write_table(tmp_path / "x", "csv")
    text = (folder / "a.csv").read_text().splitlines()
    text[3] = text[3] + ",one,more"
    text[5] = text[5].replace(text[5].split(",")[-2], "maybe")
    (folder / "a.csv").write_text("\n".join(text) + "\n")
    failing(folder, ["a.csv: 2 of 30 rows rejected, more than max_rejected_rows"])
    assert len(run(folder, max_rejected_rows=0.1)) == 58
    manifest = json.loads((folder / "out" / "manifest.json").read_text())
    (account,) = [of for file, of in manifest["files"].items() if file.endswith("a.csv")]
    assert account["kept"] == 28
    assert account["rejected"]["columns"]["rows"] == 1


def test_a_table_without_user_item_and_time(tmp_path):
    write_rows(tmp_path / "a.parquet", impressions(60))
    spec = """
    [source]
    files = ["a.parquet"]
    [split]
    by = "random"
    [features]
    price = "number"
    device = "category"
    [tasks]
    click = "binary"
    """
    found = run(tmp_path, spec)
    assert set(found["user_id"].to_pylist()) == {0}
    assert set(found["timestamp"].to_pylist()) == {0}


def test_a_spec_is_needed_and_of_no_other_dataset(tmp_path):
    with pytest.raises(DatasetError, match="by --spec=FILE"):
        prepare("table", tmp_path / "out", options=Options())
    with pytest.raises(DatasetError, match=r"movielens-100k: spec must not be given"):
        prepare("movielens-100k", tmp_path / "out", options=Options(spec=tmp_path))
