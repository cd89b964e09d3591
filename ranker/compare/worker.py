"""One worker of a comparison: a process, a core, and never longer than its parent.

It imports what is heavy only once its end is tied to the parent's, so that nothing of it is
left whenever the parent dies.
"""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import Connection

from ranker import start

_PR_SET_PDEATHSIG = 1  # of Linux's prctl(2)


def work(link: Connection, parent: int, *, primary: str) -> None:
    """Runs the settings that come over `link`, and sends back a run's columns, until it closes.

    Args:
      parent: the process that is to be outlived by no more than a moment.
      primary: of `TrialExecutor`.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # sent to the whole group; the parent ends us
    end_with(parent)
    start.quietly_load_tensorflow()
    from ranker.compare.trial_executor import on_one_core

    run = on_one_core(primary)
    while True:
        try:
            config = link.recv()
        except EOFError:
            return
        link.send(run(config))


def end_with(parent: int) -> None:
    """Ends this process as soon as `parent`, which started it, ends, however that ends.

    On Linux the kernel kills it. Everywhere a thread waits for the end of the pipe that the
    parent alone holds open: it acts within a long call of the graph too, which lets go of
    Python's lock.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # a C library without prctl
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before it could be asked for
        os._exit(1)
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
