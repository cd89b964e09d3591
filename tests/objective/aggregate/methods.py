"""What tests of the methods share: weights of a matrix of gradients."""

import numpy as np
import tensorflow as tf

from ranker.objective.aggregate import Context
from ranker.objective.aggregate.by_gramian import safe
from ranker.objective.aggregate.pulls import read
from ranker.optim import Transaction
from ranker.spec.aggregate import Aggregation, OfGradients
from ranker.spec.part import actor, kinds
from ranker.spec.run import RunConfig

assert RunConfig.kind == ""  # its modules register every kind
GRAMIAN = {
    kind: part
    for kind, part in kinds(Aggregation).items()
    if issubclass(part, OfGradients) and part.__module__.startswith("ranker.")
}


def method(kind, num_tasks, **fields):
    """Returns a method of so many tasks."""
    part = kinds(Aggregation)[kind](**fields)
    names = tuple(f"task{place}" for place in range(num_tasks))
    return actor(part)(part, Context(tasks=names, seed=3))


def weigh(kind, gradients, *, losses=None, **fields):
    """Returns the weights [T] of the rows of `gradients` [T, P], and the transaction."""
    gradients = np.asarray(gradients, np.float64)
    made, transaction = method(kind, len(gradients), **fields), Transaction()
    pulls = read(tf.constant(gradients @ gradients.T))
    losses = tf.ones([len(gradients)]) if losses is None else tf.constant(losses)
    return safe(made.weights(pulls, losses, transaction), pulls).numpy()
