"""Workers of this machine alone, for a trial: `ranker train --workers=N` starts them."""

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ranker.cli import program
from ranker.workers.cluster import VARIABLE

_FLAG = "--workers"
_GPUS = "CUDA_VISIBLE_DEVICES"


def start(num: int) -> int:
    """Runs this program in `num` processes that train together; returns the chief's exit code.

    A signal is passed on to all of them. Each has its share of the cores, and a GPU of its own if
    there are any.
    """
    if os.environ.get(VARIABLE, "").strip():
        return program.refuse(f"{_FLAG}={num}: {VARIABLE} names workers already; leave one out")
    devices = gpus(os.environ)
    if 0 < len(devices) < num:
        return program.refuse(
            f"{_FLAG}={num}: {len(devices)} GPUs here: take {len(devices)} workers at most, or "
            f"{_GPUS}= to leave them out"
        )
    there = addresses(num)
    command = [sys.executable, "-m", "ranker", "train", *_others(sys.argv[1:])]
    environments = [environment(there, rank) for rank in range(num)]
    for each, device in zip(environments, devices, strict=False):
        each[_GPUS] = device
    children = [subprocess.Popen(command, env=each) for each in environments]

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


def environment(addresses: Sequence[str], rank: int) -> dict[str, str]:
    """Returns the environment of the worker of that rank."""
    task = {"type": "worker", "index": rank}
    cluster = {"cluster": {"worker": list(addresses)}, "task": task}
    cores = len(os.sched_getaffinity(0))
    threads = {
        "TF_NUM_INTRAOP_THREADS": str(max(1, cores // (2 * len(addresses)))),
        "TF_NUM_INTEROP_THREADS": str(min(2, cores)),
    }
    return {**threads, **os.environ, VARIABLE: json.dumps(cluster)}


def gpus(environment: Mapping[str, str], devices: Path = Path("/dev")) -> list[str]:
    """Returns the names of the GPUs that may be used, in their order; without asking CUDA."""
    there = [str(index) for index, _ in enumerate(devices.glob("nvidia[0-9]*"))]
    given = environment.get(_GPUS)
    if given is None or not there:
        return there
    names = [name.strip() for name in given.split(",")]
    return list(itertools.takewhile(lambda name: name not in ("", "-1"), names))  # as CUDA reads it


def addresses(num: int) -> list[str]:
    """Returns addresses on this machine that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(num)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
