"""Whether a run ended as good on validation as it ever was, and what that makes of its jumps."""

import numpy as np
import pytest

from ranker.measure.divergence import classify, recovered

NAN = float("nan")


def evaluations(**metrics):
    """Returns evaluations of metrics, "like_auc" for "like.auc", each a list of values."""
    names = [name.replace("_", ".") for name in metrics]
    return [dict(zip(names, values, strict=True)) for values in zip(*metrics.values(), strict=True)]


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e9])
@pytest.mark.parametrize(
    ("aucs", "errors", "expected"),
    [
        ((0.5, 0.78, 0.79), (1.2, 0.95, 0.94), True),
        ((0.5, 0.79, 0.775), (1.2, 0.94, 0.98), True),
        ((0.5, 0.79, 0.765), (1.2, 0.94, 0.94), False),  # 0.025 below its best
        ((0.5, 0.79, 0.79), (1.2, 0.94, 1.0), False),  # 0.06 above its best
        ((0.5, 0.51, 0.51), (1.2, 1.19, 1.18), False),  # never learned
        ((0.5, 0.51, 0.51), (1.2, 0.9, 0.9), True),  # learned one of two
        ((0.5, 0.79, NAN), (1.2, 0.94, 0.94), False),
        ((NAN, 0.79, 0.79), (NAN, 0.94, 0.94), False),  # where it began is not known
    ],
)
def test_it_is_as_good_as_it_ever_was(aucs, errors, expected, unit):
    errors = [error * unit for error in errors]
    assert recovered(evaluations(like_auc=aucs, rating_rmse=errors)) is expected


def test_without_evaluations_or_their_metrics_nothing_has_recovered():
    assert not recovered([])
    assert not recovered(evaluations(like_logloss=[0.7, 0.5, 0.5]))


@pytest.mark.parametrize("has_recovered", [True, False])
def test_a_jump_from_a_level_that_had_collapsed_is_no_divergence_of_a_run_that_recovered(
    has_recovered,
):
    ripple = 0.01 * np.where(np.arange(300) % 2, 1, -1)
    losses = np.concatenate([np.full(150, 0.6), np.full(150, 1e-7), np.full(300, 0.6)])
    losses = (losses * (1 + np.resize(ripple, 600)))[:, np.newaxis]
    found = classify(
        losses,
        np.ones(600, bool),
        halted=False,
        aucs={"like": [0.5, 0.79, 0.79]},
        losses_before=[0.7],
        has_recovered=has_recovered,
    )
    assert found.jumps == (301,)
    assert (found.kind, found.num_micro) == (("micro", 1) if has_recovered else ("full", 0))


def test_having_recovered_excuses_neither_a_halt_nor_a_loss_that_is_not_finite():
    losses = np.full((200, 1), 0.6)
    arguments = {"aucs": {}, "losses_before": [0.7], "has_recovered": True}
    assert classify(losses, np.ones(200, bool), halted=True, **arguments).kind == "full"
    losses[100] = NAN
    assert classify(losses, np.ones(200, bool), halted=False, **arguments).kind == "full"
