"""Faults of variables and slots: written at one attempt, and never again."""

import numpy as np
import pytest
import tensorflow as tf
from sample_faults import START, available, faults

from ranker import inject


def written(*injectors, attempts):
    """Returns what the variables and slots are after writing at each of `attempts`."""
    there = available()
    with_faults = faults(*injectors, available=lambda: there)
    write = tf.function(with_faults.write, autograph=False)
    for attempt in attempts:
        write(tf.constant(attempt, tf.int64))
    slots = {name: slot for name, (slot, _) in there.slots.items()}
    return {name: value.numpy() for name, value in (dict(there.variables) | slots).items()}


def differing(before, after):
    return {name for name in before if before[name].tobytes() != after[name].tobytes()}


BEFORE = written(attempts=[])
EVERY = range(START + 3)


def test_a_table_is_scaled_once():
    larger = inject.EmbeddingScale(table="embedding/*", factor=-3.0, start=START)
    after = written(larger, attempts=EVERY)
    assert differing(BEFORE, after) == {"embedding/user_id"}
    np.testing.assert_array_equal(
        after["embedding/user_id"], [[0, -3], [-6, -9], [-12, -15], [-18, -21]]
    )
    again = written(larger, attempts=[*EVERY, START])  # a state from before, tried once more
    np.testing.assert_array_equal(again["embedding/user_id"], 9 * BEFORE["embedding/user_id"])


@pytest.mark.parametrize(
    ("slot", "reset"),
    [
        ("*", {"bottom/kernel/accumulator", "embedding/user_id/accumulator"}),
        ("embedding/*", {"embedding/user_id/accumulator"}),
    ],
)
def test_slots_start_again(slot, reset):
    after = written(inject.OptimizerReset(slot=slot, start=0), attempts=[0, 1])
    assert differing(BEFORE, after) == reset
    assert set(after["embedding/user_id/accumulator"].ravel().tolist()) == {np.float32(0.3)}


@pytest.mark.parametrize("attempts", [[], [0], [START - 1, START + 1], [10**12]])
def test_nothing_is_written_at_another_attempt(attempts):
    injectors = [
        inject.EmbeddingScale(table="*", factor=0.0, start=START),
        inject.OptimizerReset(start=START),
    ]
    assert differing(BEFORE, written(*injectors, attempts=attempts)) == set()
