"""This process among several workers, and how it joins them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

import ranker
from ranker.spec import load
from ranker.spec.run import RunConfig
from ranker.train.collective import Collectives
from ranker.train.reduce import Share
from ranker.workers.cluster import Cluster
from ranker.workers.meet import meet
from ranker.workers.peers import LostError, Peers

_NAMING_SECONDS = 5.0  # in which it shows which worker an operation failed for


class Patience(NamedTuple):
    """How long the workers wait for each other, in seconds.

    Attributes:
      start: for all to be there.
      silence: until one that is not heard counts as lost.
    """

    start: float
    silence: float


class Team(NamedTuple):
    """This process among several workers.

    Attributes:
      cluster: who they are.
      peers: connections to them.
      collectives: what sums over them.
    """

    cluster: Cluster
    peers: Peers
    collectives: Collectives

    @property
    def share(self) -> Share:
        """What the step must know."""
        return Share(self.cluster.size, self.cluster.rank, self.collectives)

    def together(self, do: Callable[[], Any]) -> Any:
        """Returns what `do` returns, an operation that all workers join.

        Raises:
          LostError, RefusedError: if it ends in an error, and who was why.
        """
        try:
            return do()
        except tf.errors.OpError as error:
            self.peers.blame(_NAMING_SECONDS)
            raise LostError(
                f"the workers could not add up what they have ({type(error).__name__}): stopped; "
                "the same command, on all workers, goes on from the last checkpoint"
            ) from error


def join(
    config: RunConfig,
    cluster: Cluster,
    patience: Patience,
    *,
    say: Callable[[str], None],
    on_stuck: Callable[[str], None],
) -> Team:
    """Returns the workers, once all are there; before TensorFlow has computed anything.

    Args:
      say, on_stuck: as of `ranker.workers.meet`.

    Raises:
      ClusterError, LostError, RefusedError: as `ranker.workers.meet` does.
    """
    about = {
        "the settings": load.sha256(config)[:12],
        "version": ranker.__version__,
        "TensorFlow": tf.__version__,
    }
    times = {"wait": patience.start, "timeout": patience.silence}
    peers = meet(cluster, about, **times, say=say, on_stuck=on_stuck)
    # Of it the collectives need the server alone; nothing runs under the strategy.
    tf.distribute.MultiWorkerMirroredStrategy()
    collectives = Collectives(cluster.size, cluster.rank)
    return Team(cluster, peers, collectives)
