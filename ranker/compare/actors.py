"""Workers that are actors of a Ray cluster: a core each, on any of its nodes."""

import dataclasses
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any
from urllib.parse import urlsplit

import ray
from ray._private import services  # no public name says where "auto" leads
from ray.exceptions import RayActorError, RayError, RayTaskError

from ranker.compare.grid import Trial
from ranker.compare.identity import Data
from ranker.compare.pool import HeadLostError, WorkerLostError
from ranker.compare.trial_executor import on_one_core
from ranker.files import environment
from ranker.spec.run import RunConfig

_AUTO = "auto"
_MOMENT = 0.2  # seconds, after which a stop is seen
_PATIENCE = 10.0  # seconds for a cluster to take a connection
_ASK_SECONDS = 5.0  # between two looks at the head, which Ray gives a minute and says nothing of


class Head:
    """The head of a cluster, for as long as it answers.

    Attributes:
      num_cores: of its cluster, when it was asked.
      is_lost: whether it was found not to answer: nothing of Ray may be called any more.
    """

    def __init__(self, address: str, num_cores: int) -> None:
        """Takes the "host:port" at which it has just answered."""
        self.num_cores = num_cores
        self.is_lost = False
        self._address = address
        self._asked = time.monotonic()

    def check(self, *, now: bool = False) -> None:
        """Raises HeadLostError if it takes no connection; asks it at most every 5 seconds.

        Args:
          now: whether it is asked in any case.
        """
        if not self.is_lost and not now and time.monotonic() - self._asked < _ASK_SECONDS:
            return
        try:
            _connect(self._address)
        except OSError as error:
            raise self.lost(error) from error
        self._asked = time.monotonic()

    def lost(self, error: OSError) -> HeadLostError:
        """Returns what to raise where it was found to be gone."""
        self.is_lost = True
        return HeadLostError(
            f"the head of the Ray cluster at {self._address} is gone: {_words(error)}: what is "
            "done is kept, and the same command goes on"
        )


@contextmanager
def connected(address: str) -> Iterator[Head]:
    """Connects this process to a cluster for as long as the block lasts; gives its head.

    Args:
      address: "host:port" of its head; "ray://host:port" from a machine that is none of its
        nodes; "" for `RAY_ADDRESS`, else for the cluster that this machine is a node of.

    Raises:
      ValueError: if none can be reached there.
      HeadLostError: if it is lost meanwhile.
    """
    said = address or os.environ.get("RAY_ADDRESS") or _AUTO
    before = signal.getsignal(signal.SIGTERM)
    try:
        found = _resolve(said)
        ray.init(address=found, log_to_driver=False, logging_level="error")
    except (OSError, RuntimeError, ValueError, RayError) as error:
        where = "here" if said == _AUTO else f"at {said}"
        raise ValueError(f"no Ray cluster can be reached {where}: {_words(error)}") from error
    finally:
        signal.signal(signal.SIGTERM, before)  # Ray's ends the process, and nothing is saved
    head = Head(found, int(ray.cluster_resources().get("CPU", 0)))
    try:
        with redirect_stdout(sys.stderr):  # where Ray prints that a worker died
            yield head
    except HeadLostError:
        raise
    except ConnectionError as error:  # of the client that ray:// means
        raise head.lost(error) from error
    finally:
        if not head.is_lost:
            ray.shutdown()


class Actors:
    """Starts an actor for each worker; within `connected`. Ray ends them with this process."""

    def __init__(self, head: Head, *, primary: str) -> None:
        """Takes the metric that says which evaluation is best, as `TrialExecutor` does."""
        self._head = head
        self._primary = primary
        self._packages = _packages()

    def start(self) -> "Actor":
        """Returns a new actor, which may wait for a free core.

        Raises:
          HeadLostError: if the head is gone.
        """
        self._head.check(now=True)
        return Actor(_Remote.remote(self._primary, self._packages), self._head)

    def ready(self, workers: Sequence["Actor"]) -> list["Actor"]:
        """Returns those that have ended their trial or died; waits a moment for one.

        Raises:
          HeadLostError: if the head is gone.
        """
        self._head.check()
        running = [worker.running for worker in workers]
        ended, _ = ray.wait(running, num_returns=len(running), timeout=_MOMENT)
        return [worker for worker in workers if worker.running in ended]


