"""The programs, started as users start them; or warm, where the start is not what counts."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

from benchmarks import warm

ROOT = Path(__file__).parents[2]


def start(name: str, *flags: object, limit: str = "") -> subprocess.Popen:
    """Starts `pipelines.<name>`.

    Args:
      limit: for bash's `ulimit`, "-f 8"; "" for none.
    """
    command = [sys.executable, "-m", f"pipelines.{name}", *map(str, flags)]
    if limit:
        command = ["bash", "-c", f'ulimit {limit}; exec "$0" "$@"', *command]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen) -> tuple[int, str, str]:
    """Waits for its end; returns the exit code and what it said on both."""
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def call(name: str, *flags: object, limit: str = "") -> tuple[int, str, str]:
    """Runs `pipelines.<name>` to its end; returns the exit code and what it said on both."""
    return finish(start(name, *flags, limit=limit))


def call_warm(name: str, *flags: object) -> tuple[int | None, str, str]:
    """Runs it like `call`, in a fork of a process that has loaded TensorFlow: seconds less.

    The current folder is an empty one. `python -m benchmarks.corruption --cold=9` shows that a
    program says the same cold.
    """
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ):
        warm.warm_up()
        return warm.call([name, *map(str, flags)], Path(folder), limit=300)
