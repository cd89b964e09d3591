"""Skipping a spike on the whole step: nothing moves, the event says why, a resume agrees."""

import dataclasses

import numpy as np
import pytest

from ranker import wiring
from ranker.guard import LOSS_SPIKE, NORM_SPIKE
from ranker.input import Batch, Stream
from ranker.spec.guard import GuardSettings, SpikeFilter
from ranker.spec.model import ModelSettings
from ranker.spec.run import DataSettings, RunConfig
from ranker.train import Checkpoints
from ranker.train.events import refusal

pytestmark = pytest.mark.runs


@pytest.fixture(scope="module")
def config(prepared):
    return RunConfig(
        seed=5,
        data=DataSettings(path=str(prepared), batch_size=16),
        model=ModelSettings(embedding_width=4, tower_units=(8,)),
        guard=GuardSettings(
            max_refusals=3, spike_filter=SpikeFilter(sigmas=4.0, window=12, minimum=8)
        ),
    )


@pytest.fixture(scope="module")
def steps(config):
    """Two steps of the same run, traced once, and their first state."""
    pair = [wiring.build_run(config).step for _ in range(2)]
    return [(step, state(step)) for step in pair]


@pytest.fixture(scope="module")
def stack(config):
    split = wiring.build_run(config).split("train")
    return Stream(split, batch_size=16, seed=3).stack(0, 20)


def fresh(steps, which=0):
    step, initial = steps[which]
    for name, variable in step.variables.items():
        variable.assign(initial[name])
    return step


def state(step):
    return {name: variable.numpy() for name, variable in step.variables.items()}


def wild(stack, attempt, *, size=1e4):
    """Returns `stack` with one rating of an attempt that is `size`."""
    labels = {name: array.copy() for name, array in stack.labels.items()}
    labels["rating"][attempt, 3] = size
    return Batch(stack.features, labels, stack.weights)


def cut(stack, start, stop):
    return Batch(*({n: a[start:stop] for n, a in arrays.items()} for arrays in stack))


def numpy(reports):
    return reports.numpy()


def test_a_spike_moves_nothing_and_the_event_has_the_number_and_the_limit(steps, stack):
    step = fresh(steps)
    usual = numpy(step.run(cut(stack, 0, 10)))
    assert usual.accept.all()
    before = state(step)
    report = numpy(step.run(wild(cut(stack, 10, 11), 0)))
    after = state(step)
    moved = {name for name in before if before[name].tobytes() != after[name].tobytes()}
    assert moved == {"attempts", "guard/refused", "guard/refused_in_a_row"}
    assert int(report.reason[0]) == LOSS_SPIKE
    expected = usual.total.mean() + 4 * usual.total.std(ddof=1)
    event = refusal(report, 0, step)
    assert event["reason"] == "loss above its usual range"
    assert event["attempt"] == 11
    assert event["step"] == 10
    assert event["value"] == float(report.total[0]) > 1e5
    np.testing.assert_allclose(event["limit"], expected, rtol=1e-5)
    assert numpy(step.run(cut(stack, 11, 12))).accept.all()
    assert int(step.guard.variables["num_entered"]) == 11


def test_a_norm_alone_above_its_range_is_named_so(steps, stack):
    step = fresh(steps)
    step.run(cut(stack, 0, 10))
    window = step.guard.variables["running_window"].numpy()
    window[:, 0] = 1e6 * np.arange(12)  # any loss is usual, so the norm must catch it
    step.guard.variables["running_window"].assign(window)
    report = numpy(step.run(wild(cut(stack, 10, 11), 0)))
    event = refusal(report, 0, step)
    assert int(report.reason[0]) == NORM_SPIKE
    assert event["reason"] == "gradient norm above its usual range"
    limit = window[:10, 1].mean() + 4 * window[:10, 1].std(ddof=1)
    np.testing.assert_allclose(event["limit"], limit, rtol=1e-5)
    assert event["value"] > 10 * limit


def test_a_lasting_change_halts_the_call(steps, stack):
    step = fresh(steps)
    step.run(cut(stack, 0, 8))
    later = cut(stack, 8, 14)
    for attempt in range(6):
        later = wild(later, attempt)
    assert numpy(step.run(later)).reason.tolist() == [LOSS_SPIKE] * 3
    assert bool(step.guard.halted())


def test_a_resumed_run_goes_on_with_the_same_bits(steps, stack, tmp_path):
    whole, resumed = fresh(steps), fresh(steps, 1)
    disturbed = wild(wild(stack, 11), 17)
    expected = numpy(whole.run(disturbed))
    assert np.flatnonzero(~expected.accept).tolist() == [11, 17]
    fresh(steps, 1).run(cut(disturbed, 0, 13))
    Checkpoints(tmp_path, keep=1).save(13, resumed.variables, {})
    fresh(steps, 1)
    Checkpoints(tmp_path, keep=1).resume(resumed.variables)
    rest = numpy(resumed.run(cut(disturbed, 13, 20)))
    np.testing.assert_array_equal(rest.limits, expected.limits[13:])
    for name, value in state(whole).items():
        np.testing.assert_array_equal(value, state(resumed)[name], err_msg=name)


def test_without_it_the_checkpoint_is_as_it_was_and_an_event_has_no_limit(config, stack):
    off = dataclasses.replace(config, guard=GuardSettings())
    step = wiring.build_run(off).step
    kept = {name for name in step.variables if name.startswith("guard/")}
    assert kept == {"guard/refused", "guard/refused_in_a_row"}
    report = numpy(step.run(wild(cut(stack, 0, 2), 1, size=np.nan)))
    assert report.watched.shape == report.limits.shape == (2, 0)
    event = refusal(report, 1, step)
    assert event["reason"] == "loss not finite"
    assert not {"value", "limit"} & set(event)


def test_its_settings_must_fit_together():
    with pytest.raises(ValueError, match="window must be >= 64, got 32"):
        SpikeFilter(window=32)
    with pytest.raises(ValueError, match="minimum must be >= 2, got 1"):
        SpikeFilter(minimum=1)
    with pytest.raises(ValueError, match=r"sigmas must be > 0, got 0\.0"):
        SpikeFilter(sigmas=0.0)
