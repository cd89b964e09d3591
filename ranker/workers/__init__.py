"""Several processes that train one model: who they are, and what they say to each other."""

from ranker.workers.cluster import VARIABLE, Cluster, ClusterError, check_alone, read_cluster
from ranker.workers.meet import meet
from ranker.workers.peers import LostError, Peers, RefusedError

__all__ = [
    "VARIABLE",
    "Cluster",
    "ClusterError",
    "LostError",
    "Peers",
    "RefusedError",
    "check_alone",
    "meet",
    "read_cluster",
]
