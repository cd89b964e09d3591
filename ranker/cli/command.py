"""`ranker`, the one command: it finds the program that its first word names, and runs it."""

import difflib
import runpy
import sys

import ranker
from ranker.cli import output, programs, sentences

_USAGE = """Trains multitask ranking models, and keeps a run that goes wrong from doing harm.

usage: ranker COMMAND [--flags]; ranker COMMAND --help has examples

{programs}

  ranker prepare --dataset=movielens-100k
  ranker train --config=quick --workdir=runs/quick

Exit codes: 0 done; 2 bad settings or input; others are in each command's help.
"""


def main() -> None:
    """Runs the program named on the command line; ends the process with its exit code."""
    name, *flags = sys.argv[1:] or [""]
    if name in programs.present():
        sys.argv = [sys.argv[0], *flags]
        # As its main module: whose flags and text --help shows, and which workers import.
        try:
            runpy.run_module(f"ranker.cli.{name}", run_name="__main__", alter_sys=True)
        except ImportError as error:
            if not (missing := sentences.not_installed(error)):
                raise
            print(f"{name}: {missing}", file=sys.stderr)
            sys.exit(2)
        return
    output.protect()
    sys.exit(_without_program(name))


def _without_program(name: str) -> int:
    if name in ("--help", "-h", "help", "--version"):
        print(_version() if name == "--version" else _usage())
        return 0
    if not name:
        print(_usage(), file=sys.stderr)
        return 2
    near = difflib.get_close_matches(name, programs.present(), n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    print(f"ranker: no command {name!r:.80}; {hint}ranker --help lists them", file=sys.stderr)
    return 2


def _usage() -> str:
    return _USAGE.format(
        programs="\n".join(f"  {n:<10}{of}" for n, of in programs.present().items())
    )


def _version() -> str:
    from ranker.files.commit import commit

    return f"ranker {ranker.__version__}, commit {commit()}"
