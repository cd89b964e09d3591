"""Two traps of Clippy, on a real run: `python -m benchmarks.clippy_traps`.

One: in the standard order an Adagrad update is at most the learning rate, so at rates up to
the absolute threshold Clippy does nothing, bit for bit. Two: a variable has one factor, so
its worst coordinate decides for all the others, however many need no clipping. Both are
shown on the first epoch of a configuration, at rates below, at and above the threshold.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from absl import flags
from tqdm import tqdm

from ranker import wiring
from ranker.cli import program
from ranker.input import Batch
from ranker.spec import load
from ranker.spec.clip import Clippy
from ranker.spec.run import RunConfig

_CONFIG = flags.DEFINE_string("config", "configs/divergence_clippy.toml", "A run with Clippy.")
_RATES = flags.DEFINE_list("rates", ["0.005", "0.01", "0.05", "0.1", "0.4"], "Of the dense part.")
_ATTEMPTS = flags.DEFINE_integer("attempts", 158, "Of each run.", lower_bound=1)
_ALONE = "0.001"  # of a variable's coordinates: so few above their bounds decide for the rest


class _Seen(NamedTuple):
    """Of each attempt and dense variable: the factor, and what it would be clipped for."""

    factors: np.ndarray
    shares_above: np.ndarray
    largest: float


def main(argv: Sequence[str]) -> int:
    """Prints a row for each rate; returns the exit code."""
    del argv
    print(
        "rate | largest dense update | attempts clipped | mean factor | clipped variables in "
        f"which at most {float(_ALONE):.1%} of the coordinates are above their bounds | "
        "equal to no clipper, bit for bit"
    )
    for rate in tqdm(_RATES.value, unit=" rates"):
        seen, trained = _train(rate, [])
        _, plain = _train(rate, ["clip=[]"])
        same = all(np.array_equal(a, b) for a, b in zip(trained, plain, strict=True))
        tqdm.write(_row(rate, seen, same=same))
    return 0


def _row(rate: str, seen: _Seen, *, same: bool) -> str:
    is_clipped = seen.factors < 1
    alone = (seen.shares_above <= float(_ALONE))[is_clipped]
    share = f"{alone.mean():.0%}" if alone.size else "-"
    return (
        f"{rate} | {seen.largest:.4g} | {is_clipped.any(axis=1).mean():.0%} | "
        f"{seen.factors.mean():.3f} | {share} | {'yes' if same else 'no'}"
    )


def _train(rate: str, settings: Sequence[str]) -> tuple[_Seen, list[np.ndarray]]:
    """Returns what was seen, and the dense variables at the end."""
    overrides = [f"optimizer.dense.learning_rate={rate}", *settings]
    config = load.load(Path(_CONFIG.value), overrides, RunConfig)
    run = wiring.build_run(config)
    stream = wiring.build_stream(config, run.split("train"))
    look = tf.function(lambda batch: _attempt(run, batch), reduce_retracing=True)
    found = []
    for attempt in range(_ATTEMPTS.value):
        stack = stream.stack(attempt, 1)
        batch = tf.nest.map_structure(lambda values: tf.constant(values[0]), stack)
        found.append([values.numpy() for values in look(batch)])
    factors, above, largest = (np.stack(values) for values in zip(*found, strict=True))
    dense = [variable.numpy() for variable in run.model.dense.values()]
    return _Seen(factors, above, float(largest.max())), dense


def _attempt(run: wiring.Run, batch: Batch) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Tries `batch` as the step does; returns factors, shares above the bound, largest update."""
    step, clip = run.step, _clippy(run.config)
    transaction = step.propose(batch).transaction
    dense = [change for change in transaction.changes if change.rows is None]
    before = [change.after + change.update for change in dense]
    above = [
        tf.reduce_mean(
            tf.cast(tf.abs(c.unclipped) > clip.relative * tf.abs(b) + clip.absolute, tf.float32)
        )
        for c, b in zip(dense, before, strict=True)
    ]
    largest = tf.stack([tf.reduce_max(tf.abs(change.unclipped)) for change in dense])
    factors = tf.stack([change.factor for change in dense])
    transaction.commit(accept=tf.constant(True))
    step.attempts.assign_add(1)
    return factors, tf.stack(above), tf.reduce_max(largest)


def _clippy(config: RunConfig) -> Clippy:
    """Returns the run's Clippy; its defaults, for the bounds, in a run without."""
    return next((clip for clip in config.clip if isinstance(clip, Clippy)), Clippy())


if __name__ == "__main__":
    program.run(main)
