"""Clippers against other implementations, step by step, as `record_oracles.py` recorded them."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from ranker import optim

FOLDER = Path(__file__).parents[1] / "golden" / "oracles"


def read(name):
    recording = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    assert len(recording["steps"]) == 60
    return recording


GRADIENTS = read("gradients")
NAMES = tuple(GRADIENTS["initial"])


def train(clipper, rule, *, rate=0.1, **group):
    """Yields the optimizer, and each step's updates and clip factors by variable."""
    variables = {name: tf.Variable(value) for name, value in GRADIENTS["initial"].items()}
    schedule = optim.Constant(rate=rate) if isinstance(rate, float) else rate
    groups = [optim.Group(name="dense", variables=variables, rule=rule, schedule=schedule, **group)]
    optimizer = optim.Optimizer(groups, clippers=[clipper])

    @tf.function
    def step(*gradients):
        transaction = optimizer.propose(gradients)
        transaction.commit(accept=tf.constant(True))
        return [change.update for change in transaction.changes], optimizer.factors(transaction)

    for gradients in GRADIENTS["steps"]:
        updates, factors = step(*(tf.constant(gradients[name]) for name in NAMES))
        yield (
            optimizer,
            {name: update.numpy() for name, update in zip(NAMES, updates, strict=True)},
            dict(zip(NAMES, factors.numpy(), strict=True)),
        )


def check_variables(optimizer, recorded, *, tolerance):
    for name, variable in zip(optimizer.names, optimizer.trainable, strict=True):
        np.testing.assert_allclose(variable, recorded[name], rtol=tolerance, atol=tolerance)


def test_adagc_is_that_of_pytorch_optimizer():
    recording = read("adagc")
    settings = recording["settings"]
    clipper = optim.AdaGc(
        max_ratio=settings["lambda_rel"],
        max_norm=settings["lambda_abs"],
        beta=settings["beta"],
        warmup_steps=settings["warmup_steps"] - 1,  # it counts from 1 and stops short of them
        targets="dense",
    )
    factors = []
    rule = optim.Adam(beta_1=0.9, beta_2=0.99, epsilon=1e-8)
    for ours, theirs in zip(train(clipper, rule), recording["steps"], strict=True):
        check_variables(ours[0], theirs, tolerance=2e-5)
        for name in NAMES:
            usual = ours[0].variables[f"clip/0/{name}/usual_norm"]
            np.testing.assert_allclose(usual, theirs["gamma"][name], rtol=1e-5)
        factors.append(ours[2])
    assert factors[5] != {"kernel": 1.0, "bias": 1.0}
    assert factors[27]["kernel"] < 0.03
    assert factors[33]["bias"] < 0.01
    assert factors[33]["kernel"] > 0.5


def test_rms_of_the_gradient_is_stable_adamw_of_pytorch_optimizer():
    recording = read("stable_adamw")
    rule = optim.Adam(beta_1=0.9, beta_2=0.95, epsilon=1e-8)
    steps = train(optim.Rms(of="gradient"), rule, weight_decay=0.05)
    factors = []
    for ours, theirs in zip(steps, recording["steps"], strict=True):
        check_variables(ours[0], theirs, tolerance=2e-5)
        factors.append(ours[2])
    # Of a spike at the 34th step, v is 0.05 g^2 / (1 - 0.95^34): the root of v / g^2.
    np.testing.assert_allclose(factors[33]["bias"], (0.05 / (1 - 0.95**34)) ** 0.5, rtol=0.01)
    np.testing.assert_allclose(list(factors[0].values()), 1.0, rtol=1e-6)


def test_zclip_is_that_of_its_authors():
    recording = read("zclip")
    clipper = optim.ZClip(alpha=0.9, max_z=2.0, max_norm=2.5, warmup_steps=12)
    is_known = []
    for ours, theirs in zip(train(clipper, optim.Sgd(), rate=1.0), recording["steps"], strict=True):
        for name in NAMES:  # they divide by the norm + 1e-6
            np.testing.assert_allclose(ours[1][name], theirs["clipped"][name], rtol=5e-6)
        is_known.append("mean" in theirs)
        if is_known[-1]:
            for what in ("mean", "deviation"):
                np.testing.assert_allclose(
                    ours[0].variables[f"clip/0/{what}"], theirs[what], rtol=2e-5
                )
    assert is_known == [False] * 11 + [True] * 49


def corrections(step, beta_1, beta_2):
    """Returns what Adam multiplies its ratio of moments by at 0-based `step`."""
    return math.sqrt(1 - beta_2 ** (step + 1)) / (1 - beta_1 ** (step + 1))


def test_spam_is_that_of_pytorch_optimizer_but_for_the_correction_after_a_start_over():
    # Theirs starts over one step before a multiple of 41, so once in 60 steps, after 40; goes on
    # with Adam's correction as if it had not, where ours starts that over too; and decays nothing.
    recording = read("spam")
    settings = recording["settings"]
    assert (settings["update_proj_gap"], settings["grad_accu_steps"]) == (41, 6)
    schedule = optim.Restarts(schedule=optim.Constant(rate=0.1), every=40, warmup_steps=9)
    steps = train(
        optim.Spam(threshold=300.0, rest_steps=6, reset_every=40, warmup_steps=0),
        optim.Adam(beta_1=0.9, beta_2=0.99, epsilon=1e-8),
        rate=schedule,
        reset_every=40,
    )
    before, factors = GRADIENTS["initial"], []
    for step, (ours, theirs) in enumerate(zip(steps, recording["steps"], strict=True)):
        kept = corrections(step, 0.9, 0.99) / corrections(step % 40, 0.9, 0.99)
        for name in NAMES:
            moved = np.subtract(before[name], theirs[name])
            np.testing.assert_allclose(ours[1][name] * kept, moved, rtol=2e-5, atol=1e-6)
        before = theirs
        factors.append(ours[2])
    assert factors[27]["kernel"] < 0.5 > factors[33]["bias"]
    assert [min(f.values()) for f in factors[40:46]] == [1.0] * 6
    assert max(factors[55].values()) < 0.1


@pytest.mark.parametrize("name", ["adagc", "spam", "stable_adamw", "zclip"])
def test_a_recording_says_what_made_it(name):
    recording = read(name)
    assert "record_oracles.py" in recording["command"]
    assert {"torch", "numpy"} < set(recording["versions"])
