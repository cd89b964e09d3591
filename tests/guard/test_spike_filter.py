"""Skipping a step that is far above what lately was usual: by hand, compiled, resumed."""

import numpy as np
import pytest
import tensorflow as tf
from test_guard import INF, NAN, Change, Gradient, Proposed

from ranker.guard import ACCEPTED, BAD_LOSS, LOSS_SPIKE, NORM_SPIKE, Guard, SpikeFilter

LARGEST = np.finfo(np.float32).max


def proposal(norm):
    """Returns a proposal of two gradients, whose norm together is `norm`: 0.6 and 0.8 of it."""
    parts = [tf.stack([0.6 * norm, 0.0]), tf.reshape(0.8 * norm, [1, 1])]
    rows = [None, tf.constant([4], tf.int64)]
    gradients = [Gradient(r, g, i) for i, (r, g) in enumerate(zip(rows, parts, strict=True))]
    change = Change(None, tf.ones([2]), tf.ones([2]), (), tf.constant(1.0), 0)
    return Proposed(tuple(gradients), (change,))


class Attempts:
    """A guard that judges and records losses and norms, in a graph or not."""

    def __init__(self, *, is_compiled=False, max_refusals=99, **spike_filter):
        self.guard = Guard(max_refusals=max_refusals, spike_filter=SpikeFilter(**spike_filter))
        self._run = tf.function(self._attempt) if is_compiled else self._attempt

    def _attempt(self, loss, norm):
        verdict = self.guard.judge(tf.stack([loss / 4]), proposal(norm), total=loss)
        self.guard.record(verdict)
        return verdict

    def __call__(self, loss, norm=1.0):
        return self._run(tf.constant(loss, tf.float32), tf.constant(norm, tf.float32))

    def reasons(self, losses):
        return [int(self(loss).reason) for loss in losses]

    def state(self):
        return {name: v.numpy().tobytes() for name, v in self.guard.variables.items()}


@pytest.mark.parametrize("is_compiled", [False, True])
def test_refuses_what_is_above_the_mean_and_so_many_deviations(is_compiled):
    attempts = Attempts(sigmas=1.5, window=4, minimum=3, of="loss", is_compiled=is_compiled)
    # 1, 2, 6: mean 3, deviation sqrt((4 + 1 + 9) / 2) = sqrt(7); 3 + 1.5 sqrt(7) = 6.96863.
    assert attempts.reasons([1, 2, 6]) == [ACCEPTED] * 3
    verdict = attempts(6.97)
    assert (bool(verdict.accept), int(verdict.reason)) == (False, LOSS_SPIKE)
    np.testing.assert_allclose(verdict.limits, [6.96863], rtol=1e-6)
    np.testing.assert_allclose(verdict.watched, [6.97])
    assert (int(verdict.task), int(verdict.variable), int(verdict.row)) == (-1, -1, -1)
    # The refused one did not enter: the limit is what it was, and 6.968 is under it.
    assert attempts.reasons([7, 6.968]) == [LOSS_SPIKE, ACCEPTED]
    # 1, 2, 6, 6.968: the window is full; the next pushes the 1 out, not the 2.
    assert attempts.reasons([5]) == [ACCEPTED]
    window = attempts.guard.variables["running_window"].numpy()
    np.testing.assert_allclose(window, np.float32([[5], [2], [6], [6.968]]))
    assert int(attempts.guard.variables["num_entered"]) == 5
    assert int(attempts.guard.refused) == 2


def test_is_what_numpy_says_of_the_last_accepted():
    attempts = Attempts(sigmas=1.2, window=7, minimum=4, of="both", is_compiled=True)
    random = np.random.default_rng(5)
    accepted = []
    reasons = []
    for loss, norm in random.lognormal(0, 1, (200, 2)).astype(np.float32):
        last = np.array(accepted[-7:], np.float64).reshape(-1, 2)
        expected = ACCEPTED
        if len(last) >= 4:
            limits = last.mean(axis=0) + 1.2 * last.std(axis=0, ddof=1)
            expected = LOSS_SPIKE if loss > limits[0] else ACCEPTED
            expected = NORM_SPIKE if expected == ACCEPTED and norm > limits[1] else expected
        verdict = attempts(loss, norm)
        assert int(verdict.reason) == expected
        if len(last) >= 4:
            np.testing.assert_allclose(verdict.limits, limits, rtol=1e-5)
        if expected == ACCEPTED:
            accepted.append((loss, verdict.watched[1].numpy()))
        reasons.append(expected)
    assert set(reasons) == {ACCEPTED, LOSS_SPIKE, NORM_SPIKE}


def test_the_norm_is_that_of_all_gradients_together_before_any_clipper():
    attempts = Attempts(sigmas=2.0, window=3, minimum=2, of="norm")
    for norm in (2.0, 4.0):  # 3 + 2 sqrt(2) = 5.828
        np.testing.assert_allclose(attempts(9.0, norm).watched, [norm], rtol=1e-6)
    verdict = attempts(9e9, 5.83)
    assert int(verdict.reason) == NORM_SPIKE
    np.testing.assert_allclose(verdict.limits, [3 + 8**0.5], rtol=1e-6)
    assert int(attempts(9e9, 5.82).reason) == ACCEPTED


