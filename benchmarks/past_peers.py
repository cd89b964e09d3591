"""The features of the past of a table of impressions, by DuckDB and by Polars, beside ours.

  python -m benchmarks.past_peers --rows=3000000
  python -m benchmarks.past_peers --rows=3000000 --only=polars

Writes `benchmarks.impressions` and computes the three numbers and two histories of its spec, each
way in a process of its own with two threads: DuckDB in SQL with 2 GB, Polars in expressions, and
`prepare`, which also checks, splits, encodes and describes the rows. Each writes all rows to
Parquet. Prints seconds, those of the processor, the peak of resident memory in MB, and how far the
numbers of each are from those of `prepare`. Polars need not be installed.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from absl import flags

from benchmarks import impressions
from ranker.cli import program

_NUMBERS = ("user_clicks", "item_clicks", "user_rows")
_SQL = """
SELECT *, (coalesce(sum(click) OVER users, 0) + 5 * prior) / (count(click) OVER users + 5)
    AS user_clicks,
  (coalesce(sum(click) OVER items, 0) + 5 * prior) / (count(click) OVER items + 5) AS item_clicks,
  count(*) OVER users AS user_rows,
  list_reverse((list(sku) FILTER (click = 1) OVER users)[-20:]) AS clicked,
  list_reverse((list(sku) OVER users)[-20:]) AS seen
FROM (SELECT *, coalesce(avg(click) OVER (ORDER BY timestamp
    RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING), 0) AS prior FROM log)
WINDOW users AS (PARTITION BY uid ORDER BY timestamp
    RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING),
  items AS (PARTITION BY sku ORDER BY timestamp
    RANGE BETWEEN INTERVAL 7 DAYS PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING)
ORDER BY timestamp
"""


def by_ranker(folder: Path) -> None:
    """Prepares the table."""
    from ranker import datasets

    options = datasets.Options(spec=folder / impressions.SPEC_FILE)
    datasets.prepare("table", folder / "ranker", options=options)


def by_duckdb(folder: Path) -> None:
    """Computes the features in SQL."""
    import duckdb

    with duckdb.connect() as database:
        database.execute(f"SET memory_limit = '2GB'; SET temp_directory = '{folder}/spill'")
        database.execute("SET threads = 2")
        database.execute(f"CREATE VIEW log AS SELECT * FROM '{folder}/*.parquet'")
        database.execute(f"COPY ({_SQL}) TO '{folder}/duckdb.out' (FORMAT parquet)")


def by_polars(folder: Path) -> None:
    """Computes the features in expressions; rows of one moment of one user count as in order."""
    import polars as pl  # pyright: ignore[reportMissingImports]

    click = pl.col("click").cast(pl.Int64)
    log = pl.read_parquet(f"{folder}/*.parquet").sort("timestamp")
    rows = pl.int_range(pl.len())
    prior = ((click.cum_sum() - click) / rows).fill_nan(0.0)
    before = click.cum_sum().over("uid") - click
    log = log.with_columns(prior=prior, n=rows.over("uid"), k=before, row=rows)
    week = {"window_size": "7d", "closed": "left"}
    sums = click.rolling_sum_by("timestamp", **week).over("sku").fill_null(0)
    counts = (click * 0 + 1).rolling_sum_by("timestamp", **week).over("sku").fill_null(0)
    log = log.with_columns(
        user_clicks=(pl.col("k") + 5 * pl.col("prior")) / (pl.col("n") + 5),
        item_clicks=(sums + 5 * pl.col("prior")) / (counts + 5),
        user_rows=pl.col("n"),
    )
    by_user = log.sort("uid", "row").select("uid", "n", "row", "sku", "click")
    seen = by_user.rolling("n", period="20i", closed="left", group_by="uid").agg(seen="sku")
    log = log.join(seen, on=["uid", "n"], how="left", maintain_order="left")
    clicks = by_user.filter(pl.col("click") == 1)
    clicks = clicks.with_columns(k=pl.int_range(pl.len()).over("uid"))
    clicked = clicks.rolling("k", period="20i", group_by="uid").agg(clicked="sku")
    clicked = clicked.with_columns(k=pl.col("k") + 1)
    log = log.join(clicked, on=["uid", "k"], how="left", maintain_order="left")
    log = log.with_columns(pl.col("seen", "clicked").list.reverse())
    log.drop("n", "k", "row", "prior").write_parquet(folder / "polars.out")


WAYS: dict[str, Callable[[Path], None]] = {
    "ranker": by_ranker, "duckdb": by_duckdb, "polars": by_polars,
}  # fmt: skip


def numbers(folder: Path, name: str) -> np.ndarray:
    """Returns the numbers of the past in order of time, then of user, [N, 3]."""
    import pyarrow.parquet as pq

    paths = [folder / f"{name}.out"]
    if name == "ranker":
        paths = [folder / name / f"{part}.parquet" for part in ("train", "validation", "test")]
    tables = [pq.read_table(path, columns=list(_NUMBERS)) for path in paths]
    return np.concatenate([np.stack([t[n].to_numpy() for n in _NUMBERS], 1) for t in tables])


def measured(folder: Path, name: str) -> str:
    """Returns a line on one way: what it took, and how far its numbers are from `prepare`'s."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.past_peers", f"--one={name}", f"--folder={folder}"]
    environment = os.environ | {"POLARS_MAX_THREADS": "2"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        return f"{name:<10} failed, exit code {done.returncode}"
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    away = np.abs(numbers(folder, name) - numbers(folder, "ranker")).max(axis=0)
    apart = ", ".join(f"{n} {a:.1g}" for n, a in zip(_NUMBERS, away, strict=True))
    return f"{name:<10}{seconds:>9.1f}{processor:>13.1f}{int(done.stdout):>10,}  {apart}"


def main(_: Sequence[str]) -> int:
    """Prints a line a way; returns the exit code."""
    asked = flags.FLAGS
    if asked.one:
        WAYS[asked.one](Path(asked.folder))
        peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text("utf-8"))
        print(round(int(peak[1]) * 1024 / 1e6) if peak else 0)
        return 0
    with tempfile.TemporaryDirectory(dir=asked.folder) as temporary:
        folder = Path(temporary) / "log"
        impressions.write(folder, asked.rows)
        print(
            f"{asked.rows:,} rows\n{'':<10}{'seconds':>9}{'processor s':>13}{'peak MB':>10}  apart"
        )
        for name in WAYS if not asked.only else ("ranker", asked.only):
            print(measured(folder, name), flush=True)
            shutil.rmtree(folder / "spill", ignore_errors=True)
    return 0


if __name__ == "__main__":
    flags.DEFINE_integer("rows", 3_000_000, "Impressions.", lower_bound=1_000)
    flags.DEFINE_enum("only", None, list(WAYS), "One way beside ours; all if not given.")
    flags.DEFINE_enum("one", None, list(WAYS), "Only compute, one way, in --folder.")
    flags.DEFINE_string("folder", None, "Where to write; the system's own place if not.")
    program.run(main)
