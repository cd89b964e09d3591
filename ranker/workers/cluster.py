"""Which processes train together, as the environment's `TF_CONFIG` says."""

import dataclasses
import os
import re
from collections.abc import Mapping
from typing import Any

from ranker import json_text

VARIABLE = "TF_CONFIG"
_KINDS = ("chief", "worker")  # in the order of their ranks
_ADDRESS = re.compile(r"(.+):(\d{1,5})")


class ClusterError(ValueError):
    """What `TF_CONFIG` holds names no cluster that can train; the message is one sentence."""


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The workers of a run, and which of them this process is.

    Attributes:
      addresses: "host:port" of each, the chief's first; N of them.
      rank: of this process, in [0, N); 0 is the chief.
    """

    addresses: tuple[str, ...]
    rank: int

    @property
    def size(self) -> int:
        """How many workers there are."""
        return len(self.addresses)

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the files of the run."""
        return self.rank == 0

    def part(self, batch_size: int) -> slice:
        """Returns which examples of a batch are this worker's: as many as every other's."""
        share = batch_size // self.size
        return slice(self.rank * share, (self.rank + 1) * share)

    def host_and_port(self, rank: int) -> tuple[str, int]:
        """Returns where a worker listens."""
        host, _, port = self.addresses[rank].rpartition(":")
        return host.strip("[]"), int(port)

    def name(self, rank: int) -> str:
        """Returns what a worker is called in a sentence."""
        return f"worker {rank} of {self.size} ({self.addresses[rank]})"

    def said(self) -> str:
        """Returns the line that a run begins with."""
        return f"Worker {self.rank} of {self.size}, at {self.addresses[self.rank]}"


def read_cluster(environment: Mapping[str, str]) -> Cluster | None:
    """Returns the cluster of several workers that `TF_CONFIG` names; None for one process alone.

    A chief, if there is one, has rank 0, and the workers follow: as TensorFlow counts them.

    Raises:
      ClusterError: for what is no such JSON, or a task or a kind of task that has no part here.
    """
    text = environment.get(VARIABLE, "").strip()
    if not text:
        return None
    try:
        found = json_text.parse(text)
        named = found.get("cluster") or {}
        task = found.get("task") or {}
        kinds = {kind: list(of) for kind, of in named.items() if of}
    except (ValueError, AttributeError, TypeError) as error:
        raise ClusterError(f"{VARIABLE}: no JSON of a cluster and a task: {error}") from error
    if not kinds:
        return None
    if others := sorted(set(kinds) - set(_KINDS)):
        raise ClusterError(
            f"{VARIABLE}: tasks of kind {', '.join(others)}: every worker holds the whole model, "
            "so only a chief and workers train here"
        )
    if len(kinds.get("chief", ())) > 1:
        raise ClusterError(f"{VARIABLE}: {len(kinds['chief'])} chiefs; there is one at most")
    addresses = tuple(_address(address) for kind in _KINDS for address in kinds.get(kind, ()))
    if len(set(addresses)) < len(addresses):
        raise ClusterError(f"{VARIABLE}: an address stands twice among {', '.join(addresses)}")
    rank = _rank(kinds, task)
    return Cluster(addresses, rank) if len(addresses) > 1 else None


def check_alone(environment: Mapping[str, str] = os.environ) -> None:
    """Raises ClusterError if `TF_CONFIG` names several workers, for what is done by one process."""
    cluster = read_cluster(environment)
    if cluster is not None:
        raise ClusterError(
            f"{VARIABLE}: {cluster.size} workers, among which only training is shared: start this "
            f"program once, without {VARIABLE}"
        )


def _rank(kinds: Mapping[str, list], task: Mapping[str, Any]) -> int:
    kind, index = task.get("type"), task.get("index")
    try:
        index = int(index)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError):
        index = -1
    if not isinstance(kind, str) or kind not in kinds or not 0 <= index < len(kinds[kind]):
        there = ", ".join(f"{kind} 0 to {len(of) - 1}" for kind, of in kinds.items())
        raise ClusterError(
            f"{VARIABLE}: this process is to be {kind} {task.get('index')}, and the cluster has "
            f"{there}"
        )
    return index + (len(kinds.get("chief", ())) if kind == "worker" else 0)


def _address(address: object) -> str:
    match = _ADDRESS.fullmatch(address) if isinstance(address, str) else None
    if match is None or not 0 < int(match[2]) < 65_536:
        raise ClusterError(f"{VARIABLE}: {address!r} is no address such as host-0:2222")
    return match[0]
