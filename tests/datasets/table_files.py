"""Small tables of impressions in every format, and a spec that reads them."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

from ranker.datasets import Options, prepare
from ranker.input import check_split
from ranker.schema import read_schema

SPEC = """
user = "uid"
item = "sku"
time = "timestamp"
[source]
files = ["*.{ending}"]
[split]
by = "random"
[features]
uid = {{kind = "id"}}
sku = {{kind = "id", minimum_count = 2}}
country = {{kind = "category", missing = "indicator"}}
price = {{kind = "number", missing = "indicator", transform = "log1p"}}
bucket = {{kind = "number", column = "price", transform = "quantiles", num_buckets = 4}}
tags = {{kind = "list", delimiter = "|", max_length = 3}}
title = {{kind = "text", max_length = 4, hash_buckets = 50}}
when = {{kind = "time", column = "timestamp", transform = "cyclic"}}
place = {{kind = "crossed", columns = ["country", "device"]}}
[past]
ctr = {{kind = "rate", of = "click", by = ["sku"], window = "1 hour"}}
clicked = {{kind = "last", of = "sku", by = ["uid"], where = "click == 1", length = 3}}
[tasks]
click = {{kind = "binary"}}
dwell = {{kind = "regression", where = "click == 1", weight = 0.5}}
"""


def impressions(num_rows: int = 60, seed: int = 0) -> pa.Table:
    """Returns rows with nulls, a list as text, a title and a moment with a zone."""
    random = np.random.default_rng(seed)
    price = np.round(np.exp(random.normal(2, 1, num_rows)), 2)
    click = random.integers(0, 2, num_rows)
    moment = 1_700_000_000_000 + random.integers(0, 7_200, num_rows) * 1_000
    country = random.choice(["CH", "DE", ""], num_rows).tolist()
    tags = ["|".join(random.choice(["a", "b", "c"], n)) for n in random.integers(0, 5, num_rows)]
    return pa.table(
        {
            "uid": pa.array([f"{u:06d}" for u in random.integers(0, 9, num_rows)]),
            "sku": random.integers(0, 12, num_rows),
            "country": pa.array([c or None for c in country]),
            "device": random.choice(["phone", "desktop"], num_rows).tolist(),
            "price": pa.array(price, mask=random.random(num_rows) < 0.2),
            "tags": tags,
            "title": random.choice(["A blue Shirt!", "Größe M, rot", "x"], num_rows).tolist(),
            "timestamp": pa.array(moment).cast(pa.timestamp("ms", tz="Europe/Zurich")),
            "click": click,
            "dwell": np.where(click, np.round(random.gamma(2, 9, num_rows), 2), 0.0),
        }
    )


def as_text(rows: pa.Table) -> pa.Table:
    """Returns rows as a CSV or lines of JSON tell them: moments in ISO 8601."""
    moments = [f"{m.isoformat()}" for m in rows["timestamp"].to_pylist()]
    return rows.set_column(rows.column_names.index("timestamp"), "timestamp", pa.array(moments))


def write_rows(path: Path, rows: pa.Table) -> None:
    """Writes rows in the format of the ending of `path`."""
    ending = path.name.partition(".")[2]
    if ending == "parquet":
        pq.write_table(rows, path, row_group_size=25)
    elif ending == "jsonl":
        lines = (json.dumps(row) for row in as_text(rows).to_pylist())
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    else:
        delimiter = "\t" if ending.startswith("tsv") else ","
        options = arrow_csv.WriteOptions(delimiter=delimiter)
        with pa.output_stream(path, compression="detect") as file:
            arrow_csv.write_csv(as_text(rows), file, options)


def write_table(folder: Path, ending: str = "parquet", num_rows: int = 60) -> Path:
    """Writes two files of rows and `spec.toml` into `folder`, and returns it."""
    folder.mkdir(exist_ok=True)
    rows = impressions(num_rows)
    half = num_rows // 2
    write_rows(folder / f"a.{ending}", rows[:half])
    write_rows(folder / f"b.{ending}", rows[half:])
    types = 'types = {sku = "int"}\n' if ending != "parquet" else ""
    text = SPEC.format(ending=ending).replace("[source]\n", f"[source]\n{types}")
    (folder / "spec.toml").write_text(text, "utf-8")
    return folder


PARTS = ("train", "validation", "test")


def prepared(folder, spec=None, **options) -> pa.Table:
    """Returns all rows that are prepared of the files in `folder`, in order of their number."""
    if spec is not None:
        (folder / "spec.toml").write_text(spec, "utf-8")
    out = folder / "out"
    prepare("table", out, options=Options(source=folder, spec=folder / "spec.toml", **options))
    schema = read_schema(out / "schema.toml")
    for part in PARTS:
        assert check_split(out / f"{part}.parquet", schema).num_rejected == 0
    return pa.concat_tables([pq.read_table(out / f"{part}.parquet") for part in PARTS])
