"""TensorFlow's start: what is of no use is not said, and all else is."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Stands for TensorFlow's C++: it writes to the descriptor, and then may die of it.
SCRIPT = """
import os, re
from ranker import start
with start._filtered(re.compile(start._noise())):
    os.write(2, {said!r})
    {then}
os.write(2, b"after\\n")
"""
NOISE = {
    "logging": b"WARNING: All log messages before absl::InitializeLog() is called are written",
    "oneDNN": b"I0000 00:00:1.2   10516 port.cc:153] oneDNN custom operations are on. You may",
    "no driver": b"I0000 00:00:1.2  1 cudart_stub.cc:31] Could not find cuda drivers on your",
    "cuInit": b"E0000 00:00:1.2 1 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA",
}
OTHERS = {
    "an error": b"E0000 00:00:1.2 1 memory.cc:5] out of memory",
    "a fatal one": b"F0000 00:00:1.2 1 cpu_feature_guard.cc:1] compiled to use AVX512F",
    "a warning of Python's": b"UserWarning: oneDNN is old",
    "text": b"Traceback (most recent call last):",
}


def run(said, then="pass"):
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.format(said=said, then=then)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="a GPU's errors are to be seen")
@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
def test_what_is_of_no_use_is_not_said(noise):
    assert run(noise + b"\n").stderr == b"after\n"


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("end", [b"\n", b""])
def test_all_else_is_said(other, end):
    assert run(NOISE["oneDNN"] + b"\n" + other + end).stderr == other + end + b"after\n"


def test_what_a_crash_says_is_not_lost():
    done = run(b"F0000 it cannot run here", then="os.abort()")
    assert done.returncode < 0
    assert done.stderr == b"F0000 it cannot run here"


@pytest.mark.slow  # it loads TensorFlow
def test_tensorflow_starts_in_silence_and_its_threads_can_still_be_set():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from ranker.start import quietly_load_tensorflow\nquietly_load_tensorflow()\n"
            "from ranker.train import share_cores\nshare_cores()\n"
            "import tensorflow as tf\nprint(float(tf.zeros(())))",
        ],
        cwd=ROOT,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "0.0\n")
    assert not re.search(r"cuInit|oneDNN|absl::", done.stderr)
