"""Tries a refused attempt of a run again, and shows what went bad in it.

  ranker replay --workdir=runs/first --attempt=37
  ranker replay --workdir=runs/first   # the first one that was kept

A refused attempt's batch is in WORKDIR/incidents/<attempt>.parquet, and its event in
events.jsonl. The newest readable checkpoint before it is restored, the run goes forward
over its own batches, and the batch is tried from the file. Nothing in WORKDIR changes.
Exit codes: 0 done; 2 no such run, or no batch of that attempt.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from ranker.cli import program

_WORKDIR = flags.DEFINE_string("workdir", None, "The run's directory.", required=True)
_ATTEMPT = flags.DEFINE_integer(
    "attempt", None, "Which, as in events.jsonl; the first that was kept if not given."
)


def main(_: Sequence[str]) -> int:
    """Replays and prints; returns the exit code."""
    program.load_tensorflow()  # here, not for --help
    from ranker.replay.attempt import replay
    from ranker.replay.text import as_text

    try:
        found = replay(
            Path(_WORKDIR.value),
            _ATTEMPT.value,
            say=lambda line: print(line, file=sys.stderr, flush=True),
        )
    except (ValueError, OSError) as error:
        return program.refuse(error)
    print(as_text(found))
    return 0


if __name__ == "__main__":
    program.run(main, is_result=lambda: True)
