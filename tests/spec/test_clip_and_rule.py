"""Clippers against the rules they are to work with, before anything is built."""

import pytest

from ranker.spec.clip import Clippy, CowClip, Lamb, Rms
from ranker.spec.clip_by_history import AdaGc, AutoClip, GradientStabilizer, Spam, ZClip
from ranker.spec.optimizer import GroupSettings, OptimizerSettings
from ranker.spec.rule import Adagrad, Adam, RmsProp, Sgd
from ranker.spec.run import RunConfig, spam_of


def config(*clips, dense, embeddings=None):
    groups = {"dense": dense, "embeddings": embeddings or dense}
    optimizer = OptimizerSettings(
        **{name: GroupSettings(rule=rule) for name, rule in groups.items()}
    )
    return RunConfig(clip=clips, optimizer=optimizer)


GRADIENT_RMS = Rms(of="gradient", targets="dense")
LATE_SPAM = Spam(reset_every=300)


@pytest.mark.parametrize("clip", [GRADIENT_RMS, LATE_SPAM], ids=lambda clip: clip.kind)
@pytest.mark.parametrize("rule", [Adagrad(), Sgd()], ids=lambda rule: rule.kind)
def test_a_mean_of_squared_gradients_is_asked_of_the_rules_that_have_one(clip, rule):
    said = f"clip '{clip.kind}' goes by .* the rule of dense, {rule.kind}, has none; adam and"
    with pytest.raises(ValueError, match=said):
        config(clip, dense=rule, embeddings=Adam())
    for fit in (Adam(), RmsProp()):
        assert config(clip, dense=fit, embeddings=rule).clip == (clip,)


def test_the_other_clippers_go_with_every_rule():
    for rule in (Adagrad(), Adam(), RmsProp(), Sgd()):
        config(
            Lamb(),
            Rms(),
            AutoClip(),
            ZClip(),
            AdaGc(),
            GradientStabilizer(),
            CowClip(),
            dense=rule,
        )


def test_an_accumulator_is_asked_of_the_rules_that_have_one():
    clip = Clippy(accumulator_relative=0.3, targets="embeddings")
    with pytest.raises(ValueError, match=r"relative is 0\.3, but the rule of embeddings, sgd, has"):
        config(clip, dense=Adam(), embeddings=Sgd())
    config(clip, dense=Sgd(), embeddings=RmsProp())


def test_a_group_starts_over_at_one_pace():
    both = (Spam(targets="all"), LATE_SPAM)
    with pytest.raises(ValueError, match=r"'spam' is given twice for dense, .* reset_every 300"):
        config(*both, dense=Adam())
    apart = (LATE_SPAM, Spam(reset_every=200, targets="embeddings"))
    config(*apart, dense=Adam())
    assert spam_of(apart, "dense") == apart[0]
    assert spam_of(apart, "embeddings") == apart[1]
    assert spam_of(apart[1:], "dense") is None


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (Lamb, {"scale": 0.0}, "scale must be > 0.*, got 0.0"),
        (Rms, {"max_rms": 0.0}, "max_rms must be > 0"),
        (Rms, {"epsilon": 0.0}, "epsilon must be > 0"),
        (AutoClip, {"percentile": 100.0}, "percentile must be > 0.* and < 100.*"),
        (AutoClip, {"window": 0}, "window must be >= 1, got 0"),
        (ZClip, {"alpha": 1.0}, "alpha must be >= 0 and < 1, got 1.0"),
        (ZClip, {"max_z": -1.0}, "max_z must be > 0"),
        (ZClip, {"max_norm": 0.0}, "max_norm must be > 0"),
        (ZClip, {"warmup_steps": 0}, "warmup_steps must be >= 1"),
        (AdaGc, {"max_ratio": 0.0}, "max_ratio must be > 0"),
        (AdaGc, {"max_norm": 0.0}, "max_norm must be > 0"),
        (AdaGc, {"beta": 1.0}, "beta must be >= 0 and < 1"),
        (AdaGc, {"warmup_steps": -1}, "warmup_steps must be >= 0"),
        (GradientStabilizer, {"gamma_1": 1.0}, "gamma_1 must be"),
        (GradientStabilizer, {"gamma_2": -0.1}, "gamma_2 must be"),
        (Spam, {"threshold": 0.0}, "threshold must be > 0"),
        (Spam, {"rest_steps": -1}, "rest_steps must be >= 0"),
        (Spam, {"warmup_steps": -1}, "warmup_steps must be >= 0"),
        (Spam, {"warmup_steps": 500}, "reset_every must be > 500, got 500"),
        (Spam, {"rest_steps": 600}, "reset_every must be > 600, got 500"),
        (CowClip, {"max_ratio": 0.0}, "max_ratio must be > 0"),
        (CowClip, {"floor": 0.0}, "floor must be > 0"),
    ],
)
def test_a_number_out_of_its_range_is_refused(kind, wrong, message):
    with pytest.raises(ValueError, match=message):
        kind(**wrong)
