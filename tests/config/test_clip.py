"""Clippers against the rules they are to work with, before anything is built."""

import pytest

from ranker.config import settings
from ranker.config.optimizer import AdagradRule, AdamRule, RmspropRule, SgdRule


def config(*clips, dense, embeddings=None):
    groups = {"dense": dense, "embeddings": embeddings or dense}
    optimizer = settings.OptimizerSettings(
        **{name: settings.GroupSettings(rule=rule) for name, rule in groups.items()}
    )
    return settings.RunConfig(clip=clips, optimizer=optimizer)


GRADIENT_RMS = settings.RmsClip(of="gradient", targets="dense")
LATE_SPAM = settings.SpamClip(reset_every=300)


@pytest.mark.parametrize("clip", [GRADIENT_RMS, LATE_SPAM], ids=lambda clip: clip.kind)
@pytest.mark.parametrize("rule", [AdagradRule(), SgdRule()], ids=lambda rule: rule.kind)
def test_a_mean_of_squared_gradients_is_asked_of_the_rules_that_have_one(clip, rule):
    said = f"clip '{clip.kind}' goes by .* the rule of dense, {rule.kind}, has none; adam and"
    with pytest.raises(ValueError, match=said):
        config(clip, dense=rule, embeddings=AdamRule())
    for fit in (AdamRule(), RmspropRule()):
        assert config(clip, dense=fit, embeddings=rule).clip == (clip,)


def test_the_other_clippers_go_with_every_rule():
    for rule in (AdagradRule(), AdamRule(), RmspropRule(), SgdRule()):
        config(
            settings.LambClip(),
            settings.RmsClip(),
            settings.AutoClipClip(),
            settings.ZClipClip(),
            settings.AdaGcClip(),
            settings.GradientStabilizerClip(),
            settings.CowClipClip(),
            dense=rule,
        )


def test_an_accumulator_is_asked_of_the_rules_that_have_one():
    clip = settings.ClippyClip(accumulator_relative=0.3, targets="embeddings")
    with pytest.raises(ValueError, match=r"relative is 0\.3, but the rule of embeddings, sgd, has"):
        config(clip, dense=AdamRule(), embeddings=SgdRule())
    config(clip, dense=SgdRule(), embeddings=RmspropRule())


def test_a_group_starts_over_at_one_pace():
    both = (settings.SpamClip(targets="all"), LATE_SPAM)
    with pytest.raises(ValueError, match=r"'spam' is given twice for dense, .* reset_every 300"):
        config(*both, dense=AdamRule())
    apart = (LATE_SPAM, settings.SpamClip(reset_every=200, targets="embeddings"))
    config(*apart, dense=AdamRule())
    assert settings.spam_of(apart, "dense") == apart[0]
    assert settings.spam_of(apart, "embeddings") == apart[1]
    assert settings.spam_of(apart[1:], "dense") is None


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (settings.LambClip, {"scale": 0.0}, "scale must be > 0.*, got 0.0"),
        (settings.RmsClip, {"max_rms": 0.0}, "max_rms must be > 0"),
        (settings.RmsClip, {"epsilon": 0.0}, "epsilon must be > 0"),
        (settings.AutoClipClip, {"percentile": 100.0}, "percentile must be > 0.* and < 100.*"),
        (settings.AutoClipClip, {"window": 0}, "window must be >= 1, got 0"),
        (settings.ZClipClip, {"alpha": 1.0}, "alpha must be >= 0 and < 1, got 1.0"),
        (settings.ZClipClip, {"max_z": -1.0}, "max_z must be > 0"),
        (settings.ZClipClip, {"max_norm": 0.0}, "max_norm must be > 0"),
        (settings.ZClipClip, {"warmup_steps": 0}, "warmup_steps must be >= 1"),
        (settings.AdaGcClip, {"max_ratio": 0.0}, "max_ratio must be > 0"),
        (settings.AdaGcClip, {"max_norm": 0.0}, "max_norm must be > 0"),
        (settings.AdaGcClip, {"beta": 1.0}, "beta must be >= 0 and < 1"),
        (settings.AdaGcClip, {"warmup_steps": -1}, "warmup_steps must be >= 0"),
        (settings.GradientStabilizerClip, {"gamma_1": 1.0}, "gamma_1 must be"),
        (settings.GradientStabilizerClip, {"gamma_2": -0.1}, "gamma_2 must be"),
        (settings.SpamClip, {"threshold": 0.0}, "threshold must be > 0"),
        (settings.SpamClip, {"rest_steps": -1}, "rest_steps must be >= 0"),
        (settings.SpamClip, {"warmup_steps": -1}, "warmup_steps must be >= 0"),
        (settings.SpamClip, {"warmup_steps": 500}, "reset_every must be > 500, got 500"),
        (settings.SpamClip, {"rest_steps": 600}, "reset_every must be > 600, got 500"),
        (settings.CowClipClip, {"max_ratio": 0.0}, "max_ratio must be > 0"),
        (settings.CowClipClip, {"floor": 0.0}, "floor must be > 0"),
    ],
)
def test_a_number_out_of_its_range_is_refused(kind, wrong, message):
    with pytest.raises(ValueError, match=message):
        kind(**wrong)
