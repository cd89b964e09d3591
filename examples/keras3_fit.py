"""The safeguards in plain `fit` of Keras 3: no trainer, no settings of ranker's.

    python -m examples.keras3_fit

A batch with a NaN is refused: it moves no weight and no slot, and training goes on.
"""

import keras
import numpy as np

from ranker.keras3 import GuardedOptimizer
from ranker.optim import Adagrad, Clippy, Constant, GlobalNorm

NUM_USERS, NUM_ITEMS = 50, 80


def build() -> keras.Model:
    """Returns a small ranking model: two embeddings and a tower."""
    user = keras.Input((), dtype="int32", name="user")
    item = keras.Input((), dtype="int32", name="item")
    price = keras.Input((1,), name="price")
    users, items = keras.layers.Embedding(NUM_USERS, 4), keras.layers.Embedding(NUM_ITEMS, 4)
    fields = keras.layers.Concatenate()([users(user), items(item), price])
    hidden = keras.layers.Dense(8, activation="relu")(fields)
    return keras.Model([user, item, price], keras.layers.Dense(1)(hidden))


def main() -> None:
    """Trains on 64 batches, one of which is spoiled, and reports what was refused."""
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    user, item = random.integers(0, NUM_USERS, 2048), random.integers(0, NUM_ITEMS, 2048)
    price = random.normal(size=(2048, 1)).astype(np.float32)
    label = ((user + item) % 2 + price[:, 0] > 0.5).astype(np.float32)
    price[100] = np.nan  # as a division by zero upstream would leave it
    optimizer = GuardedOptimizer(
        Adagrad(),
        Constant(rate=0.1, warmup_steps=10),
        clippers=[GlobalNorm(max_norm=10.0), Clippy()],
    )
    model = build()
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile=False)  # XLA cannot compile the guarded step
    model.fit([user, item, price], label, batch_size=32, shuffle=False, verbose=0)
    is_whole = all(np.isfinite(weights).all() for weights in model.get_weights())
    print(f"{int(optimizer.committed)} committed, {int(optimizer.refused)} refused")
    print(f"all weights finite: {is_whole}; clip factors: {optimizer.clip_factors()}")


if __name__ == "__main__":
    main()
