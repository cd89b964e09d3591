"""The detector: by hand, beside plain Python, compiled, resumed, and what never enters."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from plain_detector import PlainDetector

from ranker.guard import FULL, HEALTHY, JUMP, MICRO, SYMPTOMS, Detector, Findings, detect
from ranker.measure import divergence
from ranker.spec import guard as spec_guard
from ranker.spec.guard import Detect

pytestmark = pytest.mark.runs

NAN, INF = float("nan"), float("inf")
SMALL = {"window": 20, "minimum": 10, "max_recovery": 15}
LABELS = np.array([0, 1, 0, 1, 1, 0] * 40, np.float32)


class Watched:
    """A detector that takes one attempt after the other, in a graph or not."""

    def __init__(self, *, is_binary=(False,), bases=(), is_compiled=True, **settings):
        detect = Detect(**{**SMALL, **settings})
        self.detector = Detector(detect, is_binary=is_binary, bases=bases)
        self.attempt = self._attempt
        if is_compiled:
            self.attempt = tf.function(self._attempt, autograph=False, reduce_retracing=True)

    def __call__(self, losses, *, accepted=None, norms=None, logits=None):
        """Returns the findings of [K, T] losses, as arrays, each stacked over the attempts."""
        losses = np.asarray(losses, np.float32).reshape(-1, len(self.detector.is_binary))
        num = len(losses)
        accepted = np.ones(num, bool) if accepted is None else np.asarray(accepted, bool)
        norms = np.ones(num, np.float32) if norms is None else np.asarray(norms, np.float32)
        logits = np.zeros((num, len(LABELS))) if logits is None else logits
        logits = np.asarray(logits, np.float32)
        parts = map(tf.constant, (losses, accepted, norms, logits))
        found = [self.attempt(*attempt) for attempt in zip(*parts, strict=True)]
        return Findings(*(np.stack(values) for values in zip(*found, strict=True)))

    def looks(self, losses, **parts):
        """Returns what the looks said of one task: the symptom at each fifth attempt."""
        symptoms = self(losses, **parts).symptoms
        assert np.all(symptoms[:4] == symptoms[0])
        return symptoms[4::5, 0].tolist()

    def state(self):
        return {name: v.numpy().tobytes() for name, v in self.detector.variables.items()}

    def _attempt(self, losses, accept, norm, logits):
        batch = (logits, tf.constant(LABELS), tf.ones_like(logits))
        ranked = [batch] * sum(self.detector.is_binary)
        return self.detector.observe(losses, ranked, norm=lambda: norm, accept=accept)


def flat(num, level=2.0, ripple=0.01):
    """Alternates around `level`; neighbours differ by 2 * ripple."""
    return level + ripple * np.where(np.arange(num) % 2, 1, -1)


def test_the_constants_are_those_of_hindsight():
    assert (spec_guard.BLOCK, spec_guard.RETURN, detect.RISE) == (
        divergence._SMOOTHING,
        divergence._RETURN,
        divergence._RISE,
    )
    assert (detect.CHANCE, detect.TIED) == (divergence._CHANCE, divergence._TIED)
    defaults = Detect()
    assert (defaults.sigmas, defaults.margin, defaults.minimum) == (
        divergence._SIGMAS,
        divergence._MARGIN,
        divergence._MIN_HISTORY,
    )
    assert defaults.window == divergence._WINDOW // 5 * 5


@pytest.mark.parametrize("is_compiled", [True, False])
def test_a_jump_opens_returns_and_stays(is_compiled):
    watched = Watched(is_compiled=is_compiled)
    assert watched.looks(flat(15)) == [HEALTHY] * 3
    # sigma is 1.4826 / sqrt(2) * 0.02 = 0.021, so the margin rules: 1.99 * 1.1 = 2.189.
    assert watched.looks([2, 2, 3, 3, 3]) == [JUMP]
    assert watched.looks([3, 3, 2.1, 2.1, 2.1]) == [JUMP]  # above 1.99 * 1.05 = 2.0895
    assert watched.looks([2.1, 2.1, 2.08, 2.08, 2.08]) == [MICRO]
    assert watched.looks(flat(5)) == [HEALTHY]
    # From the third of its block: 3, 8, 13, 18 attempts.
    assert watched.looks([2, 2, 3, 3, 3] + [3] * 20) == [JUMP, JUMP, JUMP, FULL, FULL]
    assert watched.looks([2.0] * 10) == [MICRO, HEALTHY]


@pytest.mark.parametrize(("high", "opens"), [(2.18, False), (2.2, True)])
def test_a_jump_needs_a_tenth(high, opens):
    watched = Watched()
    watched(flat(15))  # median 1.99: 2.189
    assert watched.looks([high] * 5) == [JUMP if opens else HEALTHY]


@pytest.mark.parametrize(("high", "opens"), [(4.7, False), (4.8, True)])
def test_a_jump_needs_seven_sigmas(high, opens):
    watched = Watched()
    watched(flat(15, ripple=0.2))  # 7 * 1.4826 / sqrt(2) * 0.4 = 2.935, above 1.8: 4.735
    assert watched.looks([high] * 5) == [JUMP if opens else HEALTHY]


def test_two_of_five_are_no_jump_and_three_are():
    watched = Watched()
    watched(flat(15))
    assert watched.looks([2, 9, 2, 2, 9]) == [HEALTHY]
    assert watched.looks([9, 2, 2, 9, 9]) == [JUMP]


def test_a_trend_is_no_noise():
    watched = Watched(window=200, floor_windows=0)
    watched(np.linspace(4.0, 2.0, 100))  # neighbours differ by 0.02: 7 sigma are 0.15
    assert watched.looks([3.4] * 5) == [JUMP]  # median 3: above 3.3


def test_before_the_level_is_known_half_above_the_first_is_a_jump():
    watched = Watched()
    assert watched.looks([2, 2, 2.9, 2.9, 2.9]) == [HEALTHY]
    assert watched.looks([3.1] * 15) == [JUMP, JUMP, FULL]
    assert watched.looks([2.0] * 5) == [MICRO]
    never = Watched()
    assert never.looks([2.0, 1e9, 1e9, 1e9, 1e9]) == [JUMP]


def test_the_level_is_that_before_the_jump_and_began_is_said_once():
    watched = Watched()
    watched(flat(15))
    found = watched([[3.0]] * 20)
    np.testing.assert_allclose(found.levels[4:], 1.99, rtol=1e-6)
    assert np.flatnonzero(found.began[:, 0]).tolist() == [4, 14]
    assert found.symptoms[[4, 14], 0].tolist() == [JUMP, FULL]


def test_tasks_are_judged_apart():
    watched = Watched(is_binary=(False, False))
    losses = np.stack([flat(40), flat(40, level=5.0)], axis=1)
    losses[20:, 1] = 9.0
    symptoms = watched(losses).symptoms[4::5]
    assert symptoms[:, 0].tolist() == [HEALTHY] * 8
    assert symptoms[:, 1].tolist() == [HEALTHY] * 4 + [JUMP, JUMP, FULL, FULL]


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_what_is_not_finite_never_enters_and_is_full_when_it_stays(bad):
    watched, undisturbed = Watched(), Watched()
    watched(flat(15))
    undisturbed(flat(15))
    assert watched.looks([bad] * 15) == [HEALTHY, HEALTHY, FULL]
    for name in ("running_window", "first", "num_entered", "age"):
        assert watched.state()[name] == undisturbed.state()[name]
    assert watched.looks(flat(5)) == [HEALTHY]


def test_refused_attempts_never_enter_and_all_refused_is_full():
    watched, undisturbed = Watched(), Watched()
    watched(flat(15))
    undisturbed(flat(15))
    assert watched.looks([9.0] * 15, accepted=[False] * 15) == [HEALTHY, HEALTHY, FULL]
    for name in ("running_window", "first", "num_entered", "age"):
        assert watched.state()[name] == undisturbed.state()[name]
    assert watched.looks([9.0] * 5, accepted=[True, False, False, False, True]) == [HEALTHY]
    assert watched.looks([9.0] * 5, accepted=[True, False, True, False, True]) == [JUMP]
    # A refusal is no return: the jump grows older.
    assert watched.looks([2.0] * 10, accepted=[False] * 10) == [JUMP, FULL]


def test_an_open_jump_feeds_no_level():
    watched = Watched(max_recovery=500)
    watched(flat(15))
    before = watched.state()
    watched([5.0] * 100)
    after = watched.state()
    assert after["running_window"] == before["running_window"]
    assert watched.looks([3.0] * 5) == [JUMP]


def test_a_batch_without_labels_is_passed_over():
    watched = Watched()
    watched([0.0] * 100)
    assert watched.looks(flat(20)) == [HEALTHY] * 4
    watched([0.0] * 100)
    assert watched.looks([3.0] * 5) == [JUMP]


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e30])
def test_the_loss_s_unit_does_not_matter(scale):
    losses = np.concatenate([flat(30), [4.0] * 10, flat(30), [4.0] * 25, flat(10)])
    expected = Watched().looks(losses)
    assert {JUMP, MICRO, FULL} < set(expected)
    assert Watched().looks(losses * scale) == expected


@pytest.mark.parametrize("level", [-2.0, 1e-30, 1e30, 3e38])
def test_constant_losses_are_healthy(level):
    assert set(Watched().looks([level] * 100)) == {HEALTHY}


def test_it_is_what_plain_python_says():
    generator = np.random.default_rng(3)
    said = []
    for place in range(8):
        windows, base = [(0, 0.0), (5, 0.0), (5, 1.5), (2, 1.0)][place % 4]
        losses = generator.lognormal(0.0, generator.uniform(0.02, 0.2), 400)
        losses *= np.linspace(generator.uniform(1, 3), 1, 400)
        for start in generator.integers(20, 400, 4):
            losses[start : start + generator.integers(1, 60)] *= generator.uniform(1.2, 6)
        accepted = generator.random(400) > 0.1
        for start in generator.integers(0, 400, 2):
            accepted[start : start + generator.integers(1, 40)] = False
        losses[generator.integers(0, 400, 30)] = generator.choice([NAN, INF, 0.0], 30)
        losses = losses.astype(np.float32)
        plain = PlainDetector(**SMALL, floor_windows=windows, base=base)
        rows = zip(losses.reshape(-1, 5), accepted.reshape(-1, 5), strict=True)
        expected = [SYMPTOMS.index(plain.look(*map(np.ndarray.tolist, row))) for row in rows]
        watched = Watched(bases=(base,), floor_windows=windows)
        assert watched.looks(losses, accepted=accepted) == expected
        said += expected
    assert min(said.count(symptom) for symptom in range(4)) >= 10


@pytest.mark.parametrize("at", [41, 43, 62])
def test_restored_inside_a_jump_it_goes_on_with_the_same_bits(at):
    losses = np.concatenate([flat(40), [4.0] * 40, flat(20)])
    logits = np.random.default_rng(1).normal(size=(100, len(LABELS)))
    whole, stopped, resumed = (Watched(is_binary=(True,)) for _ in range(3))
    expected = whole(losses, logits=logits)
    stopped(losses[:at], logits=logits[:at])
    for name, variable in resumed.detector.variables.items():
        variable.assign(stopped.detector.variables[name])
    rest = resumed(losses[at:], logits=logits[at:])
    for found, wanted in zip(rest, expected, strict=True):
        np.testing.assert_array_equal(found, wanted[at:])
    assert whole.state() == resumed.state()
    assert stopped.state() != whole.state()


def test_what_ranked_and_ranks_no_more_is_full():
    good, none = 2 * LABELS - 1, np.zeros_like(LABELS)  # AUC 1 and, all tied, 1/2
    watched = Watched(is_binary=(False, True))
    losses = np.ones((60, 2))
    logits = np.concatenate([[good] * 30, [none] * 30])
    found = watched(losses, logits=logits)
    # Three AUCs count: after 1, 1/2, 1/2 the mean is 2/3, after the third 1/2.
    assert found.symptoms[4::5, 1].tolist() == [HEALTHY] * 8 + [FULL] * 4
    assert found.symptoms[4::5, 0].tolist() == [HEALTHY] * 12
    assert found.began.sum() == 1
    back = watched(losses[:15], logits=[good] * 15)
    assert back.symptoms[4::5, 1].tolist() == [HEALTHY] * 3  # the mean is 2/3 at once


def test_scores_that_never_ranked_are_not_full_unless_all_are_equal():
    noise = np.random.default_rng(0).normal(size=(200, len(LABELS)))
    assert set(Watched(is_binary=(True,)).looks(np.ones(200), logits=noise)) == {HEALTHY}
    assert Watched(is_binary=(True,)).looks(np.ones(15)) == [HEALTHY, HEALTHY, FULL]


def test_the_norm_s_jump_is_said_and_what_stays_becomes_usual():
    watched = Watched(window=200)
    norms = np.concatenate([np.ones(100), np.full(5, 9.0), np.ones(5), np.full(200, 9.0)])
    found = watched(np.ones(310), norms=norms)
    looks = found.norm_symptom[4::5, 0]
    assert looks[:23].tolist() == [HEALTHY] * 20 + [JUMP, HEALTHY, JUMP]
    assert looks[-1] == HEALTHY
    assert np.all(found.symptoms == HEALTHY)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"minimum": 1}, "minimum must be >= 2, got 1"),
        ({"window": 25}, "window must be >= 30 and a multiple of 5, got 25"),
        ({"window": 201}, "window must be a multiple of 5, got 201"),
        ({"max_recovery": 42}, "max_recovery must be >= 5 and a multiple of 5, got 42"),
        ({"max_recovery": 0}, "max_recovery must be >= 5 and a multiple of 5, got 0"),
        ({"sigmas": 0.0}, r"sigmas must be > 0, got 0\.0"),
        ({"floor_windows": -1}, "floor_windows must be >= 0, got -1"),
        ({"margin": 0.05}, r"margin must be > 0\.05, got 0\.05"),
        ({"margin": NAN}, "margin must be finite and > 0.05, got nan"),
    ],
)
def test_settings_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Detect(**arguments)
    (name,) = arguments
    with pytest.raises(ValueError, match=f"{name} must be"):
        Detect(**arguments)


def test_the_settings_of_a_run_have_the_same_names_and_defaults():
    assert dataclasses.asdict(Detect()) == dataclasses.asdict(Detect())
