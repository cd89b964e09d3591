"""Features of the past of a table, against DuckDB's on the same rows; and no look ahead."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ranker.datasets import Options, prepare

duckdb = pytest.importorskip("duckdb")

PARTS = ("train", "validation", "test")
SPEC = """
user = "who"
item = "what"
time = "at"
keep = ["line"]
[source]
files = ["*.parquet"]
[split]
by = "random"
past = "{past}"
[features]
who = {{kind = "id"}}
what = {{kind = "id"}}
[past]
who_rows = {{kind = "count", by = ["who"]}}
who_clicks = {{kind = "count", by = ["who"], where = "click == 1", window = "20 seconds"}}
what_rate = {{kind = "rate", of = "click", by = ["what"]}}
pair_rate = {{kind = "rate", of = "click", by = ["who", "what"], prior_weight = 2}}
what_mean = {{kind = "mean", of = "spent", by = ["what"], window = "1 minute", prior_weight = 0}}
seller_mean = {{kind = "mean", of = "spent * 2", by = ["seller"], where = "spent > 1"}}
all_rate = {{kind = "rate", of = "click", window = "5 seconds", prior_weight = 0}}
who_idle = {{kind = "recency", by = ["who"], where = "click == 1"}}
clicked = {{kind = "last", of = "what", by = ["who"], where = "click == 1", length = 3}}
[tasks.click]
kind = "binary"
[tasks.spent]
kind = "regression"
"""


def past(rows: str, *, by: str, window: int = 0) -> str:
    """Returns an aggregate over the rows that are known, strictly before, of one key."""
    keys = f"PARTITION BY {by}" if by else ""
    start = f"{window} PRECEDING" if window else "UNBOUNDED PRECEDING"
    frame = f"({keys} ORDER BY micro RANGE BETWEEN {start} AND 1 PRECEDING)"
    return f"{rows} OVER {frame}"


def rate(of: str, *, by: str, weight: float, window: int = 0, where: str = "true") -> str:
    is_meant = f"FILTER (known AND {where} AND {of} IS NOT NULL)"
    total = f"coalesce({past(f'sum({of}) {is_meant}', by=by, window=window)}, 0)"
    count = past(f"count(*) {is_meant}", by=by, window=window)
    prior = f"coalesce({past(f'avg({of}) {is_meant}', by='')}, 0)"
    mean = f"({total} + {weight} * {prior}) / ({count} + {weight})"
    return f"CASE WHEN {count} + {weight} > 0 THEN {mean} ELSE {prior} END"


MICRO = 1_000_000
QUERY = f"""
SELECT
    line,
    {past("count(*) FILTER (known)", by="who")} AS who_rows,
    {past("count(*) FILTER (known AND click = 1)", by="who", window=20 * MICRO)} AS who_clicks,
    {rate("click", by="what", weight=5)} AS what_rate,
    {rate("click", by="who, what", weight=2)} AS pair_rate,
    {rate("spent", by="what", weight=0, window=60 * MICRO)} AS what_mean,
    CASE WHEN seller IS NULL THEN coalesce({
    past("avg(spent * 2) FILTER (known AND spent > 1)", by="")
}, 0)
    ELSE {rate("(spent * 2)", by="seller", weight=5, where="spent > 1")} END AS seller_mean,
    {rate("click", by="", weight=0, window=5 * MICRO)} AS all_rate,
    coalesce(micro - {past("max(micro) FILTER (known AND click = 1)", by="who")}, 0) / 1e6
        AS who_idle,
    coalesce(clicked[1:3], []) AS clicked
