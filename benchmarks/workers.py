"""What a step costs more on several workers: sums over them, by how much goes out.

Starts 2 and then 4 processes on this machine, or as many as `--sizes` says, which sum gradients of
several sizes in four exchanges: two weights, the dense numbers, the numbers of rows, and the rows.
(A step has one more, of the losses, and a detector one.) Fits seconds = latency + bytes * (seconds
a byte). Then says what more workers would take on a network alone, of that latency and bandwidth:

    python -m benchmarks.workers
    python -m benchmarks.workers --sizes=2,4 --network_latency=5e-5 --network_bytes=1.25e9

On fewer cores than processes the seconds are those of processes that wait for each other. Exit
code 1 if a process ended before it had measured.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from absl import app, flags

from ranker.cli.local import addresses
from ranker.workers import VARIABLE, Cluster, meet

_SIZES = flags.DEFINE_list("sizes", ["2", "4"], "How many processes, one measurement each.")
_STEPS = flags.DEFINE_integer("steps", 100, "Sums timed at each size.")
_LATENCY = flags.DEFINE_float("network_latency", 5e-5, "Of a message, in seconds; for paper.")
_BYTES = flags.DEFINE_float("network_bytes", 1.25e9, "A second, of each worker; for paper.")
_RANK = flags.DEFINE_integer("rank", -1, "Of a process that this program started.")

# Numbers of a dense gradient, and rows of 32 of a table, that each worker has.
DENSE = (1_000, 100_000, 1_000_000, 4_000_000)
ROWS = (100, 3_000, 30_000)
_WIDTH = 32
_FEW = 1_000  # numbers that go out beside the rows, or rows' worth of nothing beside the numbers


def main(_: Sequence[str]) -> None:
    """Measures, and prints a table of Markdown."""
    if _RANK.value >= 0:
        return _work(json.loads(os.environ[VARIABLE]))
    found = {int(size): _measured(int(size)) for size in _SIZES.value}
    print("| workers | what goes out of each | bytes | milliseconds, median | tenth of ten |")
    print("|---|---|---|---|---|")
    for size, results in found.items():
        for what, num_bytes, median, worst in results:
            print(f"| {size} | {what} | {num_bytes:,} | {median * 1e3:.1f} | {worst * 1e3:.1f} |")
    for size, results in found.items():
        for kind in ("numbers", "rows"):
            of_kind = [(b, median) for what, b, median, _ in results if what.endswith(kind)]
            num_bytes, seconds = np.array(of_kind).T
            slope, latency = np.polyfit(num_bytes, seconds, 1)
            print(f"\n{size} workers, {kind}: {latency * 1e3:.2f} ms + {slope * 1e9:.3f} ns a byte")
    _on_paper()
    return None


def _on_paper() -> None:
    """Prints what a ring takes on a network alone: 100,000 numbers, and 3,000 rows a worker."""
    dense, rows = 100_000 * 4, 3_000 * 4 * (_WIDTH + 1)
    print(
        f"\nOn paper, {_LATENCY.value * 1e6:.0f} us a message, {_BYTES.value:.3g} bytes a second:"
    )
    for size in (2, 4, 8, 64, 512):
        waits = (2 + 3) * (size - 1) * _LATENCY.value  # weights and sums; lengths, rows, columns
        moved = 2 * dense * (size - 1) / size + rows * (size - 1)
        of_bytes = moved / _BYTES.value
        print(f"{size} workers: {waits * 1e3:.2f} ms of waiting, {of_bytes * 1e3:.2f} of bytes")


def _measured(size: int) -> list[tuple[str, int, float, float]]:
    there = addresses(size)
    command = [sys.executable, "-m", "benchmarks.workers", f"--steps={_STEPS.value}"]
    processes = []
    for rank in range(size):
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
        task = {"type": "worker", "index": rank}
        environment[VARIABLE] = json.dumps({"cluster": {"worker": there}, "task": task})
        each = [*command, f"--rank={rank}"]
        processes.append(subprocess.Popen(each, env=environment, stdout=subprocess.PIPE, text=True))
    said = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        sys.exit(f"{size} workers: one ended before it had measured")
    return [tuple(one) for one in json.loads(said[0].splitlines()[-1])]


def _work(config: dict) -> None:
    cluster = Cluster(tuple(config["cluster"]["worker"]), config["task"]["index"])
    peers = meet(cluster, {}, wait=300.0, timeout=300.0, on_stuck=lambda why: os._exit(1))
    import tensorflow as tf

    from ranker.train.collective import Collectives

    tf.distribute.MultiWorkerMirroredStrategy()
    collectives = Collectives(cluster.size, cluster.rank)
    sizes = [(f"{num:,} numbers", num, 1) for num in DENSE]
    sizes += [(f"{num:,} rows", _FEW, num) for num in ROWS]
    found = []
    for what, numbers, rows in sizes:
        dense, values = tf.ones([numbers]), tf.ones([rows, _WIDTH])
        ids = tf.range(rows) * 2 + cluster.rank  # half of them are another worker's too
        part = tf.IndexedSlices(values, ids, tf.constant([10_000_000, _WIDTH]))

        @tf.function(autograph=False)
        def step(dense=dense, part=part):
            weights = cast("Any", collectives([tf.ones([2])])[0])
            total, slices = cast("Any", collectives([dense * weights[0], part]))
            return tf.reduce_sum(total) + tf.reduce_sum(slices.values)

        seconds = []
        for _ in range(_STEPS.value + 3):
            began = time.perf_counter()
            step().numpy()
            seconds.append(time.perf_counter() - began)
        seconds = sorted(seconds[3:])
        num_bytes = 4 * numbers + 4 * rows * (_WIDTH + 1)
        worst = seconds[int(0.9 * len(seconds))]
        found.append((what, num_bytes, statistics.median(seconds), worst))
        if cluster.is_chief:
            print(f"{cluster.size} workers, {what}: {found[-1][2]:.3f} s", file=sys.stderr)
    print(json.dumps(found), flush=True)
    peers.close()


if __name__ == "__main__":
    app.run(main)
