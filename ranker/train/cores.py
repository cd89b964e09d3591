"""How operations share the cores."""

import os

import tensorflow as tf

_VARIABLES = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def share_cores() -> None:
    """Has TensorFlow run two operations side by side, each on half of the cores.

    Experts, towers and tables wait for nothing of each other, and on two cores a step took
    .80 to .92 of the time that it took with every operation on both (`benchmarks.speed`).
    Does nothing where the environment has TF_NUM_INTRAOP_THREADS or TF_NUM_INTEROP_THREADS.

    Raises:
      RuntimeError: if TensorFlow has computed something before, and so has its threads.
    """
    if any(os.environ.get(name) for name in _VARIABLES):
        return
    num_cores = len(os.sched_getaffinity(0))
    tf.config.threading.set_intra_op_parallelism_threads(max(1, num_cores // 2))
    tf.config.threading.set_inter_op_parallelism_threads(min(2, num_cores))
