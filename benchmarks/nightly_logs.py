"""Days of logs and a nightly job that trains on them, for benchmarks of `ranker nightly`."""

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.thirty_days import Month, Size

ROOT = Path(__file__).parents[1]
_FIRST = datetime.date(2026, 11, 1)
_RUN = """
[data]
batch_size = {batch_size}
order = "time"
[model]
embedding_width = 8
tower_units = [16]
wide = {{factors = 8}}
sharing = {{kind = "mmoe", num_experts = 2, units = [32]}}
[optimizer.dense]
learning_rate = 0.2
rule = {{kind = "adagrad", initial_accumulator = 1e-6}}
[optimizer.embeddings]
learning_rate = 0.2
rule = {{kind = "adagrad", initial_accumulator = 1e-6}}
[[clip]]
kind = "clippy"
[guard.detect]
[guard.recovery]
[train]
epochs = 1
attempts_per_call = 10
checkpoint_every_attempts = 20
"""
_SPEC = """
user = "user_id"
item = "item_id"
time = "timestamp"
[source]
files = ["*.parquet"]
[features]
user_id = {kind = "id"}
item_id = {kind = "id"}
user_group = {kind = "category"}
item_group = {kind = "category"}
activity = {kind = "number"}
length_seconds = {kind = "number"}
[tasks]
like = {kind = "binary"}
finish = {kind = "binary"}
share = {kind = "binary"}
rating = {kind = "regression"}
"""
_JOB = """
config = "run.toml"
[days]
spec = "spec.toml"
source = "logs/day={date}"
ready = "logs/day={date}/_SUCCESS"
"""


def date_of(number: int) -> str:
    """Returns the date of a day, from 1, as 2026-11-01."""
    return (_FIRST + datetime.timedelta(days=number - 1)).isoformat()


def write_job(folder: Path, *, batch_size: int = 256) -> None:
    """Writes the settings of a job, with paths from `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.toml").write_text(_RUN.format(batch_size=batch_size), "utf-8")
    (folder / "spec.toml").write_text(_SPEC, "utf-8")
    (folder / "nightly.toml").write_text(_JOB, "utf-8")


def write_days(folder: Path, size: Size, seed: int) -> None:
    """Writes the log of each day, and of one more."""
    month = Month(size, seed)
    for number in range(1, size.nights + 2):
        day = folder / "logs" / f"day={date_of(number)}"
        day.mkdir(parents=True, exist_ok=True)
        columns = {n: pa.array(v, from_pandas=True) for n, v in month.day(number).columns.items()}
        pq.write_table(pa.table(columns), day / "rows.parquet")
        (day / "_SUCCESS").touch()


def command(date: str, *more: str) -> list[str]:
    """Returns the command of a night, to be run in the folder of a job."""
    program = [sys.executable, "-m", "pipelines.nightly", "--config=nightly.toml"]
    return [*program, "--workdir=job", f"--date={date}", *more]


def environment() -> dict[str, str]:
    """Returns an environment in which a process finds the project from any folder."""
    return os.environ | {"PYTHONPATH": str(ROOT)}


def run_night(folder: Path, date: str, *more: str) -> dict:
    """Runs a night in a process of its own; returns NIGHT.json.

    Raises:
      RuntimeError: with its last line, if it leaves none.
    """
    done = subprocess.run(
        command(date, *more),
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    path = folder / "job" / "nights" / date / "NIGHT.json"
    if not path.exists():
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise RuntimeError(f"{date}: exit code {done.returncode}: {last}")
    return json.loads(path.read_text("utf-8"))
