"""The model in Keras 2 layers, in a plain loop: a compiled step a batch, Keras' Adagrad."""

from collections.abc import Callable

import tensorflow as tf
import tf_keras

from benchmarks.peers import keras_fit


def turn(batch_size: int) -> Callable[[], None]:
    """Returns what trains the model on the examples of a turn."""
    model = keras_fit.build(tf_keras)
    optimizer = keras_fit.optimizer(tf_keras, "adagrad")
    loss = tf_keras.losses.BinaryCrossentropy(from_logits=True)

    @tf.function
    def step(features: dict[str, tf.Tensor], labels: tuple[tf.Tensor, ...]) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = model(features, training=True)
            pairs = zip(labels, logits, strict=True)
            total = tf.add_n([loss(y[:, tf.newaxis], logit) for y, logit in pairs])
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(total, variables), variables, strict=True))
        return total

    batches = keras_fit.batches(batch_size)

    def run() -> None:
        total = tf.add_n([step(features, labels) for features, labels in batches])
        if not tf.math.is_finite(total):
            raise RuntimeError("the loss is not finite")

    return run
