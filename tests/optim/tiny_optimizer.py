"""A small optimizer, numbers, every rule and every clipper, for the optimizer's tests."""

import numpy as np
import tensorflow as tf

from ranker import optim
from ranker.spec.clip import Clip
from ranker.spec.clip_by_history import Spam
from ranker.spec.part import fields_of, kinds
from ranker.spec.rule import Rule

assert Spam.kind  # its module registers the clippers that remember


class Tiny:
    """One dense variable and one table, each in its group, and their optimizer."""

    def __init__(self, rule=None, *, clippers=(), rate=0.1, shape=(3, 2), **settings):
        rule = rule or optim.Adagrad()
        self.kernel = tf.Variable(values(shape, seed=1))
        self.table = tf.Variable(values((6, 4), seed=2))
        groups = [
            optim.Group(
                name=name,
                variables={f"{name}/kernel": variable},
                rule=rule,
                schedule=optim.Constant(rate=rate) if isinstance(rate, float) else rate,
                **settings,
            )
            for name, variable in (("dense", self.kernel), ("embeddings", self.table))
        ]
        self.optimizer = optim.Optimizer(groups, clippers=clippers)

    def propose(self, kernel, slices, ids):
        """Returns the transaction for a dense gradient and for slices of the table."""
        indexed = tf.IndexedSlices(
            tf.convert_to_tensor(slices), tf.convert_to_tensor(ids, tf.int32)
        )
        return self.optimizer.propose([tf.convert_to_tensor(kernel), indexed])

    def apply(self, kernel, slices, ids, *, accept=True):
        """Proposes and commits, and returns the transaction."""
        transaction = self.propose(kernel, slices, ids)
        transaction.commit(accept=tf.constant(accept))
        return transaction

    def run(self, *gradients, **settings):
        """Applies, and returns nothing, as what a graph is traced of has to."""
        self.apply(*gradients, **settings)

    def state(self):
        """Returns the bytes of every variable and slot."""
        variables = {"kernel": self.kernel, "table": self.table} | self.optimizer.variables
        return {name: variable.numpy().tobytes() for name, variable in variables.items()}


def values(shape, *, seed=0, size=1.0):
    """Returns float32 normal deviates times `size`."""
    return (np.random.default_rng(seed).normal(size=shape) * size).astype(np.float32)


# Numbers at which a part does something to gradients of about 1; others are the defaults.
_SHARP = {
    "max_value": 0.3, "max_norm": 0.3, "max_ratio": 0.2, "max_rms": 0.3, "scale": 0.2,
    "threshold": 0.09, "rest_steps": 0, "window": 5,
    "initial_accumulator": 0.2, "beta_1": 0.8, "rho": 0.8,
}  # fmt: skip


def every(family):
    """Returns a sharp part of each kind of a family that the package registers, by its name."""
    return {
        kind.replace("_", " "): part(
            **{f.name: _SHARP[f.name] for f in fields_of(part) if f.name in _SHARP}
        )
        for kind, part in kinds(family).items()
        if part.__module__.startswith("ranker.")  # not of another test in this process
    }


RULES = every(Rule) | {
    "adagrad delayed": optim.Adagrad(initial_accumulator=0.2, order="delayed"),
    "adagrad clipped": optim.Adagrad(order="delayed", accumulate="clipped"),
    "momentum": optim.Sgd(momentum=0.7),
    "nesterov": optim.Sgd(momentum=0.7, nesterov=True),
    "rmsprop momentum": optim.RmsProp(rho=0.8, momentum=0.6),
    "rmsprop delayed": optim.RmsProp(initial_mean_square=0.1, order="delayed"),
}
CLIPPERS = every(Clip) | {"rms of gradient": optim.Rms(max_rms=0.3, of="gradient")}
