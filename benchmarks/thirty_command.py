"""Nights through the command `ranker nightly`, beside the program of the thirty nights.

  python -m benchmarks.thirty_command --nights=4

The arm with all safeguards, on healthy days of one seed. Each night of the command is a process of
its own, which prepares the day's Parquet file. What is compared is what each night came to, and the
AUC on the whole next day of the model that is served then; the command says it in NIGHT.json of
the next night, as `served_before`.

  same ids   the first day has all users and items: the two must agree, AUC within 0.0005
  the study  days of the study, whose users and items come by and by: how far the two are apart

Exit code: 1 if the first two do not agree.
"""

import itertools
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from absl import flags

from benchmarks import nightly_logs
from benchmarks.thirty_days import BINARY, Month, Size
from ranker.cli import program
from ranker.datasets.synthetic.movielens_like.world import HIGHEST, LOWEST

if TYPE_CHECKING:
    from benchmarks.thirty_arms import DayRows, Worker
    from ranker.input.split import Split

_NIGHTS = flags.DEFINE_integer("nights", 4, "Of the command.", lower_bound=2)
_ROWS = flags.DEFINE_integer("rows", 40_000, "Of a day.", lower_bound=1_000)
_SEED = flags.DEFINE_integer("seed", 0, "Of days and runs.")
_CLOSE = 0.0005
_JOB = """
config = "run.toml"
set = {set}
[days]
spec = "spec.toml"
source = "logs/day={{date}}"
[intake]
largest_repeated = 1.0
[gate]
checks = [{{kind = "fall"}}, {{kind = "calibration"}}, {{kind = "scores"}}]
"""  # as the study has them


class Came(NamedTuple):
    """What a night came to.

    Attributes:
      status: "published", or what kept it from that.
      auc: by task, on the next day.
    """

    status: str
    auc: dict[str, float]


def write_job(folder: Path, month: Month) -> None:
    """Writes the days of a job, and its settings, in `folder`."""
    from benchmarks.thirty_arms import ARMS, SETTINGS

    nightly_logs.write_job(folder)
    spec = folder / "spec.toml"
    bounds = f"minimum = {LOWEST}, maximum = {HIGHEST}"  # as the study has them
    spec.write_text(spec.read_text("utf-8").replace('"regression"', f'"regression", {bounds}'))
    arm = ARMS["all"]
    rates = [f"optimizer.{group}.learning_rate={arm.rate}" for group in ("dense", "embeddings")]
    changes = json.dumps([*arm.set, *rates, f"seed={_SEED.value}"])
    (folder / "run.toml").write_text(SETTINGS.format(path="-"), "utf-8")
    (folder / "nightly.toml").write_text(_JOB.format(set=changes), "utf-8")
    for number in range(1, _NIGHTS.value + 1):
        day = folder / "logs" / f"day={nightly_logs.date_of(number)}"
        day.mkdir(parents=True)
        columns = month.day(number).columns
        table = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
        pq.write_table(pa.table(table), day / "rows.parquet")


def of_command(folder: Path) -> list[Came]:
    """Runs the nights; returns what each came to, but for the last, which measures the one before.

    Raises:
      RuntimeError: with its last line, if a night leaves nothing.
    """
    dates = map(nightly_logs.date_of, range(1, _NIGHTS.value + 1))
    found = [nightly_logs.run_night(folder, date) for date in dates]
    return [
        Came(
            "published" if night["status"] == "accepted" else night["status"],
            {name: after["served_before"]["tasks"][name]["auc"] for name in BINARY},
        )
        for night, after in itertools.pairwise(found)
    ]


def of_program(worker: "Worker", days: Iterator[tuple["DayRows", list["Split"]]]) -> list[Came]:
    """Returns what the nights of the study's program come to.

    Args:
      days: what a night trains on, and the parts of the next day.
    """
    from ranker import measure

    worker.begin(_SEED.value)
    found = []
    for rows, parts in days:
        status = worker.night(rows, seed=_SEED.value).status
        said, auc = worker.serve(parts), {}
        for name in BINARY:
            labels, weights = (
                np.concatenate([getattr(part.rows, of)[name] for part in parts])
                for of in ("labels", "weights")
            )
            auc[name] = measure.auc(labels, said[name], weights) or float("nan")
        found.append(Came(status, auc))
    return found


