"""The optimizer, its clippers and the guard for `model.compile(optimizer=...)`: Keras 2.

from ranker.keras import GuardedOptimizer  # first: it settles tf.keras on Keras 2
import tensorflow_recommenders as tfrs
from ranker.optim import Adagrad, Clippy, Constant, GlobalNorm

model: tfrs.Model = ...
optimizer = GuardedOptimizer(
    Adagrad(),
    Constant(rate=0.1, warmup_steps=500),  # or a number, or a schedule of Keras
    clippers=[GlobalNorm(max_norm=10.0), Clippy()],
)
model.compile(optimizer=optimizer)
model.fit(batches)  # a batch whose gradient is NaN moves no weight, slot or count
optimizer.refused, optimizer.clip_factors()
"""

from ranker import legacy_keras  # noqa: F401 (before anything touches tf.keras)
from ranker.keras.optimizer import GuardedOptimizer

__all__ = ["GuardedOptimizer"]
