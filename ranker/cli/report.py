"""Writes the page of a run: how it went, its curves, what intervened, its metrics.

  ranker report --workdir=runs/first
  ranker report --workdir=runs/first --against=runs/before
  ranker report --workdir=runs/first --output=/tmp/first.html

Training writes the same page at its end; this one also while it trains, and of old runs.
Metrics stand beside those of the last run of the same settings, the seed apart, in the same
folder, or of --against. The page is one file, for any browser.
Exit codes: 0 done; 2 no such run, or a page that cannot be written.
"""

from collections.abc import Sequence
from pathlib import Path

from absl import flags

from ranker.cli import program

_WORKDIR = flags.DEFINE_string("workdir", None, "The run's directory.", required=True)
_AGAINST = flags.DEFINE_string("against", None, "Run directory to set the metrics beside.")
_OUTPUT = flags.DEFINE_string("output", None, "File to write; report.html in the run's directory.")


def main(_: Sequence[str]) -> int:
    """Writes the page and prints where it is; returns the exit code."""
    from ranker.report import run

    against, output = (Path(f.value) if f.value else None for f in (_AGAINST, _OUTPUT))
    try:
        print(run.write_report(Path(_WORKDIR.value), against=against, output=output))
    except (ValueError, OSError) as error:
        return program.refuse(error)
    return 0


if __name__ == "__main__":
    program.run(main)
