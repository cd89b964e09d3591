"""Training from disk beside training from memory: `python -m benchmarks.streaming`.

Rows drawn from a prepared dataset's training split are written as shards, once; then
`pipelines.train` runs on them from memory and from disk in turns, each run a process of its
own, so that its peak memory is its own. Exit code 1 if the runs differ in what they learnt,
or one from disk waited for input for 5% of its time or more. With `--only=disk` the rows need
not fit in memory.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from absl import flags
from tqdm import tqdm

from benchmarks import timings
from ranker.cli import program

_CONFIG = flags.DEFINE_string("config", "configs/movielens_100k.toml", "What to train.")
_DATA = flags.DEFINE_string("data", "data/movielens-100k", "The dataset that rows are drawn from.")
_ROWS = flags.DEFINE_integer("rows", 5_000_000, "Rows to train on.", lower_bound=1)
_SHARDS = flags.DEFINE_integer("shards", 20, "Files they are in.", lower_bound=1)
_ATTEMPTS = flags.DEFINE_integer("attempts", 1_500, "Attempts of a run.", lower_bound=1)
_BATCH = flags.DEFINE_integer("batch_size", 1_024, "Examples of a batch.", lower_bound=1)
_ROUNDS = flags.DEFINE_integer("rounds", 3, "Runs of each kind.", lower_bound=1)
_KINDS = {"memory": "never", "disk": "always"}
_ONLY = flags.DEFINE_enum("only", None, list(_KINDS), "One of the two.")
_SET = flags.DEFINE_multi_string("set", [], "More settings, as pipelines.train takes them")
_GROUP_ROWS = 65_536
_GOAL = 0.05
_FIGURES = ("examples_per_second", "input_bound_share", "peak_memory_mb", "seconds")


def main(argv: Sequence[str]) -> int:
    """Times both and prints them; returns the exit code."""
    del argv
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        _write(Path(_DATA.value), data)
        kinds = [_ONLY.value] if _ONLY.value else list(_KINDS)
        results: dict[str, list[dict]] = {kind: [] for kind in kinds}
        for number in range(_ROUNDS.value):
            for kind in sorted(kinds, reverse=bool(number % 2)):
                results[kind].append(_train(data, Path(folder) / f"{kind}-{number}", kind))
    return _report(results)


def _write(source: Path, data: Path) -> None:
    """Writes shards of rows drawn from `source`, and beside them what else it has."""
    shutil.copytree(source, data, ignore=shutil.ignore_patterns("train.parquet", "train"))
    (data / "train").mkdir()
    rows = pq.read_table(source / "train.parquet")
    ends = np.linspace(0, _ROWS.value, _SHARDS.value + 1).astype(int)
    for number, size in enumerate(tqdm(np.diff(ends), desc="shards", unit=" shards")):
        drawn = np.random.default_rng(number).integers(0, len(rows), size)
        path = data / "train" / f"{number:05d}.parquet"
        options = {"row_group_size": _GROUP_ROWS, "write_page_checksum": True}
        pq.write_table(rows.take(drawn), path, compression="zstd", **options)


def _train(data: Path, workdir: Path, kind: str) -> dict:
    """Returns what RESULT.json of a whole run holds."""
    settings = [
        f"data.path={data}",
        f"data.batch_size={_BATCH.value}",
        "data.order=blocks",
        f"data.stream={_KINDS[kind]}",
        f"train.max_attempts={_ATTEMPTS.value}",
        "export.enabled=false",
    ]
    command = [sys.executable, "-m", "pipelines.train", f"--config={_CONFIG.value}"]
    command += [f"--workdir={workdir}", *(f"--set={s}" for s in [*settings, *_SET.value])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr[-2000:]}")
    return json.loads((workdir / "RESULT.json").read_text("utf-8"))


def _report(results: dict[str, list[dict]]) -> int:
    print(f"{_ROWS.value:,} rows, {_ATTEMPTS.value:,} attempts at batch {_BATCH.value:,}")
    for figure in _FIGURES:
        timings.keep(
            "training", {k: [run[figure] for run in runs] for k, runs in results.items()}, figure
        )
        shown = {kind: _shown([run[figure] for run in runs]) for kind, runs in results.items()}
        print(f"  {figure:20s}" + "".join(f"  {kind} {text}" for kind, text in shown.items()))
    if len(results) == 2:
        pairs = zip(results["memory"], results["disk"], strict=True)
        ratio = statistics.median(
            d["examples_per_second"] / m["examples_per_second"] for m, d in pairs
        )
        print(f"  examples a second from disk to memory, median of rounds: {ratio:.2f}")
    first, *others = (run["metrics"] for runs in results.values() for run in runs)
    is_same = all(metrics == first for metrics in others)
    if others:
        print(f"  metrics of all runs: {'equal to the last bit' if is_same else 'DIFFERENT'}")
    if "disk" not in results:
        return 0 if is_same else 1
    waiting = max(run["input_bound_share"] for run in results["disk"])
    verdict = "met" if waiting < _GOAL else "MISSED"
    print(f"  largest share of waiting from disk: {waiting:.3f}, goal {_GOAL}: {verdict}")
    return 0 if is_same and waiting < _GOAL else 1


def _shown(values: Sequence[float]) -> str:
    return f"{statistics.median(values):,.3f} ({min(values):,.3f} to {max(values):,.3f})"


if __name__ == "__main__":
    program.run(main)
