"""Worker processes that stay warm: each compiles a graph once and runs all of its trials."""

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Generator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

from ranker.compare import results
from ranker.compare.grid import Trial

# What a worker process does: it runs the settings that come over a link, and sends back each
# run's columns, for as long as its parent, of that process id, is there.
Work = Callable[[Connection, int], None]


class Done(NamedTuple):
    """A trial and the measured columns of its row."""

    trial: Trial
    columns: dict[str, Any]


class _Worker(NamedTuple):
    process: BaseProcess
    link: Connection


def run_trials(
    trials: Sequence[Trial],
    *,
    work: Work,
    num_workers: int,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Generator[Done, None, None]:
    """Yields each trial as it is done, in no certain order.

    A trial that raises is done as "failed". One whose process dies is tried once more, in a
    new process, since what was killed may be whole; the second time it is "failed" too.
    When `is_stopping`, no new trial is begun and those that run are given up. Workers end
    with this process, however it ends.

    Args:
      work: what a worker does, such as `ranker.compare.worker.work` with its metric.
    """
    waiting = _Waiting(trials)
    lost: set[str] = set()  # keys of those whose process died once
    running: dict[Connection, tuple[_Worker, Trial]] = {}
    try:
        for _ in range(min(num_workers, len(trials))):
            _begin(_start(work), waiting.take(""), running)
        while running and not is_stopping():
            ready = wait(list(running), timeout=0.2)
            for link in [link for link in running if link in ready]:
                worker, trial = running.pop(link)
                columns = _receive(worker)
                if columns is None and trial.key not in lost:
                    lost.add(trial.key)
                    waiting.put_back(trial)
                else:
                    yield Done(trial, _died(worker, trial) if columns is None else columns)
                following = waiting.take(trial.graph_signature)
                if following is None or is_stopping():
                    _end(worker)
                    continue
                alive = worker if worker.process.is_alive() else _start(work)
                _begin(alive, following, running)
    finally:
        for worker, _ in running.values():
            worker.process.kill()
            _end(worker)


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


def _start(work: Work) -> _Worker:
    context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, os.getpid()), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _begin(
    worker: _Worker, trial: Trial | None, running: dict[Connection, tuple[_Worker, Trial]]
) -> None:
    if trial is not None:
        with contextlib.suppress(OSError):  # it has died, which is seen when it is asked
            worker.link.send(trial.config)
        running[worker.link] = (worker, trial)


def _receive(worker: _Worker) -> dict[str, Any] | None:
    """Returns what a worker has sent; None if it died."""
    try:
        return worker.link.recv()
    except (EOFError, OSError):
        _end(worker)
        return None


def _died(worker: _Worker, trial: Trial) -> dict[str, Any]:
    code = worker.process.exitcode
    return results.failed(
        RuntimeError(f"the worker of run {trial.key} died twice, exit code {code}")
    )


def _end(worker: _Worker) -> None:
    worker.link.close()  # which ends its loop
    worker.process.join()
