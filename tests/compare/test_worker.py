"""A worker ends with its parent, however that ends and whatever the worker is at."""

import itertools
import os
import signal
import subprocess
import sys

import pytest

IDLE = "link.recv()"
ASLEEP = "ctypes.CDLL(None).sleep(600)"
COUNTING = "import tensorflow as tf; loop = tf.function(lambda: tf.while_loop("
COUNTING += "lambda i: i >= 0, lambda i: (i + 1) % 9, [tf.constant(0)])); told(); loop()"
SCRIPT = """
import ctypes, multiprocessing, os, signal, sys
from ranker.compare import worker

def child(link, parent, platform):
    def told():
        print("at work", os.getpid(), flush=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ours, sys.platform = sys.platform, platform
    worker.end_with(parent)
    sys.platform = ours  # TensorFlow loads on no other
    told()
    {work}

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    context.Process(target=child, args=(theirs, os.getpid(), {platform!r})).start()
    theirs.close()
    sys.stdout.close()  # the worker alone holds it, so that its end is seen
    sys.stdin.readline()
    os._exit(5)
"""
ENDS = {
    "killed": lambda parent: parent.kill(),
    "terminated": lambda parent: parent.terminate(),
    "ends": lambda parent: parent.stdin.write("end\n"),
}


# How the parent ends is seen alike whatever the worker is at; TensorFlow takes long to load.
COUNTED = [
    pytest.param(platform, COUNTING, "killed", id=f"{platform}-counting", marks=pytest.mark.slow)
    for platform in ("linux", "another")
]


@pytest.mark.parametrize(
    ("platform", "work", "end"),
    [*itertools.product(("linux", "another"), (IDLE, ASLEEP), ENDS), *COUNTED],
)
def test_a_worker_ends_with_its_parent(tmp_path, work, platform, end):
    path = tmp_path / "parent.py"
    path.write_text(SCRIPT.format(work=work, platform=platform))
    parent = subprocess.Popen(
        [sys.executable, path],
        env=os.environ | {"PYTHONPATH": os.getcwd(), "CUDA_VISIBLE_DEVICES": ""},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    child = 0
    try:
        for _ in range(1 + (work == COUNTING)):
            said = parent.stdout.readline()
            assert said, "the worker ended by itself"
            child = int(said.split()[-1])
        ENDS[end](parent)
        # It holds standard output, so this waits for its end too.
        parent.communicate(timeout=120)
        child = 0
    finally:
        if child:
            os.kill(child, signal.SIGKILL)


def test_a_worker_whose_parent_is_gone_before_it_asks_does_not_begin():
    done = subprocess.run(
        [sys.executable, "-c", "from ranker.compare import worker; worker.end_with(1); print(1)"],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, b"")
