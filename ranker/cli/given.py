"""The flags that a program was given; what is wrong with them in a sentence."""

import difflib
import re
import sys
import warnings
from collections.abc import Sequence

from absl import flags

_FORMER = {"max_bad_rows": "max_rejected_rows"}
_NOT_GIVEN = re.compile(r"flag --(\w+)=None: Flag --\w+ must have a value")  # of absl


def parse(argv: Sequence[str], *, takes_names: bool) -> list[str]:
    """Takes the flags in `argv`; returns the program's name, and what is no flag.

    Args:
      takes_names: whether there may be what is no flag.

    Raises:
      ValueError: for a flag that there is none of, one that is missing, a wrong value.
      SystemExit: once the help has been shown.
    """
    _show_all()
    try:
        left = flags.FLAGS([*argv[:1], *map(_with_underscores, argv[1:])])
    except SystemExit:  # absl's, which has shown the help, with a code that tells of a failure
        sys.exit(0)
    except flags.UnrecognizedFlagError as error:
        raise ValueError(_no_such(error.flagname)) from error
    except flags.Error as error:
        missing = _NOT_GIVEN.match(str(error))
        raise ValueError(_needed(missing[1]) if missing else str(error)) from error
    if len(left) > 1 and not takes_names:
        raise ValueError(f"not a flag: {left[1]!r}")
    return left


def _show_all() -> None:
    """Has --help list the flags that parts of the program declare, beside its own."""
    for module, declared in flags.FLAGS.flags_by_module_dict().items():
        for flag in declared if module.startswith("ranker.") else ():
            flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)


def _no_such(name: str) -> str:
    """Returns what to say of a flag that there is none of, with the nearest that there is."""
    near = difflib.get_close_matches(name, list(flags.FLAGS), n=1)
    hint = f"; did you mean --{near[0].replace('_', '-')}?" if near else ";"
    return f"no flag --{name.replace('_', '-')}{hint} --help lists them"


def _needed(name: str) -> str:
    """Returns what to say of a flag that has to be given and was not."""
    said = (flags.FLAGS[name].help or "").rstrip(".")
    return f"--{name.replace('_', '-')} is needed: {said}"


def _with_underscores(argument: str) -> str:
    """Returns a flag as absl knows it: "--dry-run" is "--dry_run", a former name the present."""
    if not argument.startswith("--"):
        return argument
    name, equals, value = argument[2:].partition("=")
    name = name.replace("-", "_")
    if name in _FORMER:
        new = _FORMER[name]
        warnings.warn(f"--{name} is now called --{new}", FutureWarning, stacklevel=2)
        name = new
    return f"--{name}{equals}{value}"
