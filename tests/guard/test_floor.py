"""Levels that collapse and come back: nothing usual is a jump, or refused, and a jump still is."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from ranker.guard import FULL, HEALTHY, JUMP, MICRO, Detect, Detector, SpikeFilter
from ranker.guard.spike_filter import RunningWindow

WINDOW = 20  # the floor is of five windows, so a fall is believed after three
UNITS = (1e-6, 1.0, 1e9)  # of a label; a squared error has the square of it
SMALL = {"window": WINDOW, "minimum": 10, "max_recovery": 15}


def usual(num, *, seed=0, level=0.8):
    """Returns losses around a share `level` of the best constant's, as of batches of 100 rows."""
    return level * (1 + 0.03 * np.random.default_rng(seed).standard_normal(num))


def fitted(num, *, rate=0.6):
    """Returns losses on one row that is repeated: they fall to nothing, at once or slowly."""
    return np.maximum(0.8 * rate ** np.arange(num), 6e-8)


def joined(*parts, length=0):
    """Returns one run, filled up with usual losses to `length`."""
    run = np.concatenate(parts)
    return np.concatenate([run, usual(max(0, length - len(run)), seed=1)])


def looks(runs, *, has_base=True, norms=None, **settings):
    """Returns the symptoms at the looks of each of `runs` in each unit, and those of the norm.

    All are tasks of one detector: runs that are as long, of shares of the best constant's loss.
    """
    scales = np.repeat(np.square(UNITS), len(runs))
    losses = np.tile(np.stack(runs, axis=1), len(UNITS)) * scales
    bases = scales if has_base else ()
    detector = Detector(
        Detect(**{**SMALL, **settings}), is_binary=[False] * len(scales), bases=bases
    )
    norms = np.ones(len(losses)) if norms is None else norms

    @tf.function(autograph=False)
    def attempt(of_tasks, norm):
        return detector.observe(of_tasks, [], norm=lambda: norm, accept=tf.constant(True))

    attempts = zip(np.float32(losses), np.float32(norms), strict=True)
    found = [attempt(*map(tf.constant, parts)) for parts in attempts][4::5]
    symptoms = np.stack([f.symptoms for f in found], axis=1)
    return symptoms.tolist(), [int(f.norm_symptom[0]) for f in found]


def said(runs, **settings):
    """Returns every symptom that was said of `runs`."""
    return {symptom for of_run in looks(runs, **settings)[0] for symptom in of_run}


def test_a_row_repeated_makes_no_jump_of_what_follows():
    runs = [
        joined(usual(before), fitted(length, rate=rate), length=330)
        for before in (0, 5, 60, 200)
        for length, rate in itertools.product((5, 15, 40), (0.5, 0.7, 0.9, 0.97))
    ]
    assert said(runs) == {HEALTHY}
    assert FULL in said(runs, floor_windows=0)


def test_levels_below_a_tenth_of_the_best_constant_are_none_however_long_they_last():
    assert said([joined(usual(100), fitted(n), length=600) for n in (55, 100, 400)]) == {HEALTHY}


def test_a_real_jump_after_a_collapse_is_told_and_so_is_its_return():
    jump = joined(usual(20, level=2.0), usual(10, seed=2))
    healthy = [joined(usual(before), fitted(40), length=300) for before in (0, 40, 200)]
    for symptoms in looks([joined(run, jump) for run in healthy])[0]:
        assert symptoms[:60] == [HEALTHY] * 60
        assert symptoms[60:] == [JUMP, JUMP, FULL, FULL, MICRO, HEALTHY]


def test_a_fall_is_believed_once_it_has_lasted_for_three_windows():
    runs = [
        joined(usual(200 - num), usual(num, seed=1, level=0.3), usual(5, seed=2))
        for num in (2 * WINDOW, 4 * WINDOW)
    ]
    for place, symptoms in enumerate(looks(runs)[0]):
        assert symptoms[-1] == (JUMP if place % 2 else HEALTHY)


def test_the_base_stands_for_a_first_loss_that_says_nothing():
    run = joined([1e-9] * 10, usual(40))  # one row, whose label was predicted
    assert said([run]) == {HEALTHY}
    assert FULL in said([run], has_base=False)


def test_losses_below_zero_and_losses_all_alike_have_a_floor_too():
    runs = [np.full(200, level) for level in (-2.0, 1e-20, 1e15)]
    assert said(runs, has_base=False) == said(runs) == {HEALTHY}


def test_the_norm_s_level_does_not_collapse_and_its_spike_is_told():
    norms = joined(np.ones(200), np.full(200, 1e-8), np.ones(100), [9.0] * 5)
    _, of_norm = looks([np.ones(505)], norms=norms, window=200)
    assert of_norm == [HEALTHY] * 100 + [JUMP]


@pytest.mark.parametrize("bases", [(1.0, 1.0), (-1.0,), (np.nan,), (np.inf,)])
def test_bases_that_cannot_be_are_refused(bases):
    with pytest.raises(ValueError, match="bases must be 1 finite numbers >= 0"):
        Detector(Detect(), is_binary=[True], bases=bases)


class Watching:
    """What a guard that skips goes by: two numbers, taken where they are within the limits."""

    def __init__(self, **spike_filter):
        self.window = RunningWindow(SpikeFilter(of="both", **spike_filter))
        self._run = tf.function(self._attempt, autograph=False)

    def _attempt(self, watched):
        limits = self.window.limits()
        accept = tf.reduce_all(watched <= limits)
        self.window.enter(watched, accept=accept)
        return limits, accept

    def __call__(self, watched):
        limits, accept = self._run(tf.constant(watched, tf.float32))
        return limits.numpy(), bool(accept)


@pytest.mark.parametrize(("before", "length"), [(0, 8), (3, 30), (30, 8), (30, 30)])
def test_attempts_all_alike_do_not_have_what_follows_refused(before, length):
    watching, scale = Watching(sigmas=6.0, window=10, minimum=5), np.array([1e-12, 1e18])
    for value in joined([1.0], usual(before), np.full(length, 6e-8), usual(40, seed=1)):
        assert watching(value * scale)[1]
    for spike in ([9.0, 0.8], [0.8, 9.0]):
        assert not watching(spike * scale)[1]


def test_without_a_floor_they_are_refused():
    watching = Watching(window=10, minimum=5, floor_windows=0)
    assert set(watching.window.variables) == {"running_window", "num_entered"}
    for value in [*usual(20), *[6e-8] * 20]:
        assert watching([value, value])[1]
    assert not any(watching([value, value])[1] for value in usual(9))


def test_the_floor_is_the_median_of_the_limits_at_the_ends_of_windows():
    watching = Watching(sigmas=2.0, window=3, minimum=2, floor_windows=3)

    def highest(values):
        return np.mean(values[-3:]) + 2 * np.std(values[-3:], ddof=1)

    losses = [4.0, 3.0, 3.5, 3.0, 2.0, 2.5, 2.0, 1.0, 1.5, 1.0, 0.5, 0.9, 0.5, 0.4, 0.45]
    accepted, ends, floors = [], {}, [4.0]
    for loss in losses:
        expected = np.finfo(np.float32).max
        if len(accepted) >= 2:
            floors.append(np.median([ends.get(place, 4.0) for place in range(3)]))
            expected = max(highest(accepted), floors[-1])
        limits, accept = watching([loss, loss])
        assert accept
        np.testing.assert_allclose(limits, [expected] * 2, rtol=1e-6)
        accepted.append(loss)
        if len(accepted) % 3 == 0:
            ends[len(accepted) // 3 % 3] = highest(accepted)
    assert floors[-1] < 3.0
