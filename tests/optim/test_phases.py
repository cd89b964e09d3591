"""What the phases of a run make of its rates, its counts and its slots, by hand."""

import numpy as np
import pytest
import tensorflow as tf

from ranker.optim.phased_schedule import InPhases
from ranker.optim.phases import Phases
from ranker.optim.schedules import Constant, Cosine, InverseSquareRoot
from ranker.spec.phases import Phase

THREE = (
    Phase(until_step=3, rate_factors={"dense": 2.0}),
    Phase(until_step=5, reset="schedule"),
    Phase(warmup_steps=4, reset="slots"),
)


@pytest.mark.parametrize("dtype", [tf.int64, tf.float64])
@pytest.mark.parametrize("first", [None, 10])
def test_rates_are_those_of_the_phase_and_restart_with_it(first, dtype):
    start = None if first is None else tf.Variable(first, dtype=tf.int64)
    phases = Phases(THREE, first_step=start)
    schedule = InverseSquareRoot(rate=1.0, warmup_steps=2)
    usual = [0.5, 1.0, np.sqrt(2 / 3), 0.5, 1.0, *(np.sqrt(2 / n) for n in (3, 4, 5, 6))]
    shares = {"dense": [2, 2, 2, 1, 1], "embeddings": [1] * 5}
    for group, before in shares.items():
        found = InPhases(schedule=schedule, phases=phases, group=group, start=start)
        steps = tf.range(9, dtype=tf.int64) + (first or 0)
        rates = [found(tf.cast(step, dtype)) for step in steps]
        expected = np.multiply(usual, [*before, 0.25, 0.5, 0.75, 1.0])
        np.testing.assert_allclose(rates, expected, rtol=1e-6)


def test_slots_count_from_the_phase_in_which_they_begin():
    phases = Phases(THREE)
    steps = [tf.constant(step, tf.int64) for step in range(8)]
    assert [int(phases.since("slots", step, step)) for step in steps] == [0, 1, 2, 3, 4, 0, 1, 2]
    assert [bool(phases.begins_slots(step)) for step in steps] == [step == 5 for step in range(8)]
    assert [phases.at(step) for step in range(8)] == [0, 0, 0, 1, 1, 2, 2, 2]
    assert [int(phases.index(step)) for step in steps] == [0, 0, 0, 1, 1, 2, 2, 2]


def test_a_cosine_begins_at_its_highest_again():
    phases = Phases([Phase(until_step=10), Phase(reset="schedule")])
    found = InPhases(schedule=Cosine(rate=1.0, decay_steps=10), phases=phases, group="dense")
    rates = [float(found(tf.constant(step, tf.int64))) for step in (0, 9, 10, 19)]
    np.testing.assert_allclose(rates[2:], rates[:2])
    assert rates[0] == 1.0


def test_a_rate_that_a_comparison_varies_is_left_as_it_is():
    rate = tf.Variable(0.5)
    phases = Phases([Phase(until_step=2), Phase(rate_factors={"dense": 2.0}, warmup_steps=4)])
    found = InPhases(schedule=Constant(rate=rate), phases=phases, group="dense")
    rates = [float(found(tf.constant(step, tf.int64))) for step in range(4)]
    assert rates == [0.5, 0.5, 0.25, 0.5]
    assert float(rate) == 0.5
