"""Exports a run's best checkpoint as a SavedModel, checked in a fresh process.

  ranker export --workdir=runs/first
  ranker export --workdir=runs/first --output=/models/ranker

Writes the next version <N>/ into --output once plain TensorFlow has served it and given
the trainer's own scores. Of a run that was stopped it is the best so far, and the export
says so. Exit codes: 0 done; 2 no such run, one that diverged or is training now, or a
model that must not be served, and nothing written.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from ranker.cli import program

_WORKDIR = flags.DEFINE_string("workdir", None, "The run's directory.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Where versions go; WORKDIR/export if not given.")


def main(_: Sequence[str]) -> int:
    """Exports; returns the exit code."""
    workdir = Path(_WORKDIR.value)
    try:
        version = _export(workdir, Path(_OUTPUT.value or workdir / "export"))
    except (ValueError, OSError) as error:
        return program.refuse(error)
    print(version)
    return 0


def _export(workdir: Path, output: Path) -> Path:
    program.load_tensorflow()  # here, not for --help
    from ranker import train, wiring

    result = train.read_result(workdir) if (workdir / train.RESULT).exists() else {}
    if result.get("status") == "diverged":
        raise ValueError(f"{workdir}: the run diverged: not exported")
    with train.hold_still(workdir):
        run = wiring.load_run(workdir, splits=wiring.SPLITS)
        if result and run.identity and (differing := run.identity.difference(result)):
            raise ValueError(f"{workdir / train.RESULT}: not of this run: {differing}")
        if run.unfinished:
            print(f"{workdir}: {run.unfinished}: its best so far", file=sys.stderr)
        return wiring.export_run(run, output, result=result)


if __name__ == "__main__":
    program.run(main)
