"""The programs, run in forks of a process that has loaded TensorFlow, or as users do."""

import contextlib
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
_LOADED = [
    "ranker.job",
    "ranker.replay",
    "ranker.compare.experiment",
    "ranker.datasets",
    "benchmarks.warm",
]


class Ended(NamedTuple):
    """What came of a program.

    Attributes:
      code: its exit code, negative for a signal; None if it had to be killed for its time.
      out, err: what it said.
    """

    code: int | None
    out: str
    err: str


def warm_up() -> None:
    """Has the process that is forked load what the programs do, but start nothing."""
    os.environ |= {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "2"}
    multiprocessing.set_forkserver_preload(_LOADED)


def call(command: Sequence[str], folder: Path, *, limit: float, kill_after: int = 0) -> Ended:
    """Runs the program `command[0]` of `pipelines` in `folder`, in a fork.

    Args:
      command: its name and flags.
      limit: seconds until it is killed, with what it has started.
      kill_after: attempts whose checkpoint is the last thing that it does; 0 for no kill.
    """
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=_run, args=(list(command), folder, kill_after))
    process.start()
    process.join(limit)
    if process.exitcode is None:
        _kill(process)
        return Ended(None, *_said(folder))
    return Ended(process.exitcode, *_said(folder))


def call_cold(command: Sequence[str], folder: Path, *, limit: float) -> Ended:
    """Runs it as `python -m pipelines.<name>`, in a process of its own."""
    name, *flags = command
    with (folder / "out.txt").open("wb") as out, (folder / "err.txt").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", f"pipelines.{name}", *flags],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            code = None
    return Ended(code, *_said(folder))


def _said(folder: Path) -> tuple[str, str]:
    out, err = ((folder / name).read_text("utf-8", "replace") for name in ("out.txt", "err.txt"))
    return out, err


def _kill(process: BaseProcess) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid or 0, signal.SIGKILL)
    process.join()


def _run(command: list[str], folder: Path, kill_after: int) -> None:
    os.setsid()  # so that a kill ends also what it starts
    os.chdir(folder)
    for stream, name in ((1, "out.txt"), (2, "err.txt")):
        descriptor = os.open(name, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(descriptor, stream)
        os.close(descriptor)
    _forget_flags()
    if kill_after:
        _die_after(kill_after)
    name, *flags = command
    sys.argv = [f"pipelines/{name}.py", *flags]
    runpy.run_module(f"pipelines.{name}", run_name="__main__", alter_sys=True)


def _forget_flags() -> None:
    """Makes room for the program's flags: this fork has imported who started it, flags and all."""
    from absl import flags

    for flag in flags.FLAGS.flags_by_module_dict().get("__mp_main__", []):
        delattr(flags.FLAGS, flag.name)


def _die_after(attempt: int) -> None:
    from ranker import train

    save: Callable[..., None] = train.Checkpoints.save

    def save_and_die(self: train.Checkpoints, at: int, *args: object, **named: object) -> None:
        save(self, at, *args, **named)
        if at >= attempt:
            os._exit(128 + signal.SIGKILL)

    train.Checkpoints.save = save_and_die
