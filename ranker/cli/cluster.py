"""Which workers train a run, what they wait for, and what is said of them."""

import os
import sys
from typing import Any

from absl import flags

from ranker.cli import program
from ranker.spec.run import RunConfig
from ranker.workers import Cluster, LostError, read_cluster

NUMBER = flags.DEFINE_integer(
    "workers", 1, "Processes on this machine that train together, for a trial.", lower_bound=1
)
TIMEOUT = flags.DEFINE_integer(
    "worker_timeout", 300, "Seconds of silence after which a worker counts as lost.", lower_bound=2
)
WAIT = flags.DEFINE_integer(
    "worker_wait", 600, "Seconds to wait for all workers to be there.", lower_bound=1
)


def cluster_of(config: RunConfig) -> Cluster | None:
    """Returns the workers of the run that the environment names; None for this process alone.

    Raises:
      ValueError: if it names none that can train, or what several workers cannot do.
    """
    from ranker.wiring.shareable import check_shareable

    cluster = read_cluster(os.environ)
    if cluster is not None:
        say(cluster.said())
        check_shareable(config, cluster.size)
    return cluster


def refuse(error: Exception) -> int:
    """Says on one line why a run ends; returns the exit code: another where a worker was lost."""
    code = program.refuse(error)
    return program.LOST if isinstance(error, LostError) else code


def say(line: str) -> None:
    """Writes a line to standard error."""
    print(line, file=sys.stderr, flush=True)


def signal(signals: Any, lead: Any) -> int | None:
    """Returns the number of the first signal that a worker was sent; None for none."""
    return signals.received or (lead.team.peers.signal if lead else None)
