"""Workers that are processes of this machine."""

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from ranker.compare.grid import Trial
from ranker.compare.pool import WorkerLostError

# What a worker process does: it runs the settings that come over a link, and sends back each
# run's columns, for as long as its parent, of that process id, is there.
Work = Callable[[Connection, int], None]
_MOMENT = 0.2  # seconds, after which a stop is seen


class Processes:
    """Starts a process for each worker; it ends with this one, however this one ends."""

    def __init__(self, work: Work) -> None:
        """Takes what a worker does, such as `ranker.compare.worker.work` with its metric."""
        self._work = work

    def start(self) -> "Process":
        """Returns a new process that waits for a trial."""
        return Process(self._work)

    def ready(self, workers: Sequence["Process"]) -> list["Process"]:
        """Returns those that have ended their trial or died; waits a moment for one."""
        links = wait([worker.link for worker in workers], timeout=_MOMENT)
        return [worker for worker in workers if worker.link in links]


class Process:
    """One process and the link to it."""

    def __init__(self, work: Work) -> None:
        context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
        self.link, theirs = context.Pipe()
        self._process = context.Process(target=work, args=(theirs, os.getpid()), daemon=True)
        self._process.start()
        theirs.close()

    def begin(self, trial: Trial) -> None:
        """Sends it a trial's settings."""
        with contextlib.suppress(OSError):  # it has died, which is seen when it is asked
            self.link.send(trial.config)

    def receive(self) -> dict[str, Any]:
        """Returns the columns that it has sent.

        Raises:
          WorkerLostError: if it died instead.
        """
        try:
            return self.link.recv()
        except (EOFError, OSError) as error:
            self._process.join()
            raise WorkerLostError(f"exit code {self._process.exitcode}") from error

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.is_alive()

    def end(self) -> None:
        """Kills it: between two trials it has nothing to finish either."""
        self._process.kill()
        self.link.close()
        self._process.join()
