"""What can be known of a run before it: without its data's rows, and with them."""

import sys
from pathlib import Path

from ranker.cli import trained
from ranker.cli.program import load_tensorflow, refuse
from ranker.spec import load
from ranker.spec.run import RunConfig


def check(config: RunConfig) -> int:
    """Prints the settings, and what in them does not fit the schema; returns the exit code."""
    print(load.dump(config), end="")
    if not (Path(config.data.path) / "schema.toml").exists():
        print(f"# {config.data.path} has no schema.toml: names were not checked", file=sys.stderr)
        return 0
    load_tensorflow()
    from ranker.wiring.mistakes import find_mistakes

    try:
        mistakes = find_mistakes(config)
    except (ValueError, OSError) as error:
        return refuse(error)
    return max(map(refuse, mistakes), default=0)


def dry_run(config: RunConfig) -> int:
    """Tries one batch and prints what it found; returns the exit code, 3 if it was refused."""
    load_tensorflow()
    from ranker.wiring.rehearsal import rehearse

    try:
        found = rehearse(config)
    except (ValueError, OSError) as error:
        return refuse(error)
    print(*trained.rehearsal(found), sep="\n")
    return 3 if found["refused"] else 0
