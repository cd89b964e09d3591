"""The programs, started as a user starts them."""

import os
import subprocess
import sys
from pathlib import Path

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
