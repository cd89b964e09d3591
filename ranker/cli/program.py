"""What the programs share: one line and 2 for bad flags and input, and output that ends nothing."""

import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from absl import app, logging

from ranker.cli import given, output, programs
from ranker.cli.sentences import is_of_memory, sentence
from ranker.spec import plugins

__all__ = ["BAD_INPUT", "LOST", "end_at_signals", "load_tensorflow", "refuse", "run", "sentence"]

BAD_INPUT = 2
LOST = 128  # another machine was lost: the same command goes on


def run(
    main: Callable[[Sequence[str]], int],
    *,
    takes_names: bool = False,
    is_result: Callable[[], bool] = lambda: False,
) -> None:
    """Parses the flags and ends the process with what `main` returns.

    Args:
      takes_names: whether what is no flag goes to `main`; else it is refused.
      is_result: whether standard output is what the program is run for: then 2 in place of 0
        if it could not be written.
    """
    output.protect()
    its = sys.modules[main.__module__]
    its.__doc__ = programs.as_typed(its.__doc__ or "")  # which --help shows
    warnings.showwarning = _show_warning
    plugins.before_import.append(load_tensorflow)
    logging.get_absl_handler().python_handler.stream = sys.stderr
    logging.set_verbosity(logging.WARNING)  # TensorFlow logs every file it writes
    coded = lambda argv: _written(_code(main, argv), is_result())  # noqa: E731
    app.run(coded, flags_parser=lambda argv: _parse(argv, takes_names))


def refuse(problem: object) -> int:
    """Says on one line what cannot be done; returns the exit code 2."""
    print(f"{_name()}: {sentence(problem)}", file=sys.stderr)
    return BAD_INPUT


def load_tensorflow() -> None:
    """Loads TensorFlow, without what it says of itself at its start."""
    from ranker.start import quietly_load_tensorflow

    quietly_load_tensorflow()


def end_at_signals() -> None:
    """Has a signal that asks to stop end the process at once, while nothing has begun."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN or number != signal.SIGHUP:  # nohup's
            signal.signal(number, lambda number, _: os._exit(128 + number))


def _show_warning(message: Warning | str, category: type[Warning], *_: object) -> None:
    """Shows what a reader of settings warns of; of others' warnings nothing, as by default."""
    if issubclass(category, FutureWarning) and "is now called" in str(message):
        print(f"{_name()}: {message}", file=sys.stderr)


def _code(main: Callable[[Sequence[str]], int], argv: Sequence[str]) -> int:
    try:
        return main(argv)
    except KeyboardInterrupt:  # of a program that has nothing to save
        print(f"{_name()}: interrupted; nothing is left half written", file=sys.stderr)
        return 128 + signal.SIGINT
    except Exception as error:
        if not is_of_memory(error):
            raise
        return refuse(error)


def _written(code: int, is_result: bool) -> int:
    """Returns the exit code once standard output has been written, as far as it can be."""
    if lost := output.lost():
        print(f"{_name()}: standard output: {lost}: not all was written", file=sys.stderr)
    return code or (BAD_INPUT if lost and is_result else 0)


def _name() -> str:
    return Path(sys.argv[0]).stem


def _parse(argv: Sequence[str], takes_names: bool) -> list[str]:
    try:
        return given.parse(argv, takes_names=takes_names)
    except ValueError as error:
        sys.exit(refuse(error))
