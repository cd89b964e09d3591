"""The other workers, as one sees them: messages, and who has gone or fallen silent.

The chief is connected to all others, and they to it alone. A thread says every second that this
process lives, and hears it of the others; so it is known of one that is gone at once, and of one
that is frozen, or cut off, after a while: work that takes long is no silence.
"""

import contextlib
import json
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ranker import json_text
from ranker.workers.cluster import Cluster

_BEAT_SECONDS = 1.0
_GRACE_SECONDS = 10.0  # for who waits in an operation to come out of it by itself
_MOST_BYTES = 1 << 24  # of a message
_ALIVE = b"{}\n"


class LostError(RuntimeError):
    """A worker is gone, frozen or cut off; the message is one sentence."""


class RefusedError(ValueError):
    """A worker cannot train; the message is its own sentence."""


class Peers:
    """The others of a cluster, from when they have met until `close`.

    Attributes:
      cluster: as given.
      signal: the first signal that any of the others was sent, or None.
    """

    signal: int | None = None

    def __init__(
        self,
        cluster: Cluster,
        sockets: Mapping[int, socket.socket],
        *,
        timeout: float,
        on_stuck: Callable[[str], None] = lambda why: None,
    ) -> None:
        """Starts the thread.

        Args:
          sockets: connected ones, by the rank of who is there.
          timeout: seconds of silence after which a worker counts as lost.
          on_stuck: called by the thread if the process has not closed this 10 seconds after a
            worker was lost: it waits in an operation that nothing ends.
        """
        self.cluster = cluster
        self._sockets = dict(sockets)
        self._timeout = timeout
        self._on_stuck = on_stuck
        self._inbox: dict[int, queue.Queue[dict[str, Any]]] = {r: queue.Queue() for r in sockets}
        self._partial = dict.fromkeys(sockets, b"")
        self._heard = dict.fromkeys(sockets, time.monotonic())
        self._sending = threading.Lock()
        self._lost = ""
        self._left: set[int] = set()
        self._refused = ""
        self._is_closed = threading.Event()
        for each in self._sockets.values():
            each.settimeout(timeout)
        self._thread = threading.Thread(target=self._listen, name="peers", daemon=True)
        self._thread.start()

    @property
    def ranks(self) -> tuple[int, ...]:
        """Who is there."""
        return tuple(self._sockets)

    def send(self, message: Mapping[str, Any], *, to: int | None = None) -> None:
        """Sends a message that is not empty to one of them, or to all.

        Raises:
          LostError, RefusedError: as `check`.
        """
        self.check()
        line = json.dumps(message).encode() + b"\n"
        for rank in self.ranks if to is None else (to,):
            self._write(rank, line)
        self.check()

    def receive(self, rank: int, *, waiting: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Returns the next message of one of them, however long that takes it.

        Args:
          waiting: called before each look for it: at once, and several times a second.

        Raises:
          LostError, RefusedError: as `check`.
        """
        while True:
            waiting()
            with contextlib.suppress(queue.Empty):
                return self._inbox[rank].get(timeout=0.2)
            self.check()

    def check(self) -> None:
        """Raises RefusedError if one of them could not train, LostError if one is gone."""
        if self._refused:
            raise RefusedError(self._refused)
        if self._lost:
            raise LostError(self._lost)

    def blame(self, seconds: float) -> None:
        """Raises as `check` where an operation failed: for who is gone within so many seconds, or
        else for who has been silent for longer than between two signs of life; for nobody else."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check()
            time.sleep(0.05)
        rank = min(self._heard, key=lambda rank: self._heard[rank])
        if (silence := time.monotonic() - self._heard[rank]) > seconds:
            self._lose(rank, f"has been silent for {silence:.0f} seconds")
        self.check()

    def close(self) -> None:
        """Leaves the others; whoever was to be told something is told before."""
        self._is_closed.set()
        self._thread.join(2 * _BEAT_SECONDS)
        for each in self._sockets.values():
            each.close()

    def wait_until_left(self, seconds: float) -> None:
        """Waits until all others have left, at most so many seconds."""
        until = time.monotonic() + seconds
        while len(self._left) < len(self._sockets) and time.monotonic() < until:
            time.sleep(0.02)

    def _listen(self) -> None:
        lost_at = None
        with selectors.DefaultSelector() as selector:
            for rank, each in self._sockets.items():
                selector.register(each, selectors.EVENT_READ, rank)
            beat = time.monotonic()
            while not self._is_closed.is_set():
                for key, _ in selector.select(_BEAT_SECONDS / 4):
                    if not self._read(key.data):
                        selector.unregister(key.fileobj)
                now = time.monotonic()
                if now - beat >= _BEAT_SECONDS:
                    beat = now
                    self._beat(now)
                if self._lost and lost_at is None:
                    lost_at = now
                if lost_at is not None and now - lost_at > _GRACE_SECONDS:
                    return self._on_stuck(self._refused or self._lost)
        return None

    def _beat(self, now: float) -> None:
        for rank in self.ranks:
            self._write(rank, _ALIVE)
            if now - self._heard[rank] > self._timeout:
                self._lose(rank, f"has been silent for {self._timeout:.0f} seconds")

    def _read(self, rank: int) -> bool:
        """Takes what one of them sent; returns whether it is still there."""
        try:
            data = self._sockets[rank].recv(65_536)
        except OSError:
            data = b""
        self._heard[rank] = time.monotonic()
        *lines, self._partial[rank] = (self._partial[rank] + data).split(b"\n")
        for line in lines:
            try:
                self._take(rank, json_text.parse(line))
            except ValueError:
                data = b""
        if not data or len(self._partial[rank]) > _MOST_BYTES:
            self._lose(rank, "is gone")
            return False
        return True

    def _take(self, rank: int, message: dict[str, Any]) -> None:
        if "signal" in message:
            self.signal = self.signal or int(message["signal"])
        elif "refused" in message:
            self._refused = self._refused or str(message["refused"])
        elif message:
            self._inbox[rank].put(message)

    def _write(self, rank: int, line: bytes) -> None:
        try:
            with self._sending:
                self._sockets[rank].sendall(line)
        except OSError:
            self._lose(rank, "is gone")

    def _lose(self, rank: int, what: str) -> None:
        self._left.add(rank)
        if not self._lost:
            self._lost = (
                f"{self.cluster.name(rank)} {what}: stopped; the same command, on all workers, "
                "goes on from the last checkpoint"
            )
