"""The study of the thirty nights: every arm on the days of every seed; and the choice of rates."""

import csv
import functools
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks import thirty_days
from benchmarks.thirty_arms import ARMS, SETTINGS, DayRows, Worker, with_nan
from benchmarks.thirty_days import Month
from ranker.files import LockError, atomic_file, hold
from ranker.input.split import Split, read_split
from ranker.nightly.facts import facts

COLUMNS = (
    *("seed", "days", "arm", "night", "fault", "status", "reason", "refused"),
    *("best", "like", "finish", "share", "regret"),
)
_TRIED: dict[str, tuple[tuple[str, ...], ...]] = {
    "plain": ((),),
    "norm": (("clip.0.max_norm=0.1",), ("clip.0.max_norm=1.0",)),
    "clippy": ((),),
}
_RATES = (0.02, 0.05, 0.1, 0.2)


class Days:
    """The prepared days of a seed, read once for all arms."""

    def __init__(self, month: Month, folder: Path, worker: Worker, seed: int) -> None:
        """Takes the month, where to write, and a worker of any arm to read by."""
        self._month, self._folder, self._worker = month, folder, worker
        self._seed = seed
        self.day = functools.cache(month.day)
        self.rows = functools.cache(self._rows)
        self.parts = functools.cache(self._parts)

    def _rows(self, night: int, fault: str) -> DayRows:
        """Returns what a night trains on."""
        columns = thirty_days.faulty(self.day(night).columns, fault, self._seed)
        folder = self._folder / f"{night}{'-faulty' if fault else ''}"
        thirty_days.write_day(folder, columns, self._worker.run.schema)
        train, test = (self._read(folder / f"{split}.parquet") for split in ("train", "test"))
        if fault == thirty_days.NAN:
            row = int(np.random.default_rng([self._seed, 3]).integers(len(train)))
            train = with_nan(train, "activity", row)
        return DayRows(train, test, facts(folder))

    def _parts(self, night: int) -> tuple[dict[str, np.ndarray], tuple[Split, ...]]:
        """Returns the day after a night, on which its model is measured, with its chances."""
        day, folder = self.day(night + 1), self._folder / f"{night + 1}"
        thirty_days.write_day(folder, day.columns, self._worker.run.schema)
        names = ("train", "validation", "test")
        return day.chance, tuple(self._read(folder / f"{name}.parquet") for name in names)

    def _read(self, path: Path) -> Split:
        run = self._worker.run
        return read_split(path, run.schema, run.encoder, known_users=run.vocabularies["user_id"])


def nights(
    worker: Worker, days: Days, faults: dict[int, str], seed: int, count: int
) -> Iterator[dict]:
    """Yields a row of results for each night of an arm."""
    worker.begin(seed)
    for number in range(1, count + 1):
        fault = faults.get(number, "")
        factor = 10.0 if fault == thirty_days.RATE else 1.0
        night = worker.night(days.rows(number, fault), seed=seed, rate_factor=factor)
        chance, parts = days.parts(number)
        served = worker.serve(parts)
        best = {t: thirty_days.expected_auc(p, p) for t, p in chance.items()}
        found = {
            t: thirty_days.expected_auc(served[t], p) if served else 0.5 for t, p in chance.items()
        }
        usual = float(np.mean([*best.values()]))
        yield {
            "night": number,
            "fault": fault,
            **night._asdict(),
            "best": usual,
            **found,
            "regret": usual - float(np.mean([*found.values()])),
        }


def study(workdir: Path, size: thirty_days.Size, seeds: Sequence[int]) -> None:
    """Runs all arms on all seeds, with faults and without, as far as nobody has."""
    (workdir / "results").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        settings = write_settings(folder, size)
        worker_of = functools.cache(lambda arm: Worker(ARMS[arm], settings))
        for seed in seeds:
            faults = thirty_days.schedule(seed, size.nights)
            days = Days(Month(size, seed), folder / f"{seed}", worker_of("plain"), seed)
            for arm in ARMS:
                for kind, happens in (("faults", faults), ("none", {})):
                    path = workdir / "results" / f"{seed}-{kind}-{arm}.csv"
                    which = {"seed": seed, "days": kind, "arm": arm}
                    _once(
                        path,
                        which,
                        lambda a=arm, d=days, h=happens, s=seed: nights(
                            worker_of(a), d, h, s, size.nights
                        ),
                    )


def _once(path: Path, which: dict, make: Callable[[], Iterable[dict]]) -> None:
    """Writes the rows that `make` yields, unless they are there or another process makes them."""
    if path.exists():
        return
    try:
        with hold(path.with_suffix(".lock")):
            _write(path, [which | row for row in make()])
    except LockError:
        return
    print(path, file=sys.stderr, flush=True)


def write_settings(folder: Path, size: thirty_days.Size) -> Path:
    """Writes what all workers are built of, and returns their settings."""
    thirty_days.write_world(folder / "world", size)
    path = folder / "settings.toml"
    path.write_text(SETTINGS.format(path=folder / "world"), "utf-8")
    return path


def _write(path: Path, rows: Sequence[dict]) -> None:
    with atomic_file(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for row in rows:
            writer.writerow({k: round(v, 6) if isinstance(v, float) else v for k, v in row.items()})


def tune(size: thirty_days.Size, seeds: Sequence[int]) -> None:
    """Prints the mean regret of each arm by rate and norm, on nights without faults."""
    print("| arm | settings | rate | mean regret |\n| --- | --- | --: | --: |")
    with tempfile.TemporaryDirectory() as temporary:
        settings = write_settings(Path(temporary), size)
        days: dict[int, Days] = {}
        for arm, choices in _TRIED.items():
            worker = Worker(ARMS[arm], settings)
            for extra, rate in itertools.product(choices, _RATES):
                worker.choose(rate, *extra)
                found = []
                for seed in seeds:
                    if seed not in days:
                        folder = Path(temporary) / f"{seed}"
                        days[seed] = Days(Month(size, seed), folder, worker, seed)
                    rows = nights(worker, days[seed], {}, seed, size.nights)
                    found += [row["regret"] for row in rows]
                said = f"| {arm} | {' '.join(extra)} | {rate} | {np.mean(found):.4f} |"
                print(said, flush=True)
