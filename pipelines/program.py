"""What the programs share: flags that are wrong, and input that is, end in one line and 2."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from absl import app, flags, logging

BAD_INPUT = 2


def run(main: Callable[[Sequence[str]], int]) -> None:
    """Parses the flags and ends the process with what `main` returns."""
    logging.set_verbosity(logging.WARNING)  # TensorFlow tells every file it writes
    app.run(main, flags_parser=_parse)


def refuse(problem: object) -> int:
    """Says on one line what cannot be done; returns the exit code 2."""
    if isinstance(problem, OSError) and problem.filename:
        problem = f"{problem.filename}: {problem.strerror}"
    said = "; ".join(str(problem).splitlines())
    said = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in said)  # names may be hostile
    print(f"{Path(sys.argv[0]).stem}: {said}", file=sys.stderr)
    return BAD_INPUT


def _parse(argv: Sequence[str]) -> list[str]:
    try:
        left = flags.FLAGS(argv)
    except SystemExit:  # absl's, which has shown the help, with a code that tells of a failure
        sys.exit(0)
    except flags.Error as error:
        sys.exit(refuse(error))
    if len(left) > 1:
        sys.exit(refuse(f"not a flag: {left[1]!r}"))
    return left
