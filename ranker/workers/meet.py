"""How the workers of a run find each other, and see that they are of one run, before they train."""

import contextlib
import errno
import json
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from ranker import json_text
from ranker.workers.cluster import VARIABLE, Cluster, ClusterError
from ranker.workers.peers import LostError, Peers, RefusedError

_MOST_BYTES = 1 << 16
_HELLO_SECONDS = 5.0


def meet(
    cluster: Cluster,
    about: Mapping[str, str],
    *,
    wait: float,
    timeout: float,
    say: Callable[[str], None] = lambda line: None,
    on_stuck: Callable[[str], None] = lambda why: None,
) -> Peers:
    """Returns the connections, once every worker is there and says the same of the run.

    They meet at the chief's address, which is free again afterwards.

    Args:
      about: what must be equal on all of them, by what it is called.
      wait: seconds to wait for all others.
      timeout, on_stuck: as of `Peers`.
      say: takes a line while it waits.

    Raises:
      ClusterError: if the chief cannot listen at its address.
      RefusedError: if one is of another cluster, or of another run, naming in what.
      LostError: if not all were there in time, naming who was missing.
    """
    hello = {"rank": cluster.rank, "addresses": list(cluster.addresses), "about": dict(about)}
    until = time.monotonic() + wait
    if cluster.is_chief:
        sockets = _gather(cluster, hello, until, wait, say)
    else:
        sockets = {0: _call(cluster, hello, until, wait, say)}
    return Peers(cluster, sockets, timeout=timeout, on_stuck=on_stuck)


def _gather(
    cluster: Cluster,
    hello: Mapping[str, Any],
    until: float,
    wait: float,
    say: Callable[[str], None],
) -> dict[int, socket.socket]:
    """Returns the connections of the others by rank; all are told to begin, or why not."""
    found: dict[int, socket.socket] = {}
    with _listener(cluster) as listener:
        said = False
        while len(found) < cluster.size - 1:
            missing = [r for r in range(1, cluster.size) if r not in found]
            if time.monotonic() > until:
                names = ", ".join(cluster.name(rank) for rank in missing)
                _end(found, problem := _late(names, wait), is_refused=False)
                raise LostError(problem)
            listener.settimeout(0.5)
            try:
                other, _ = listener.accept()
            except TimeoutError:
                if not said:
                    said = True
                    say(f"Waiting for {len(missing)} of {cluster.size - 1} other workers")
                continue
            theirs = _read_line(other)
            if theirs is None or "rank" not in theirs:  # whoever it is, it is no worker
                other.close()
                continue
            if problem := _difference(cluster, hello, theirs, found):
                _end({**found, -1: other}, problem, is_refused=True)
                raise RefusedError(problem)
            found[int(theirs["rank"])] = other
    for each in found.values():
        with contextlib.suppress(OSError):  # one that is gone is noticed soon
            each.sendall(b'{"begin": true}\n')
    return found


def _listener(cluster: Cluster) -> socket.socket:
    """Returns what listens at the chief's address; on every interface if that is not its own."""
    host, port = cluster.host_and_port(0)
    is_v6 = ":" in host
    listener = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET)
    try:
        # TensorFlow listens at the same port next, while these connections last.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(listener, "" if _is_loopback_for_others(cluster) else host, port)
        listener.listen(cluster.size)
    except OSError as error:
        listener.close()
        raise ClusterError(
            f"{cluster.addresses[0]}: the chief cannot listen at port {port}: {error.strerror}"
        ) from error
    return listener


def _bind(listener: socket.socket, host: str, port: int) -> None:
    """Binds to a host's address, or to all: a service's, or a router's, is not this machine's."""
    try:
        listener.bind((host, port))
    except OSError as error:
        if not isinstance(error, socket.gaierror) and error.errno != errno.EADDRNOTAVAIL:
            raise
        listener.bind(("", port))


def _is_loopback_for_others(cluster: Cluster) -> bool:
    """Whether the chief's name is loopback here, as Debian names a host, but not to the others."""
    hosts = [cluster.host_and_port(rank)[0] for rank in range(cluster.size)]
    try:
        return len(set(hosts)) > 1 and socket.gethostbyname(hosts[0]).startswith("127.")
    except OSError:  # it is no IPv4 name
        return False


def _call(
    cluster: Cluster,
    hello: Mapping[str, Any],
    until: float,
    wait: float,
    say: Callable[[str], None],
) -> socket.socket:
    """Returns a connection to the chief, once it says that all are there."""
    said = False
    while True:
        chief, answer = _ask(cluster, hello, until)
        if chief is not None and answer is not None and "begin" in answer:
            return chief
        if chief is not None:
            chief.close()
        if answer is not None:
            if problem := answer.get("refused"):
                raise RefusedError(problem)
            raise LostError(str(answer.get("lost")))
        if time.monotonic() > until:
            raise LostError(_late(cluster.name(0), wait))
        if not said:
            said = True
            say(f"Waiting for {cluster.name(0)}")
        time.sleep(0.25)


def _ask(
    cluster: Cluster, hello: Mapping[str, Any], until: float
) -> tuple[socket.socket | None, dict | None]:
    """Returns a connection to the chief and its answer; None each where there is none."""
    try:
        chief = socket.create_connection(cluster.host_and_port(0), timeout=_HELLO_SECONDS)
        chief.sendall(json.dumps(hello).encode() + b"\n")
    except OSError:
        return None, None
    # The chief answers once all are there; a run before this one, which ends just now, does not.
    return chief, _read_line(chief, seconds=until - time.monotonic() + _HELLO_SECONDS)


def _difference(
    cluster: Cluster,
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    found: Mapping[int, socket.socket],
) -> str:
    """Returns in what a worker is not of this run, "" if in nothing."""
    rank = theirs["rank"]
    if theirs.get("addresses") != ours["addresses"]:
        return (
            f"{VARIABLE}: the chief has the cluster {', '.join(ours['addresses'])}, and another "
            f"worker says {', '.join(map(str, theirs.get('addresses') or ()))}: give all the same"
        )
    is_there = rank in found and _is_open(found[rank])
    if not isinstance(rank, int) or not 0 < rank < cluster.size or is_there:
        return f"{VARIABLE}: two processes are worker {rank} of {cluster.size}: give each its own"
    their = theirs.get("about") or {}
    for what, value in ours["about"].items():
        if their.get(what) != value:
            return (
                f"{cluster.name(rank)} has {what} {their.get(what)}, the chief {value}: start all "
                "with the same"
            )
    return ""


def _is_open(other: socket.socket) -> bool:
    """Returns whether who has sent nothing more is still there; it may have been started again."""
    try:
        other.setblocking(False)
        return bool(other.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return True
    except OSError:
        return False


def _read_line(other: socket.socket, *, seconds: float = _HELLO_SECONDS) -> dict | None:
    """Returns the JSON object that somebody sends on a line; None for anything else."""
    line, until = b"", time.monotonic() + seconds
    try:
        while not line.endswith(b"\n") and len(line) < _MOST_BYTES:
            other.settimeout(max(0.01, until - time.monotonic()))
            data = other.recv(1)  # what follows the line is not for here
            if not data:
                return None
            line += data
        found = json_text.parse(line)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _end(sockets: Mapping[int, socket.socket], problem: str, *, is_refused: bool) -> None:
    answer = {"refused" if is_refused else "lost": problem}
    for each in sockets.values():
        with contextlib.suppress(OSError):
            each.sendall(json.dumps(answer).encode() + b"\n")
        each.close()


def _late(names: str, wait: float) -> str:
    return f"{names}: not there after {wait:.0f} seconds: start all workers, or raise --worker_wait"