@pytest.mark.parametrize("size", [1e-30, 1e-3, 1e30])
def test_the_limit_is_right_whatever_the_size(size):
    attempts = Attempts(sigmas=3.0, window=4, minimum=3, of="loss")
    assert attempts.reasons([1 * size, 2 * size, 6 * size]) == [ACCEPTED] * 3
    verdict = attempts(11.0 * size)  # 3 + 3 sqrt(7) = 10.937
    np.testing.assert_allclose(verdict.limits, [size * (3 + 3 * 7**0.5)], rtol=1e-5)
    assert int(verdict.reason) == LOSS_SPIKE


@pytest.mark.parametrize("bad", [NAN, INF])
@pytest.mark.parametrize(("num_before", "is_compiled"), [(1, True), (5, True), (5, False)])
def test_what_is_not_finite_keeps_its_reason_and_never_enters(bad, num_before, is_compiled):
    attempts = Attempts(sigmas=2.0, window=4, minimum=3, of="both", is_compiled=is_compiled)
    attempts.reasons([1.0] * num_before)
    before = attempts.state()
    assert int(attempts(bad).reason) == BAD_LOSS
    assert int(attempts(1.0, bad).reason) == NORM_SPIKE
    after = attempts.state()
    assert {n for n in before if before[n] != after[n]} == {"refused", "refused_in_a_row"}


def test_a_total_or_norm_that_overflows_is_refused_from_the_start():
    guard = Guard(max_refusals=9, spike_filter=SpikeFilter(of="loss"))
    verdict = guard.judge(tf.constant([3e38, 3e38]), proposal(1.0), total=tf.constant(INF))
    assert int(verdict.reason) == LOSS_SPIKE
    assert verdict.limits.numpy().tolist() == [LARGEST]
    assert guard.judge(tf.constant([3e38]), proposal(1.0), total=tf.constant(3e38)).accept


def test_a_lasting_change_of_level_ends_in_a_halt():
    attempts = Attempts(sigmas=6.0, window=8, minimum=4, of="loss", max_refusals=3)
    attempts.reasons([1.0, 1.1, 0.9, 1.0])
    assert attempts.reasons([5.0, 5.0, 5.0]) == [LOSS_SPIKE] * 3
    assert bool(attempts.guard.halted())


def test_after_attempts_all_alike_nothing_above_them_is_usual():
    attempts = Attempts(sigmas=6.0, window=8, minimum=3, of="loss")
    assert attempts.reasons([0.1, 0.1, 0.1, 0.1, 0.10001, 0.1]) == [0] * 4 + [LOSS_SPIKE, 0]


def test_sigmas_may_change_while_the_graph_is_running():
    sigmas = tf.Variable(1.0)
    attempts = Attempts(sigmas=sigmas, window=4, minimum=3, of="loss", is_compiled=True)
    attempts.reasons([1, 2, 6])
    assert int(attempts(6.0).reason) == LOSS_SPIKE  # 3 + sqrt(7) = 5.65
    sigmas.assign(NAN)
    assert int(attempts(0.5).reason) == LOSS_SPIKE
    assert int(attempts.guard.refused) == 2
    sigmas.assign(1.5)
    assert int(attempts(6.0).reason) == ACCEPTED


def test_a_resumed_guard_goes_on_with_the_same_bits():
    whole, stopped = (Attempts(sigmas=2.0, window=5, minimum=3) for _ in range(2))
    losses = np.random.default_rng(2).lognormal(0, 1, 30)
    whole.reasons(losses)
    first = stopped.reasons(losses[:13])
    resumed = Attempts(sigmas=2.0, window=5, minimum=3)
    for name, variable in resumed.guard.variables.items():
        variable.assign(stopped.guard.variables[name])
    rest = resumed.reasons(losses[13:])
    assert whole.state() == resumed.state()
    assert LOSS_SPIKE in first
    assert LOSS_SPIKE in rest


def test_a_guard_without_it_keeps_nothing_and_watches_nothing():
    guard = Guard(max_refusals=2)
    assert set(guard.variables) == {"refused", "refused_in_a_row"}
    verdict = guard.judge(tf.constant([1e30]), proposal(1e30))
    assert verdict.accept
    assert verdict.watched.shape == verdict.limits.shape == (0,)
    assert guard.watched == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sigmas": 0.0}, r"sigmas must be > 0, got 0\.0"),
        ({"sigmas": NAN}, "sigmas must be finite and > 0, got nan"),
        ({"minimum": 1}, "minimum must be >= 2, got 1"),
        ({"window": 63}, "window must be >= 64, got 63"),
        ({"of": "losses"}, "of 'losses' is none of loss, norm, both"),
    ],
)
def test_settings_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SpikeFilter(**arguments)


def test_the_loss_must_be_given_to_be_watched():
    with pytest.raises(ValueError, match="of is 'both', but the total loss is not given"):
        Guard(max_refusals=1, spike_filter=SpikeFilter()).judge(tf.constant([1.0]), proposal(1.0))
