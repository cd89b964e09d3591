"""Where the runs of a comparison run: the flags --on and --address."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from absl import flags

from ranker.cli import program
from ranker.cli.sentences import sentence
from ranker.compare.pool import HeadLostError
from ranker.spec.compare import CompareConfig
from ranker.workers import check_alone

_ON = flags.DEFINE_enum(
    "on", "local", ["local", "ray"], "Where runs run: processes of this machine, or a Ray cluster."
)
_ADDRESS = flags.DEFINE_string(
    "address",
    None,
    "Of --on=ray: host:port of the cluster's head, or ray://host:port from outside; without it "
    "RAY_ADDRESS, or the cluster that this machine is a node of.",
)


def check() -> None:
    """Raises ValueError for flags that do not go together, and for one of several workers."""
    check_alone()
    if _ADDRESS.value is not None and _ON.value != "ray":
        raise ValueError(f"--address={_ADDRESS.value} is a Ray cluster's: give --on=ray with it")


@contextmanager
def workers(config: CompareConfig, say: Callable[[str], None]) -> Iterator:
    """Gives the cluster's `Workers` for as long as the block lasts; None for this machine's.

    Args:
      say: takes a line if there are fewer cores than workers.

    Raises:
      OSError, ValueError: for a cluster that cannot be reached, or is lost, and without Ray.
    """
    if _ON.value == "local":
        yield None
        return
    try:
        from ranker.compare import actors
    except ImportError as error:
        raise ValueError(sentence(error)) from error
    with actors.connected(_ADDRESS.value or "") as head:
        if (num := head.num_cores) < config.workers:
            say(f"{config.workers} workers, of which {num} find a core of the cluster now")
        yield actors.Actors(head, primary=config.primary)


def refuse(error: Exception) -> int:
    """Says on one line why a comparison ends; returns the exit code.

    Where the cluster's head was lost it ends the process: Ray would, with a code of its own.
    """
    code = program.refuse(error)
    if isinstance(error, HeadLostError):
        os._exit(program.LOST)
    return code
