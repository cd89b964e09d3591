"""Workers of this machine alone, for a trial: `ranker train --workers=N` starts them."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence

from ranker.cli import program
from ranker.workers.cluster import VARIABLE

_FLAG = "--workers"


def start(num: int) -> int:
    """Runs this program in `num` processes that train together; returns the chief's exit code.

    A signal is passed on to all of them. Each has its share of the cores.
    """
    if os.environ.get(VARIABLE, "").strip():
        return program.refuse(f"{_FLAG}={num}: {VARIABLE} names workers already; leave one out")
    there = addresses(num)
    command = [sys.executable, "-m", "ranker", "train", *_others(sys.argv[1:])]
    children = [subprocess.Popen(command, env=_environment(there, rank)) for rank in range(num)]

    def pass_on(number: int, _: object) -> None:
        for child in children:
            child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, pass_on)
    codes = [child.wait() for child in children]
    return next((code if code > 0 else 128 - code for code in codes if code), 0)


def _others(flags: Sequence[str]) -> list[str]:
    """Returns the flags without that of the workers, however it is written."""
    found, is_value = [], False
    for flag in flags:
        name = "--" + flag.lstrip("-").partition("=")[0] if flag.startswith("-") else flag
        if not is_value and name != _FLAG:
            found.append(flag)
        is_value = not is_value and flag.lstrip("-") == _FLAG.lstrip("-")
    return found


def _environment(addresses: Sequence[str], rank: int) -> dict[str, str]:
    task = {"type": "worker", "index": rank}
    cluster = {"cluster": {"worker": list(addresses)}, "task": task}
    cores = len(os.sched_getaffinity(0))
    threads = {
        "TF_NUM_INTRAOP_THREADS": str(max(1, cores // (2 * len(addresses)))),
        "TF_NUM_INTEROP_THREADS": str(min(2, cores)),
    }
    return {**threads, **os.environ, VARIABLE: json.dumps(cluster)}


def addresses(num: int) -> list[str]:
    """Returns addresses on this machine that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(num)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
