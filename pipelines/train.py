"""Trains a ranker from a configuration, and resumes if the run directory holds a run.

  python -m pipelines.train --config=configs/movielens_100k.toml --workdir=runs/first
  python -m pipelines.train --config=... --workdir=... --set=optimizer.dense.learning_rate=0.1
  python -m pipelines.train --config=... --check

Exit codes: 0 completed; 2 bad settings or input; 3 diverged (a retry would too);
143 or 130 stopped by SIGTERM or SIGINT after saving: the same command goes on.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from pipelines import metrics_text
from pipelines.program import refuse, run
from ranker.config import load
from ranker.config.settings import RunConfig

_CONFIG = flags.DEFINE_string("config", None, "TOML file with the run's settings.", required=True)
_SET = flags.DEFINE_multi_string(
    "set", [], "One setting in place of the file's, as section.name=value; may be given again"
)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "Where checkpoints, metrics and the export go. Made if missing."
)
_CHECK = flags.DEFINE_bool("check", False, "Print the settings in full and stop.")


def main(argv: Sequence[str]) -> int:
    """Runs the job; returns the exit code."""
    try:
        config = load.load(Path(_CONFIG.value), _SET.value, RunConfig)
    except (load.ConfigError, OSError) as error:
        return refuse(error)
    if _CHECK.value:
        print(load.dump(config), end="")
        return 0
    if not _WORKDIR.value:
        return refuse("--workdir is needed: where the run's files go")
    return _run(config, Path(_WORKDIR.value), argv)


def _run(config: RunConfig, workdir: Path, argv: Sequence[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGINT):  # nothing has begun, and nothing is lost
        signal.signal(number, lambda number, _: os._exit(128 + number))
    from ranker import build, job, train  # TensorFlow loads here, not for --help

    train.share_cores()
    try:
        with train.hold(workdir), train.StopSignals() as signals:
            job.open_run_directory(
                config, workdir, command=["python", "-m", "pipelines.train", *argv[1:]]
            )
            done = build.finished(config, workdir)
            result = done or job.run_job(
                config,
                workdir,
                is_stopping=lambda: signals.received is not None,
                interruptible=signals.interruptible,
                say=lambda line: print(line, file=sys.stderr, flush=True),
            )
    except (ValueError, OSError) as error:
        return refuse(error)
    print(_summary(result, workdir))
    codes = {"completed": 0, "diverged": 3, "preempted": 128 + (signals.received or 15)}
    return codes[result["status"]]


def _summary(result: dict, workdir: Path) -> str:
    steps = f" after {result['step']:,} steps" if "step" in result else ", nothing new to save"
    lines = [f"{result['status']}{steps}: {workdir / 'RESULT.json'}"]
    for split, tasks in result.get("metrics", {}).items():
        for task, metrics in tasks.items():
            found = metrics_text.lines(metrics)
            lines += [f"  {split:<10} {task:<8} {line}" for line in found]
    if "export" in result:
        lines.append(f"  SavedModel: {result['export']}")
    if result["status"] == "diverged":
        lines.append(f"  {result.get('reason')}; not exported: {workdir / 'events.jsonl'}")
    return "\n".join(lines)


if __name__ == "__main__":
    run(main)
