"""The optimizer, its clippers and the guard for `model.compile(optimizer=...)`: Keras 3.

import keras
from ranker.keras3 import GuardedOptimizer
from ranker.optim import Adagrad, Clippy, Constant, GlobalNorm

model: keras.Model = ...
optimizer = GuardedOptimizer(
    Adagrad(),
    Constant(rate=0.1, warmup_steps=500),  # or a number, or a schedule of Keras
    clippers=[GlobalNorm(max_norm=10.0), Clippy()],
)
model.compile(optimizer=optimizer, loss="mse", jit_compile=False)  # XLA cannot compile it
model.fit(x, y)  # a batch whose gradient is NaN moves no weight and no slot
optimizer.refused, optimizer.clip_factors()

On the TensorFlow backend. It touches no `tf.keras`, so Keras 2 may be in the same process.
"""

from ranker.keras3.optimizer import GuardedOptimizer

__all__ = ["GuardedOptimizer"]
