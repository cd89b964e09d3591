"""Two small models of Keras, data with a signal, and a clipper that keeps statistics."""

import dataclasses

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from ranker.numerics import norms, share_within

NUM_USERS, NUM_ITEMS = 20, 30


def data(num=256, *, seed=0):
    """Returns users, items, and ratings [num, 1] that follow from both."""
    rng = np.random.default_rng(seed)
    user, item = rng.integers(0, NUM_USERS, num), rng.integers(0, NUM_ITEMS, num)
    rating = (user % 2 + item % 3).astype(np.float32)[:, np.newaxis]
    return {"user": user, "item": item, "rating": rating}


def batches(columns, size=32):
    return tf.data.Dataset.from_tensor_slices(columns).batch(size)


class Rating(tfrs.Model):
    """The stock example: two embeddings, a tower, a Ranking task."""

    def __init__(self):
        super().__init__()
        tf.keras.utils.set_random_seed(3)
        self.user = tf.keras.layers.Embedding(NUM_USERS, 4)
        self.item = tf.keras.layers.Embedding(NUM_ITEMS, 4)
        self.tower = tf.keras.Sequential(
            [tf.keras.layers.Dense(8, activation="relu"), tf.keras.layers.Dense(1)]
        )
        self.task = tfrs.tasks.Ranking(
            loss=tf.keras.losses.MeanSquaredError(),
            metrics=[tf.keras.metrics.RootMeanSquaredError("rmse")],
        )

    def call(self, features):
        both = [self.user(features["user"]), self.item(features["item"])]
        return self.tower(tf.concat(both, axis=1))

    def compute_loss(self, inputs, training=False):
        return self.task(labels=inputs["rating"], predictions=self(inputs))


def functional():
    """Returns a model that `model.save` can write, with the same first weights each time."""
    tf.keras.utils.set_random_seed(4)
    inputs = [tf.keras.Input((), dtype=tf.int64, name=name) for name in ("user", "item")]
    sizes = (NUM_USERS, NUM_ITEMS)
    parts = [tf.keras.layers.Embedding(n, 4)(i) for n, i in zip(sizes, inputs, strict=True)]
    hidden = tf.keras.layers.Dense(8, activation="relu")(tf.keras.layers.Concatenate()(parts))
    return tf.keras.Model(inputs, tf.keras.layers.Dense(1)(hidden))


@dataclasses.dataclass(frozen=True, kw_only=True)
class NearItsMean:
    """Each gradient kept to `ratio` times the mean of its norms so far: has statistics."""

    ratio: float = 2.0
    targets: str = "all"
    stage: str = dataclasses.field(default="gradient", init=False)

    def initial(self, names):
        return {"sums": tf.zeros([len(names)]), "num": tf.zeros([], tf.int64)}

    def clip(self, items, statistics):
        size = norms([item.values for item in items])
        num = tf.cast(statistics["num"], tf.float32)
        limit = self.ratio * statistics["sums"] / tf.maximum(num, 1.0)
        shares = tf.where(num > 0, share_within(size, limit), 1.0)
        after = {"sums": statistics["sums"] + size, "num": statistics["num"] + 1}
        return tf.unstack(shares), after


tf.keras.saving.get_custom_objects()["NearItsMean"] = NearItsMean


def state(model):
    """Returns the bytes of every weight and of every variable of the optimizer, in order."""
    variables = [*model.trainable_variables, *model.optimizer.variables]
    return [variable.numpy().tobytes() for variable in variables]
