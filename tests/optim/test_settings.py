"""Every setting of every rule, clipper and schedule survives a round trip and is checked."""

import dataclasses
import json
import math

import pytest

from ranker import optim

KINDS = {
    optim.Adagrad: {
        "initial_accumulator": 0.7,
        "epsilon": 1e-3,
        "order": "delayed",
        "accumulate": "clipped",
    },
    optim.Adam: {"beta_1": 0.5, "beta_2": 0.6, "epsilon": 1e-3},
    optim.RmsProp: {
        "rho": 0.5,
        "momentum": 0.0,
        "initial_mean_square": 0.3,
        "epsilon": 1e-3,
        "order": "delayed",
        "accumulate": "clipped",
    },
    optim.Sgd: {"momentum": 0.4, "nesterov": True},
    optim.Value: {"max_value": 3.0, "targets": "dense"},
    optim.Norm: {"max_norm": 3.0, "targets": "dense"},
    optim.GlobalNorm: {"max_norm": 3.0, "targets": "dense"},
    optim.Agc: {"max_ratio": 0.2, "epsilon": 0.01, "targets": "all"},
    optim.Clippy: {
        "relative": 0.1,
        "absolute": 1e-7,
        "accumulator_relative": 0.2,
        "scope": "row",
        "targets": "all",
    },
    optim.Lamb: {"scale": 0.3, "targets": "all"},
    optim.Rms: {"max_rms": 2.0, "of": "gradient", "epsilon": 1e-3, "targets": "dense"},
    optim.AutoClip: {"percentile": 30.0, "window": 7, "targets": "dense"},
    optim.ZClip: {
        "alpha": 0.5,
        "max_z": 3.0,
        "max_norm": 2.0,
        "warmup_steps": 7,
        "targets": "dense",
    },
    optim.AdaGc: {
        "max_ratio": 2.0,
        "max_norm": 3.0,
        "beta": 0.5,
        "warmup_steps": 7,
        "targets": "dense",
    },
    optim.GradientStabilizer: {"gamma_1": 0.5, "gamma_2": 0.75, "targets": "dense"},
    optim.Spam: {
        "threshold": 3.0,
        "rest_steps": 2,
        "reset_every": 7,
        "warmup_steps": 3,
        "targets": "all",
    },
    optim.CowClip: {"max_ratio": 0.5, "floor": 0.25, "targets": "tables"},
    optim.Constant: {"rate": 0.3, "warmup_steps": 3},
    optim.Cosine: {"rate": 0.3, "decay_steps": 9, "warmup_steps": 3, "final_share": 0.5},
    optim.InverseSquareRoot: {"rate": 0.3, "warmup_steps": 3},
}


def settings_of(thing):
    """Returns every constructor argument by name, as configuration holds them."""
    return {f.name: getattr(thing, f.name) for f in dataclasses.fields(thing) if f.init}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_constructor_argument_survives_a_round_trip(kind):
    arguments = KINDS[kind]
    assert set(arguments) == {f.name for f in dataclasses.fields(kind) if f.init}
    for name, value in arguments.items():
        field = next(f for f in dataclasses.fields(kind) if f.name == name)
        assert value != field.default or name == "momentum"  # or its loss would not show
    thing = kind(**arguments)
    back = kind(**json.loads(json.dumps(settings_of(thing))))
    assert back == thing
    assert settings_of(back) == arguments


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, name)
        for kind, arguments in KINDS.items()
        for name, value in arguments.items()
        if type(value) in (int, float)
    ],
    ids=lambda x: getattr(x, "__name__", x),
)
def test_no_number_may_be_nan_infinite_or_negative(kind, name, bad):
    with pytest.raises(ValueError, match=f"{kind.__name__}: {name} must be .*, got {bad}"):
        kind(**KINDS[kind] | {name: bad})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optim.Adagrad(accumulate="clipped"), "'clipped' needs order 'delayed', got 'stan"),
        (lambda: optim.RmsProp(accumulate="clipped"), "'clipped' needs order 'delayed', got 'stan"),
        (lambda: optim.Adagrad(order="late"), "order 'late' is none of standard, delayed"),
        (lambda: optim.Adagrad(accumulate="all"), "accumulate 'all' is none of raw, clipped"),
        (lambda: optim.Clippy(scope="table"), "scope 'table' is none of variable, layer, row, co"),
        (lambda: optim.Sgd(nesterov=True), "nesterov needs a momentum > 0, got 0.0"),
        (lambda: optim.Rms(of="step"), "of 'step' is none of update, gradient"),
        (lambda: optim.AutoClip(percentile=100.0), "percentile must be .* < 100, got 100"),
        (
            lambda: optim.Spam(rest_steps=9, reset_every=9, warmup_steps=0),
            "reset_every .* > 9, got 9",
        ),
        (lambda: optim.ZClip(alpha=1.0), "alpha must be >= 0 and < 1, got 1.0"),
        (lambda: optim.Adam(beta_2=1.0), "beta_2 must be >= 0 and < 1, got 1.0"),
        (
            lambda: optim.RmsProp(order="delayed", initial_mean_square=0.1, momentum=0.5),
            "momentum 0.5 needs order 'standard'",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
