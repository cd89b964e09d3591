"""What every registered clipper, rule and schedule keeps to; test_dtypes.py has their dtypes."""

import numpy as np
import pytest
import tensorflow as tf
from tiny_optimizer import CLIPPERS, RULES, Tiny, every, values

from ranker.spec.part import act
from ranker.spec.rule import Schedule

# With Adam, whose mean of squares some clippers go by.
PARTS = {f"clip {name}": (RULES["adam"], [clipper]) for name, clipper in CLIPPERS.items()}
PARTS |= {f"rule {name}": (rule, []) for name, rule in RULES.items()}


def tiny(name):
    rule, clippers = PARTS[name]
    return Tiny(rule, clippers=clippers)


def batch(step, ids=(1, 4, 1)):
    return values((3, 2), seed=step), values((len(ids), 4), seed=9 + step), list(ids)


@pytest.mark.parametrize("name", PARTS)
def test_state_is_written_with_an_accepted_step_alone_and_the_same_each_time(name):
    whole, again = tiny(name), tiny(name)
    for step in range(3):
        whole.apply(*batch(step))
    again.apply(*batch(0))
    for step in (1, 2):
        before = again.state()
        again.propose(*batch(step))
        again.apply(*batch(7), accept=False)
        assert again.state() == before
        again.apply(*batch(step))
    assert again.state() == whole.state()
    assert whole.state() != tiny(name).state()


@pytest.mark.parametrize("name", PARTS)
def test_no_rows_move_none_and_repeated_ones_are_their_sum(name):
    repeated, summed, none = tiny(name), tiny(name), tiny(name)
    kernel, slices, ids = batch(0)
    repeated.apply(kernel, slices, ids)
    summed.apply(kernel, np.stack([slices[0] + slices[2], slices[1]]), ids[:2])
    if name != "clip cowclip":  # which goes by how often an id comes
        np.testing.assert_allclose(repeated.table, summed.table, rtol=1e-6)
    before = none.table.numpy()
    none.apply(*batch(0, ids=()))
    np.testing.assert_array_equal(none.table, before)
    for variable in (none.kernel, repeated.table, *none.optimizer.variables.values()):
        assert np.isfinite(variable.numpy()).all()


@pytest.mark.parametrize("name", every(Schedule))
def test_a_schedule_is_a_function_of_the_step_alone(name):
    schedule = act(every(Schedule)[name], rate=0.25)
    found = [schedule(tf.constant(step, tf.int64)) for step in (0, 10**9, 7, 0, 10**9)]
    assert {(rate.dtype, rate.shape.rank) for rate in found} == {(tf.float32, 0)}
    assert all(0 <= rate <= 0.25 for rate in found)
    assert (found[0], found[1]) == (found[3], found[4])
