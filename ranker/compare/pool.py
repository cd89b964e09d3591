"""Workers that stay warm: each compiles a graph once and runs all of its trials."""

from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple, Protocol

from ranker.compare.failure import failed
from ranker.compare.grid import Trial


class WorkerLostError(Exception):
    """A worker that ended before its run did; says how."""


class HeadLostError(ConnectionError):
    """The cluster that the workers are of does not answer any more; the message is one sentence.

    Its library may end this process soon, and any call of it may: whoever takes this ends first.
    """


class Worker(Protocol):
    """Runs one trial after the other, on one core. Each instance is its own key in a dict."""

    def begin(self, trial: Trial) -> None:
        """Hands it a trial and returns at once; that it has died is seen by `receive`."""

    def receive(self) -> dict[str, Any]:
        """Returns the measured columns of the trial that it has ended.

        Raises:
          WorkerLostError: saying how; it has to be replaced.
          ValueError: for what no other worker could do better; the comparison has to stop.
          HeadLostError: as `Workers.ready`.
        """
        ...

    def is_alive(self) -> bool:
        """Whether another trial can be begun, as far as is known."""
        ...

    def end(self) -> None:
        """Ends it, whatever it is at, and waits for that."""


class Workers(Protocol):
    """Where workers come from: processes of this machine, or actors of a cluster."""

    def start(self) -> Worker:
        """Returns a new worker; it may take its time to load what is heavy.

        Raises:
          HeadLostError: as `ready`.
        """
        ...

    def ready(self, workers: Sequence[Any]) -> Sequence[Worker]:
        """Returns those of `workers` that have ended their trial or died; waits a moment.

        Raises:
          HeadLostError: if what they are of is gone.
        """
        ...


class Done(NamedTuple):
    """A trial and the measured columns of its row."""

    trial: Trial
    columns: dict[str, Any]


def run_trials(
    trials: Sequence[Trial],
    *,
    workers: Workers,
    num_workers: int,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Generator[Done, None, None]:
    """Yields each trial as it is done, in no certain order.

    A trial that raises is done as "failed". One whose worker dies is tried once more, in a
    new worker, since what was killed may be whole; the second time it is "failed" too.
    When `is_stopping`, no new trial is begun and those that run are given up. Workers end
    with this process, however it ends.

    Raises:
      ValueError: of a worker, for what no other could do better.
      HeadLostError: of `workers`.
    """
    waiting = _Waiting(trials)
    lost: set[str] = set()  # keys of those whose worker died once
    running: dict[Worker, Trial] = {}

    def begin(worker: Worker, trial: Trial) -> None:
        running[worker] = trial
        worker.begin(trial)

    try:
        while len(running) < num_workers and (first := waiting.take("")):
            begin(workers.start(), first)
        while running and not is_stopping():
            for worker in workers.ready(list(running)):
                trial = running[worker]
                columns = _receive(worker, trial, lost)
                if columns is None:
                    waiting.put_back(trial)
                else:
                    yield Done(trial, columns)
                del running[worker]
                following = waiting.take(trial.graph_signature)
                if following is None or is_stopping():
                    worker.end()
                elif worker.is_alive():
                    begin(worker, following)
                else:
                    worker.end()
                    begin(workers.start(), following)
    finally:
        for worker in running:
            worker.end()


def _receive(worker: Worker, trial: Trial, lost: set[str]) -> dict[str, Any] | None:
    """Returns the columns of a trial that is done; None if its worker died for the first time."""
    try:
        return worker.receive()
    except WorkerLostError as death:
        if trial.key not in lost:
            lost.add(trial.key)
            return None
        return failed(RuntimeError(f"the worker of run {trial.key} died twice, {death}"))


class _Waiting:
    """The trials not begun yet, by graph, so that a worker keeps the step it has compiled."""

    def __init__(self, trials: Sequence[Trial]) -> None:
        self._by_signature: dict[str, list[Trial]] = {}
        for trial in trials:
            self._by_signature.setdefault(trial.graph_signature, []).append(trial)
        self._is_begun: set[str] = set()

    def take(self, graph_signature: str) -> Trial | None:
        """Returns the next trial of that graph, else of one not begun, else of the fullest."""
        left = {name: trials for name, trials in self._by_signature.items() if trials}
        if not left:
            return None
        chosen = graph_signature
        if chosen not in left:
            fresh = [name for name in left if name not in self._is_begun]
            chosen = fresh[0] if fresh else max(left, key=lambda name: len(left[name]))
        self._is_begun.add(chosen)
        return left[chosen].pop(0)

    def put_back(self, trial: Trial) -> None:
        """Makes `trial` the next one of its graph."""
        self._by_signature[trial.graph_signature].insert(0, trial)
