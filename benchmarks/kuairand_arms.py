"""The arms of `benchmarks.kuairand_nights`, and what they come to."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy import stats

from benchmarks.thirty_arms import Arm, DayRows, Worker
from ranker import measure
from ranker.input.split import Split, read_split

CONFIG = Path(__file__).parents[1] / "configs" / "kuairand_pure.toml"
_ZONE_SECONDS = 8 * 3_600
_DAY_SECONDS = 86_400
_FEWEST = 20  # positives of a task on every day
_SETTINGS = (
    "optimizer.dense.schedule={kind = 'constant'}",
    "optimizer.embeddings.schedule={kind = 'constant'}",
    "data.order='time'",
    "train.attempts_per_call=20",
    "train.log_every_attempts=0",
)


class Arms:
    """All arms, on the days of one prepared folder.

    Attributes:
      frequent: the tasks with enough positives on every day.
    """

    NAMES = ("on", "anew", "all", "first")

    def __init__(self, data: Path, folder: Path) -> None:
        """Reads the days; writes each, and all up to each, in `folder`."""
        arm = Arm(title="one pass", rate=0.1, set=(*_SETTINGS, f"data.path='{data}'"))
        self._worker = Worker(arm, CONFIG)
        parts = [pq.read_table(data / f"{n}.parquet") for n in ("train", "validation", "test")]
        table = pa.concat_tables(parts, promote_options="permissive")
        day = (table["timestamp"].to_numpy() + _ZONE_SECONDS) // _DAY_SECONDS
        day = np.maximum(day, np.unique(day)[1])  # the log begins late in an evening, with 141 rows
        self._days: list[Split] = []
        self._up_to: list[Split] = []
        for number in np.unique(day):
            self._days.append(self._read(folder, table.filter(pa.array(day == number))))
            self._up_to.append(self._read(folder, table.filter(pa.array(day <= number))))
        tasks = [task.name for task in self._worker.run.schema.tasks if task.kind == "binary"]
        self.frequent = [
            name
            for name in tasks
            if min(float(d.rows.labels[name].sum()) for d in self._days) >= _FEWEST
        ]

    def nights(
        self, arm: str, rate: float, seed: int, *, until: int = 0
    ) -> Iterator[tuple[int, dict[str, float]]]:
        """Yields, for each day from the second, its number and the AUC of each frequent task.

        Args:
          until: the last day; 0 for all.
        """
        worker = self._worker
        worker.choose(rate)
        worker.begin(seed)
        last = until or len(self._days)
        for night in range(last - 1):
            if arm in ("anew", "all"):
                worker.begin(seed)
            if arm != "first" or night == 0:
                rows = (self._up_to if arm == "all" else self._days)[night]
                worker.night(DayRows(rows, rows, {}), seed=seed)
            yield night + 2, self._measured(self._days[night + 1])

    def chosen(
        self, rates: Sequence[float], *, seed: int, until: int
    ) -> Iterator[tuple[str, float]]:
        """Yields each arm and its best rate by the mean AUC up to day `until`; prints all."""
        for arm in self.NAMES:
            found = {}
            for rate in rates:
                days = [each for _, each in self.nights(arm, rate, seed, until=until)]
                found[rate] = float(np.mean([list(each.values()) for each in days]))
                said = f"{arm}: rate {rate}: mean AUC {found[rate]:.4f} on days 2 to {until}"
                print(said, flush=True)
            yield arm, max(found, key=lambda rate: found[rate])

    def _measured(self, rows: Split) -> dict[str, float]:
        said = self._worker.serve([rows])
        return {
            task: measure.auc(rows.rows.labels[task], said[task], rows.rows.weights[task]) or np.nan
            for task in self.frequent
        }

    def _read(self, folder: Path, table: pa.Table) -> Split:
        run, path = self._worker.run, folder / "rows.parquet"
        by_time = pc.sort_indices(table, sort_keys=[("timestamp", "ascending")])
        pq.write_table(table.take(by_time), path)
        return read_split(
            path, run.schema, run.encoder, known_users=run.vocabularies[run.schema.user]
        )


@contextmanager
def opened(data: Path) -> Iterator[Arms]:
    """Gives the arms on the days of a prepared folder.

    Raises:
      FileNotFoundError: if it is not there.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield Arms(data, Path(folder))


def lines(table: pd.DataFrame, *, first: int) -> Iterator[str]:
    """Yields the lines of a table: the mean AUC of each arm, and how far it is below training on.

    Args:
      table: a row a day, arm and seed; its columns behind arm, seed, day and rate are the tasks.
      first: day that is reported.
    """
    tasks = list(table.columns[table.columns.get_indexer(["rate"])[0] + 1 :])
    table = table[table["day"] >= first].assign(mean=lambda rows: rows[tasks].mean(axis=1))
    yield f"| arm | rate | {' | '.join(tasks)} | mean AUC | less than on |"
    yield "|---|--:|" + "--:|" * (len(tasks) + 2)
    on = table[table["arm"] == "on"].groupby("day")["mean"].mean()
    for arm in Arms.NAMES:
        mine = table[table["arm"] == arm]
        less = (on - mine.groupby("day")["mean"].mean()).to_numpy()
        cells = [f"{mine[task].mean():.4f}" for task in tasks]
        cells.append(_interval(mine.groupby("seed")["mean"].mean().to_numpy()))
        cells.append(_interval(less) if arm != "on" else "")
        yield f"| {arm} | {mine['rate'].iloc[0]:g} | {' | '.join(cells)} |"


def _interval(values: np.ndarray) -> str:
    error = float(stats.sem(values)) * float(stats.t.ppf(0.975, len(values) - 1))
    return f"{values.mean():.4f} ± {error:.4f}" if len(values) > 1 else f"{values.mean():.4f}"
