"""The workload's model through `compile` and `fit`, under Keras 2 or Keras 3, with its Adagrad."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import tensorflow as tf

from benchmarks.peers import workload

STEPS_PER_CALL = 20


def turn(
    batch_size: int, version: str, rule: str = "adagrad", backend: str = "tensorflow"
) -> Callable[[], None]:
    """Returns what fits the model to the examples of a turn.

    Args:
      version: "2" or "3".
      rule: "adagrad", or "clippy" for TensorFlow Recommenders' ClippyAdagrad.
      backend: of Keras 3, which KERAS_BACKEND must name too; without compilation JAX would run
        each operation by itself.
    """
    keras = _keras(version)
    model = build(keras)
    model.compile(
        optimizer(keras, rule),
        loss=[keras.losses.BinaryCrossentropy(from_logits=True) for _ in workload.TASKS],
        steps_per_execution=min(STEPS_PER_CALL, workload.NUM_EXAMPLES // batch_size),
        jit_compile=backend == "jax",
    )
    data = batches(batch_size)
    return lambda: model.fit(data, epochs=1, verbose=0)


def batches(batch_size: int) -> tf.data.Dataset:
    """Returns the examples of a turn as (features, labels of each task).

    Two batches are read ahead, and autotuning is off: its thread sleeps 10 ms, then twice as
    long each time, and at times the end of the data waits until it wakes, after 2.55 or
    5.11 s: up to half of a turn, which in training, of minutes, is nothing.
    """
    rows = workload.rows()
    features = {n: v.astype("int32") for n, v in (rows.single | rows.lists).items()}
    examples = (features, tuple(rows.labels.values()))
    data = tf.data.Dataset.from_tensor_slices(examples)  # pyright: ignore[reportArgumentType]
    options = tf.data.Options()
    options.autotune.enabled = False
    return data.batch(batch_size, drop_remainder=True).prefetch(2).with_options(options)


def build(keras: ModuleType) -> Any:
    """Returns the model, not compiled; logits of each task."""
    layers = keras.layers
    sizes = workload.SINGLE | {"genres": workload.LISTS["genres"][0]}
    tables = {
        name: layers.Embedding(size + 1, workload.WIDTH, mask_zero=True, name=f"table_{name}")
        for name, size in sizes.items()
    }
    inputs = {name: keras.Input((), dtype="int32", name=name) for name in workload.SINGLE}
    fields = [tables[name](value) for name, value in inputs.items()]
    for name, (_, length) in workload.LISTS.items():
        inputs[name] = keras.Input((length,), dtype="int32", name=name)
        rows = tables["item_id" if name == "history" else name](inputs[name])
        fields.append(layers.GlobalAveragePooling1D()(rows))
    x = layers.Concatenate()(fields)
    experts = [_dense(layers, x, workload.EXPERT_UNITS) for _ in range(workload.NUM_EXPERTS)]
    rows = [layers.Reshape((1, workload.EXPERT_UNITS[-1]))(expert) for expert in experts]
    stacked = layers.Concatenate(axis=1)(rows)
    outputs = []
    for task in workload.TASKS:
        gate = layers.Dense(workload.NUM_EXPERTS, "softmax")(x)
        mixed = layers.Dot(axes=1)([gate, stacked])
        tower = _dense(layers, mixed, workload.TOWER_UNITS)
        outputs.append(layers.Dense(1, name=task)(tower))
    return keras.Model(inputs, outputs)


def _dense(layers: Any, x: Any, units: tuple[int, ...]) -> Any:
    for width in units:
        x = layers.Dense(width, "relu")(x)
    return x


def _keras(version: str) -> ModuleType:
    if version == "2":
        import tf_keras

        return tf_keras
    import keras

    return keras


def optimizer(keras: Any, name: str) -> Any:
    """Returns "adagrad" of `keras`, or "clippy", for Keras 2 alone."""
    rate, start = workload.RATE, workload.INITIAL_ACCUMULATOR
    if name == "adagrad":
        return keras.optimizers.Adagrad(rate, initial_accumulator_value=start)
    from tensorflow_recommenders.experimental.optimizers.clippy_adagrad import ClippyAdagrad

    return ClippyAdagrad(rate, initial_accumulator_value=start)
