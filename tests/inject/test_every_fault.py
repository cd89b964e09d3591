"""Every registered injector: only in its range, the same each time, eager as compiled."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from sample_faults import ON, START, STOP, available, bits, rows

from ranker.inject import Faults
from ranker.inject.order import OrderFault
from ranker.spec.inject import Injector
from ranker.spec.part import actor, kinds

pytestmark = pytest.mark.runs

NEEDED = {
    "start": START, "stop": STOP, "task": "like", "feature": "user_count", "batches": 3,
    "factor": 3.0, "share": 0.5, "level": 0.5, "value": 9.0, "order": "item_age",
}  # fmt: skip
OTHERS = {
    "extreme_label": {"task": "rating"},
    "label_scale": {"task": "rating"},
    "not_finite": {"value": "nan", "task": ""},
    "unknown_ids": {"feature": "user_id"},
}
KINDS = {k: part for k, part in kinds(Injector).items() if part.__module__.startswith("ranker.")}


# Those of the order act on the input, before a step.
IN_A_STEP = [k for k, part in KINDS.items() if not issubclass(actor(part), OrderFault)]


def made(kind):
    """Returns an injector that changes something."""
    needed = {f.name: NEEDED[f.name] for f in dataclasses.fields(KINDS[kind]) if f.name in NEEDED}
    return KINDS[kind](**needed | OTHERS.get(kind, {}))


def results(kind, attempt, *, compiled=True, seed=11):
    """Returns the bytes of all that passes through the places of a step, and of what they write."""
    targets = available()
    faults = Faults([made(kind)], targets, seed=seed)
    step = tf.Variable(2, dtype=tf.int64)

    def places(batch, losses, gradients, attempt):
        faults.write(attempt)
        rates = faults.rates(lambda n: tf.stack([1.0, 2.0]) / tf.cast(n + 1, tf.float32), step,
                             attempt)  # fmt: skip
        return (
            faults.batch(batch, attempt),
            faults.losses(losses, attempt),
            rates,
            faults.gradients(gradients, attempt),
        )

    call = tf.function(places, autograph=False) if compiled else places
    gradients = [tf.ones_like(v) * 0.3 for v in targets.variables.values()]
    batch = tf.nest.map_structure(tf.constant, rows())
    found = call(batch, tf.constant([0.5, 0.25]), gradients, tf.constant(attempt, tf.int64))
    corrupted, *others = tf.nest.map_structure(lambda value: value.numpy(), found)
    slots = [slot for slot, _ in targets.slots.values()]
    written = [v.numpy() for v in [*targets.variables.values(), *slots]]
    flat = [np.asarray(value).tobytes() for value in tf.nest.flatten([others, written])]
    return bits(corrupted) | dict(enumerate(flat))


@pytest.fixture(scope="module")
def untouched():
    return results("bf16", STOP)


@pytest.mark.parametrize("kind", KINDS)
def test_it_changes_nothing_outside_of_its_attempts(kind, untouched):
    for attempt in (START - 1, STOP):
        assert results(kind, attempt) == untouched


@pytest.mark.parametrize("kind", IN_A_STEP)
def test_it_changes_something_and_the_same_each_time_eager_as_compiled(kind, untouched):
    attempt = ON if "stop" in vars(made(kind)) else START
    once = results(kind, attempt)
    assert once != untouched
    assert results(kind, attempt) == once
    assert results(kind, attempt, compiled=False) == once