FROM rows LEFT JOIN (
    SELECT now.line, list(old.what ORDER BY old.micro DESC, old.line DESC) AS clicked
    FROM rows AS now
    JOIN rows AS old ON old.who = now.who AND old.micro < now.micro AND old.known AND old.click = 1
    GROUP BY now.line
) USING (line)
ORDER BY line
"""


def make_rows(seed: int, num_rows: int = 600) -> pa.Table:
    """Returns rows in no order of time, many of one moment, some within one second."""
    random = np.random.default_rng(seed)
    micro = random.integers(0, 400, num_rows) * MICRO // 4 + 1_700_000_000 * MICRO
    who, what = random.integers(0, 15, num_rows), random.integers(0, 9, num_rows)
    seller = random.integers(-1, 4, num_rows)
    spent = np.round(random.gamma(2, 2, num_rows), 3).astype(np.float32)
    return pa.table(
        {
            "line": np.arange(num_rows),
            "who": who,
            "what": pa.array([f"w{i}" for i in what]),
            "seller": pa.array(seller, mask=seller < 0),
            "at": pa.array(micro).cast(pa.timestamp("us", tz="UTC")),
            "click": pa.array(random.integers(0, 2, num_rows), mask=random.random(num_rows) < 0.1),
            "spent": pa.array(spent, mask=random.random(num_rows) < 0.2),
        }
    )


def prepared(folder, rows: pa.Table, past: str = "all") -> pa.Table:
    """Returns what is prepared of the rows, in two files, in the order of `line`."""
    folder.mkdir()
    half = len(rows) // 2
    pq.write_table(rows[:half], folder / "a.parquet", row_group_size=70)
    pq.write_table(rows[half:], folder / "b.parquet")
    (folder / "spec.toml").write_text(SPEC.format(past=past), "utf-8")
    options = Options(source=folder, spec=folder / "spec.toml")
    prepare("table", folder / "out", options=options)
    tables = []
    for part in PARTS:
        table = pq.read_table(folder / "out" / f"{part}.parquet")
        tables.append(table.append_column("part", pa.array([part] * len(table))))
    found = pa.concat_tables(tables)
    line = found["line"].cast(pa.int64())
    return found.set_column(found.column_names.index("line"), "line", line).sort_by("line")


@pytest.fixture(params=["one block", "many blocks"])
def _small_blocks(request, monkeypatch):
    if request.param == "many blocks":
        monkeypatch.setattr("ranker.datasets.table.spool._BLOCK_ROWS", 40)


@pytest.mark.usefixtures("_small_blocks")
@pytest.mark.parametrize("knows", ["all", "train"])
def test_the_past_of_each_row_is_what_duckdb_finds(knows, tmp_path):
    rows = make_rows(seed=3)
    found = prepared(tmp_path / "x", rows, knows)
    with duckdb.connect() as database:
        is_known = [knows == "all" or part == "train" for part in found["part"].to_pylist()]
        rows = rows.append_column("known", pa.array(is_known))
        rows = rows.append_column("micro", rows["at"].cast(pa.int64()))
        database.register("rows", rows.drop_columns(["at"]))
        expected = database.sql(QUERY).to_arrow_table()
    assert len(found) == len(expected) == 600
    for name in expected.column_names[1:]:
        mine, theirs = found[name], expected[name]
        if name == "clicked":
            assert mine.to_pylist() == theirs.to_pylist()
        else:
            np.testing.assert_allclose(
                mine.to_numpy(), theirs.to_numpy().astype(float), rtol=3e-7, err_msg=name
            )
    assert max(map(len, found["clicked"].to_pylist())) == 3


def test_what_comes_later_or_at_the_same_moment_changes_nothing(tmp_path):
    rows = make_rows(seed=5)
    before = prepared(tmp_path / "before", rows)
    moment = np.sort(rows["at"].cast(pa.int64()).to_numpy())[300]
    is_later = rows["at"].cast(pa.int64()).to_numpy() >= moment
    click = rows["click"].fill_null(0).to_numpy()
    changed = pa.array(
        np.where(is_later, 1 - click, click), mask=rows["click"].is_null().to_numpy()
    )
    other = rows.set_column(rows.column_names.index("click"), "click", changed)
    after = prepared(tmp_path / "after", other)
    is_same = pa.array(rows["at"].cast(pa.int64()).to_numpy() <= moment)
    names = [n for n in before.column_names if n not in ("click", "spent", "part")]
    assert before.filter(is_same).select(names).equals(after.filter(is_same).select(names))
    is_after = pa.array(rows["at"].cast(pa.int64()).to_numpy() > moment)
    changed_columns = [
        n for n in names if not before.filter(is_after)[n].equals(after.filter(is_after)[n])
    ]
    assert set(changed_columns) == {
        "who_clicks", "what_rate", "pair_rate", "all_rate", "who_idle", "clicked",
    }  # fmt: skip