def same_ids(folder: Path) -> Iterator[tuple[Came, Came]]:
    """Yields each night of the command and of the program, which reads the command's own days.

    Raises:
      RuntimeError: if a later day has a user or an item that the first has not.
    """
    from benchmarks.thirty_arms import ARMS, SETTINGS, DayRows, Worker
    from ranker.input.split import read_split
    from ranker.nightly.facts import facts
    from ranker.schema import read_schema

    rows = _ROWS.value  # many for each, or the first day lacks some
    size = Size(rows=rows, users=rows // 130, items=rows // 200, new_users=0, new_items=0)
    write_job(folder, Month(size, _SEED.value))
    command = of_command(folder)
    data = [
        folder / "job" / "nights" / nightly_logs.date_of(number) / "data"
        for number in range(1, _NIGHTS.value + 1)
    ]
    if read_schema(data[0] / "schema.toml") != read_schema(data[-1] / "schema.toml"):
        raise RuntimeError("the first day lacks a user or an item: take another --seed")
    (folder / "first.toml").write_text(SETTINGS.format(path=data[0]), "utf-8")
    worker = Worker(ARMS["all"], folder / "first.toml")
    run = worker.run

    def parts(day: Path) -> list["Split"]:
        known = run.vocabularies["user_id"]
        return [
            read_split(day / f"{name}.parquet", run.schema, run.encoder, known_users=known)
            for name in ("train", "validation", "test")
        ]

    def days() -> Iterator[tuple[DayRows, list["Split"]]]:
        for day, after in itertools.pairwise(data):
            train, _, test = parts(day)
            yield DayRows(train, test, facts(day)), parts(after)

    yield from zip(command, of_program(worker, days()), strict=True)


def the_study(folder: Path) -> Iterator[tuple[Came, Came]]:
    """Yields each night of the command and of the program, on days of the study."""
    from benchmarks import thirty_study
    from benchmarks.thirty_arms import ARMS, Worker

    size = Size(rows=_ROWS.value)
    month = Month(size, _SEED.value)
    write_job(folder, month)
    command = of_command(folder)
    worker = Worker(ARMS["all"], thirty_study.write_settings(folder, size))
    study = thirty_study.Days(month, folder / "days", worker, _SEED.value)
    days = ((study.rows(n, ""), list(study.parts(n)[1])) for n in range(1, _NIGHTS.value))
    yield from zip(command, of_program(worker, days), strict=True)


def main(_: Sequence[str]) -> int:
    """Runs both, twice; prints and returns the exit code."""
    program.load_tensorflow()
    try:
        return int(not _agree())
    except RuntimeError as error:
        return program.refuse(error)


def _agree() -> bool:
    """Prints all nights; returns whether those of the same ids agree."""
    agree = True
    print(f"| days | night | command | program | {' | '.join(BINARY)} |")
    print(f"| --- | --: | --- | --- |{' --- |' * len(BINARY)}")
    for title, pairs in (("same ids", same_ids), ("the study", the_study)):
        with tempfile.TemporaryDirectory(prefix="thirty-command-") as folder:
            for night, (one, other) in enumerate(pairs(Path(folder)), start=1):
                cells = [f"{one.auc[name]:.5f}, {other.auc[name]:.5f}" for name in BINARY]
                said = (
                    f"| {title} | {night} | {one.status} | {other.status} | {' | '.join(cells)} |"
                )
                print(said, flush=True)
                close = all(abs(one.auc[name] - other.auc[name]) <= _CLOSE for name in BINARY)
                agree &= pairs is the_study or (close and one.status == other.status)
    return agree


if __name__ == "__main__":
    program.run(main)
