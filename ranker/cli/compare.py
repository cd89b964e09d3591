"""Compares safeguards over learning rates, faults, models and seeds, and writes a report.

  ranker compare --config=compare_quick --workdir=runs/compare
  ranker compare --config=... --workdir=... --set=seeds=[0,1] --set=workers=4
  ranker compare --config=... --workdir=... --on=ray --set=workers=64
  ranker compare --config=... --check

The same command again does only what is missing, failed, damaged or of other data. WORKDIR
gets results.parquet (a row a run), comparison.json, report.html and report.md. A run that
fails is recorded and the rest go on. Exit codes: 0 done, and every run measured; 2 bad
settings or input, or runs failed: the report is there, without them; 143, 130 or 129 stopped
by SIGTERM, SIGINT or SIGHUP, 128 the head of the Ray cluster was lost: the same command goes on.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from ranker.cli import compared, named, programs, where
from ranker.cli.display import Display
from ranker.cli.program import load_tensorflow, refuse, run
from ranker.compare import grid
from ranker.spec import load
from ranker.spec.compare import CompareConfig

_CONFIG = flags.DEFINE_string(
    "config", None, "TOML file with the grid, or the name of one that is shipped.", required=True
)
_SET = flags.DEFINE_multi_string(
    "set", [], "One setting in place of the file's, as name=value; may be given again"
)
_WORKDIR = flags.DEFINE_string("workdir", None, "Where runs and the report go. Made if missing.")
_CHECK = flags.DEFINE_bool("check", False, "Print the settings and the number of runs, and stop.")


def main(_: Sequence[str]) -> int:
    """Runs the comparison; returns the exit code."""
    try:
        where.check()
        path = named.find(_CONFIG.value)
        config = load.load(path, _SET.value, CompareConfig)
        # Settings that do not fit are said before TensorFlow loads.
        trials = [*grid.tuning(config, path.parent), *grid.finals(config, path.parent, {})]
    except (ValueError, OSError) as error:
        return refuse(error)
    if _CHECK.value:
        num_steps = len({trial.graph_signature for trial in trials})
        print(load.dump(config), f"# {len(trials):,} runs, {num_steps} steps to compile", sep="")
        return 0
    if not _WORKDIR.value:
        return refuse("--workdir is needed: where the runs and the report go")
    return _compare(config, path.parent, Path(_WORKDIR.value))


def _compare(config: CompareConfig, folder: Path, workdir: Path) -> int:
    load_tensorflow()
    from ranker.compare import experiment
    from ranker.train import StopSignals, hold

    try:
        with (
            hold(workdir) as held,
            Display("run") as display,
            StopSignals(display.line) as signals,
            where.workers(config, display.line) as workers,
        ):

            def show(at: experiment.Progress) -> None:
                display.at(at.done, at.planned, at.name)
                if at.error:
                    display.line(f"failed: {at.name}: {at.error}")

            def is_stopping() -> bool:
                held.check()
                return signals.received is not None

            summary = experiment.compare(
                config,
                folder,
                workdir,
                command=[*programs.words("compare"), *sys.argv[1:]],
                is_stopping=is_stopping,
                on_run=show,
                say=display.line,
                workers=workers,
            )
    except (ValueError, OSError) as error:
        return where.refuse(error)
    if summary is None:
        print(f"stopped; the same command goes on: {workdir}", file=sys.stderr)
        return 128 + (signals.received or 15)
    print(*compared.lines(workdir), sep="\n")
    failed = compared.failures(summary.failed, summary.planned, workdir)
    return refuse(failed) if failed else 0


if __name__ == "__main__":
    run(main, is_result=lambda: bool(_CHECK.value))
