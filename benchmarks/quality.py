"""How well a config ranks, over seeds and beside the references, as a table for a README.

  python -m benchmarks.quality --config=configs/movielens_100k.toml --seeds=3
  python -m benchmarks.quality --config=... --workdir=runs/quality

Each seed is a run of `pipelines.train` in a directory of its own, one after the other and
without export. With --workdir they are kept, and the same command goes on where it was
stopped; a finished run is not repeated. Exit code: that of the first run that fails.

Lines of a run say "frozen" where each user's features are as they were at the user's first
row of the split; the others are live. The references, and a run whose data have no such
features, know nothing of the rows of the split: they are both. See docs/measures.md.
"""

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from benchmarks import references
from ranker.cli import program
from ranker.spec import load
from ranker.spec.run import RunConfig

_CONFIG = flags.DEFINE_string("config", "configs/movielens_100k.toml", "What to train.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Where the runs go; none to throw them away.")
_OUTPUT = flags.DEFINE_string("output", None, "A CSV file for what the table is made of.")
_SEEDS = flags.DEFINE_integer("seeds", 3, "Runs, and fits of ALS, 0 and on.", lower_bound=1)


def main(_: Sequence[str]) -> int:
    """Trains, computes the references and prints; returns the exit code."""
    path, seeds = Path(_CONFIG.value), _SEEDS.value
    try:
        config = load.load(path, [], RunConfig)
        with tempfile.TemporaryDirectory() as temporary:
            workdir = Path(_WORKDIR.value or temporary)
            trained = train(path, workdir, seeds=seeds)
        results = [trained, *references.compute(Path(config.data.path), seeds=seeds)]
        if _OUTPUT.value:
            write_rows(results, Path(_OUTPUT.value))
    except subprocess.CalledProcessError as error:
        program.refuse(error)
        return error.returncode
    except (ValueError, OSError) as error:
        return program.refuse(error)
    print(references.markdown(results))
    return 0


def write_rows(results: Sequence[references.Result], path: Path) -> None:
    """Writes a line for each value of each seed, as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("ranker", "split", "seed", "task", "metric", "value"))
        writer.writerows((*row[:-1], round(row[-1], 6)) for row in references.rows(results))


def train(config: Path, workdir: Path, *, seeds: int) -> references.Result:
    """Trains `config` with the seeds 0, 1 ... in `workdir`, or finds that done.

    Raises:
      subprocess.CalledProcessError: if a run fails; it has said why on standard error.
    """
    results = []
    for seed in range(seeds):
        directory = workdir / f"seed-{seed}"
        command = [sys.executable, "-m", "pipelines.train", f"--config={config}"]
        command += [f"--workdir={directory}", f"--set=seed={seed}", "--set=export.enabled=false"]
        subprocess.run(command, check=True, stdout=sys.stderr)  # resumes, or sees it is done
        results.append(json.loads((directory / "RESULT.json").read_text("utf-8")))
    metrics = {split: [r["metrics"][split] for r in results] for split in ("validation", "test")}
    for split in tuple(metrics):
        frozen = [{t: m["frozen"] for t, m in r.items() if "frozen" in m} for r in metrics[split]]
        if all(frozen):
            metrics[f"{split}, frozen"] = frozen
    return references.Result(config.stem, metrics)


if __name__ == "__main__":
    program.run(main)
