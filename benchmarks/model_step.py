"""One training step of a whole model, as it is trained and as plain Adagrad would."""

import dataclasses
from collections.abc import Callable, Mapping

import tensorflow as tf

from ranker import wiring
from ranker.input import Batch
from ranker.spec.run import RunConfig
from ranker.train import Step

STEPS_PER_TURN = 20


BARE, KERAS = "our Adagrad, nothing else", "tf-keras Adagrad"


def model_steps(
    configs: Mapping[str, RunConfig], *, with_keras: bool = False
) -> dict[str, Callable[[int], object]]:
    """Returns, by name, what takes 20 steps of a model of its own, all on the same batches.

    Args:
      configs: of one model on one dataset, by the names of what differs: each is run as it
        is trained. `BARE` is the first of them with no clipper, guard or telemetry.
      with_keras: for `KERAS`, the same under tf-keras' Adagrad.

    Raises:
      FileNotFoundError: if the data are not prepared.
    """
    first = next(iter(configs.values()))
    runs = {name: wiring.build_run(config) for name, config in configs.items()}
    split = next(iter(runs.values())).split("train")
    stack = wiring.build_stream(first, split).stack(0, STEPS_PER_TURN)
    stack = tf.nest.map_structure(tf.constant, stack)
    unclipped = dataclasses.replace(first, clip=())
    bare = wiring.build_run(unclipped).step
    turns = {BARE: _plain(bare, _our_update(bare))}
    if with_keras:
        keras = wiring.build_run(unclipped).step
        turns[KERAS] = _plain(keras, _keras_update(keras))
    turns |= {name: run.step.run for name, run in runs.items()}
    return {name: lambda _, turn=turn: _finish(turn(stack)) for name, turn in turns.items()}


def _finish(result: object) -> None:
    for tensor in tf.nest.flatten(result):
        tensor.numpy()


def _keras_update(step: Step) -> Callable:
    variables = step.optimizer.trainable
    optimizer = tf.keras.optimizers.Adagrad(step.optimizer.groups[0].schedule.rate)
    optimizer.build(variables)
    return lambda gradients: optimizer.apply_gradients(zip(gradients, variables, strict=True))


def _our_update(step: Step) -> Callable:
    def update(gradients: list) -> None:
        step.optimizer.propose(gradients).commit(accept=tf.constant(True))

    return update


def _plain(step: Step, update: Callable) -> Callable[[Batch], tf.Tensor]:
    """Returns a compiled loop over a stack of batches that differentiates and updates."""

    def attempt(batch: Batch, number: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(step.optimizer.trainable)
            logits = step.model(batch.features, seed=tf.stack([0, number]))
            losses = step.objective.losses(logits, batch.labels, batch.weights)
            total = step.objective.total(losses)
        update(tape.gradient(total, step.optimizer.trainable))
        return total

    def loop(stack: Batch) -> tf.Tensor:
        def body(k: tf.Tensor, total: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            batch = tf.nest.map_structure(lambda x: x[k], stack)
            return k + 1, total + attempt(batch, k)

        limits = (lambda k, _: k < STEPS_PER_TURN, body, (0, tf.constant(0.0)))
        return tf.while_loop(*limits, parallel_iterations=1)[1]

    return tf.function(loop, autograph=False)