class Actor:
    """One actor, and the trial that it runs."""

    running: Any

    def __init__(self, remote: Any, head: Head) -> None:
        """Takes Ray's handle of a `Runner`."""
        self._remote = remote
        self._head = head
        self._is_lost = False

    def begin(self, trial: Trial) -> None:
        """Sends it a trial, with its data's path as this machine has it."""
        path = os.path.abspath(trial.config.data.path)  # it works in another directory
        data = dataclasses.replace(trial.config.data, path=path)
        config = dataclasses.replace(trial.config, data=data)
        self.running = self._remote.run.remote(dataclasses.replace(trial, config=config))

    def receive(self) -> dict[str, Any]:
        """Returns the columns that it has sent.

        Raises:
          WorkerLostError: if it, or its node, died instead.
          ValueError: if its node cannot run this, and says why.
          HeadLostError: if the head is gone.
        """
        try:
            found = ray.get(self.running)
        except RayTaskError as error:  # a run that raises gives columns: this is before any
            raise ValueError(_cannot_load(error)) from error
        except RayActorError as error:
            if error.actor_init_failed:
                raise ValueError(_cannot_load(error)) from error
            raise self._lost(error) from error
        except RayError as error:
            raise self._lost(error) from error
        if isinstance(found, str):
            raise ValueError(found)
        return found

    def is_alive(self) -> bool:
        """Whether nothing is known of its death."""
        return not self._is_lost

    def end(self) -> None:
        """Has Ray kill it; it ends with its cluster, too."""
        if not self._head.is_lost:
            ray.kill(self._remote)

    def _lost(self, error: RayError) -> WorkerLostError:
        self._is_lost = True
        self._head.check(now=True)  # before a new one is asked of it
        said = (str(error).splitlines() or [""])[0]
        return WorkerLostError(f"{type(error).__name__}: {said}")


class Runner:
    """What an actor is: it runs the trials that come, one after the other, on one core."""

    def __init__(self, primary: str, packages: Mapping[str, Any]) -> None:
        """Takes the metric of `Actors`, and the versions of the packages where it was started."""
        self._primary = primary
        self._packages = packages
        self._data = Data()
        self._run: Callable[[RunConfig], dict[str, Any]] | None = None

    def run(self, trial: Trial) -> dict[str, Any] | str:
        """Returns a run's columns; or a sentence, if they would not be those of another node."""
        if unlike := _differences(self._packages, _packages()):
            return f"{_node()} has {unlike}: install the same on every node"
        path = trial.config.data.path
        try:
            (here,) = self._data.name([trial])
        except (OSError, ValueError) as error:
            said = _words(error)
            return f"{_node()} cannot read {path}: {said}: put the data where every node has them"
        if here.data != trial.data:
            return f"{_node()} has other data in {path}: put the same there on every node"
        if self._run is None:
            self._run = on_one_core(self._primary)
        return self._run(trial.config)


_Remote = ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(Runner)


def _resolve(address: str) -> str:
    """Returns where Ray would ask, once somebody answers there.

    Ray itself asks again for ten minutes. It also leads "auto" to the last cluster of this
    machine, which may be gone, and 127.0.0.1 to this machine's other address.
    """
    if address != _AUTO:
        _connect(address)
    if "://" in address:
        return address
    found = services.canonicalize_bootstrap_address(address)
    _connect(found)
    return found


def _connect(address: str) -> None:
    """Raises OSError if nobody listens there, ValueError for what is no address."""
    found = urlsplit(address if "://" in address else f"//{address}")
    if not found.hostname or not found.port:
        raise ValueError(f"an address is host:port, got {address!r}")
    socket.create_connection((found.hostname, found.port), timeout=_PATIENCE).close()


def _cannot_load(error: RayError) -> str:
    said = [line for line in str(error).splitlines() if line.strip()]
    return f"a node of the cluster cannot load what runs need: {said[-1].strip()}"


def _packages() -> dict[str, Any]:
    """Returns the versions that a run's numbers depend on."""
    found = environment(seed=0, command=[])
    return found["packages"] | {"ranker": found["version"]}


def _differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Returns "numpy 2.4.1 and not 2.4.6" for each that differs."""
    unlike = [name for name in wanted if wanted[name] != found.get(name)]
    return ", ".join(f"{name} {found.get(name)} and not {wanted[name]}" for name in unlike)


def _node() -> str:
    return f"node {ray.util.get_node_ip_address()}"


def _words(error: BaseException) -> str:
    """Returns on one line what an error says, without the number that the system gives it."""
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(said.split())
