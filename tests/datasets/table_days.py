"""Days of a table with features of the past of every kind, by every key, over every window."""

import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ranker.datasets import Options, prepare

PARTS = ("train", "validation", "test")
START = 1_700_006_400  # midnight
SPEC = """
user = "who"
item = "what"
time = "at"
keep = ["line"]
[source]
files = [{files}]
[split]
{by}
past = "{past}"
[features]
who = {{kind = "id"}}
what = {{kind = "id", missing = "indicator"}}
cost = {{kind = "number", missing = "indicator"}}
level = {{kind = "number", column = "cost", transform = "quantiles", num_buckets = 4}}
[past]
{features}
[tasks.click]
kind = "binary"
[tasks.spent]
kind = "regression"
"""
KINDS = {
    "count": 'kind = "count"',
    "rate": 'kind = "rate", of = "click", prior_weight = 2',
    "mean": 'kind = "mean", of = "spent"',
    "odd": 'kind = "mean", of = "spent * 1e-9 + cost", prior_weight = 0, where = "click == 1"',
    "idle": 'kind = "recency", where = "spent > 3"',
    "seen": 'kind = "last", of = "what", length = 3, where = "click == 1"',
}
KEYS = {"": [], "who": ["who"], "pair": ["who", "what"], "seller": ["seller"]}
WINDOWS = {"": "", "1m": "1 minute", "2h": "2 hours"}


def features():
    """Yields a feature of the past of each kind by each key over each window."""
    for (kind, said), (key, by), (window, length) in itertools.product(
        KINDS.items(), KEYS.items(), WINDOWS.items()
    ):
        if window and kind in ("idle", "seen"):
            continue
        length = f', window = "{length}"' if length else ""
        yield f"{kind}_{key}_{window} = {{{said}, by = {by}{length}}}".replace("'", '"')


def days(num_days: int = 4, num_rows: int = 150, seed: int = 1) -> list[pa.Table]:
    """Returns the rows of each day, in no order of time; new keys come every day, nulls too."""
    random = np.random.default_rng(seed)
    found = []
    for day in range(num_days):
        second = np.sort(random.integers(0, 600, num_rows))  # close together across midnight
        second = np.where(second < 300, second, 86_400 - 600 + second) + 86_400 * day
        random.shuffle(second)
        seller = random.integers(-1, 3 + day, num_rows)
        spent = random.gamma(2, 10 ** random.uniform(-6, 6, num_rows)).astype(np.float32)
        cost = random.normal(0, 10, num_rows)
        click = random.integers(0, 2, num_rows)
        found.append(
            pa.table(
                {
                    "line": np.arange(num_rows) + num_rows * day,
                    "who": pa.array([f"u{i}" for i in random.integers(0, 9 + 2 * day, num_rows)]),
                    "what": random.integers(0, 6 + day, num_rows),
                    "seller": pa.array(seller, mask=seller < 0),
                    "at": pa.array((START + second) * 1_000).cast(pa.timestamp("ms", tz="UTC")),
                    "cost": pa.array(cost, mask=random.random(num_rows) < 0.2),
                    "click": pa.array(click, mask=random.random(num_rows) < 0.1),
                    "spent": pa.array(spent, mask=random.random(num_rows) < 0.2),
                }
            )
        )
    return found


def without(rows: pa.Table, names: list[str]) -> pa.Table:
    """Returns rows with nulls in some columns."""
    for name in names:
        place, kind = rows.column_names.index(name), rows[name].type
        rows = rows.set_column(place, name, pa.nulls(len(rows), kind))
    return rows


def write_days(folder: Path) -> Path:
    """Writes each day as a file into `folder`, and returns it."""
    for number, rows in enumerate(days()):
        pq.write_table(rows, folder / f"day-{number}.parquet", row_group_size=60)
    return folder


def prepared(
    folder, out, numbers, past_from=None, past="all", lines=None, by='by = "random"',
    vocabulary_from=None, change=("", ""),
) -> pa.Table:  # fmt: skip
    """Returns what is prepared of some days, in the order of the lines."""
    files = ", ".join(f'"day-{number}.parquet"' for number in numbers)
    text = SPEC.format(files=files, past=past, by=by, features="\n".join(lines or features()))
    spec = folder / f"{out}.toml"
    spec.write_text(text.replace(*change), "utf-8")
    options = Options(
        source=folder,
        spec=spec,
        past_from=past_from and folder / past_from,
        vocabulary_from=vocabulary_from and folder / vocabulary_from,
    )
    prepare("table", folder / out, options=options)
    found = pa.concat_tables([pq.read_table(folder / out / f"{part}.parquet") for part in PARTS])
    line = found["line"].cast(pa.int64())
    return found.set_column(found.column_names.index("line"), "line", line).sort_by("line")
