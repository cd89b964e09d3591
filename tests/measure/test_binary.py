"""Binary metrics against arithmetic by hand, scikit-learn, and what must not change them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from ranker import measure


def arrays(labels, scores, weights=None):
    weights = np.ones(len(labels)) if weights is None else weights
    return tuple(np.asarray(each, np.float64) for each in (labels, scores, weights))


def random_rows(seed, num_rows=300, num_values=7, num_users=20):
    """Few distinct scores, so that most pairs are ties; weights of 1 to 3."""
    generator = np.random.default_rng(seed)
    scores = generator.integers(0, num_values, num_rows) / num_values
    labels = generator.random(num_rows) < 0.2 + 0.5 * scores
    rows = arrays(labels, scores, generator.integers(1, 4, num_rows))
    return rows, generator.integers(-3, num_users, num_rows)


def test_auc_by_hand():
    # Pairs (positive, negative): .9>.8, .9>.3, .3<.8, .3=.3: (1 + 1 + 0 + .5) / 4.
    assert measure.auc(*arrays([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.3])) == 0.625
    # The second positive weighs 3: (1 + 1 + 0 + 1.5) / (2 + 6).
    assert measure.auc(*arrays([1, 0, 1, 0], [0.9, 0.8, 0.3, 0.3], [1, 1, 3, 1])) == 0.4375


@pytest.mark.parametrize("labels", [[0], [1], [0, 0, 0], [1, 1]])
def test_one_class_defines_neither_auc_nor_normalized_entropy(labels):
    rows = arrays(labels, np.linspace(0.1, 0.9, len(labels)))
    assert measure.auc(*rows) is None
    assert measure.normalized_entropy(*rows) is None
    assert measure.auc_by_user(*rows, np.zeros(len(labels), int)) is None


@pytest.mark.parametrize("seed", range(5))
def test_auc_and_log_loss_are_scikit_learns(seed):
    (labels, scores, weights), _ = random_rows(seed)
    expected = sklearn_metrics.roc_auc_score(labels, scores, sample_weight=weights)
    assert measure.auc(labels, scores, weights) == pytest.approx(expected, rel=1e-12)
    kept = np.clip(scores, 0.01, 0.99)
    expected = sklearn_metrics.log_loss(labels, kept, sample_weight=weights)
    assert measure.log_loss(labels, kept, weights) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_auc_by_user_is_the_mean_of_scikit_learns_per_user(seed):
    (labels, scores, weights), users = random_rows(seed, num_rows=90)
    values, sizes, num_rows = [], [], 0
    for user in np.unique(users):
        of_user = users == user
        if len(set(labels[of_user])) == 2:
            own = (labels[of_user], scores[of_user])
            values.append(sklearn_metrics.roc_auc_score(*own, sample_weight=weights[of_user]))
            sizes.append(weights[of_user].sum())
            num_rows += of_user.sum()
    found = measure.auc_by_user(labels, scores, weights, users)
    assert found is not None
    assert found.value == pytest.approx(np.average(values, weights=sizes), rel=1e-12)
    assert (found.users, found.rows) == (len(values), num_rows)
    assert found.users < len(np.unique(users)), "no user with one class: nothing was left out"


def test_auc_by_user_by_hand():
    labels, scores, weights = arrays([1, 0, 0, 1, 1, 0], [0.6, 0.5, 0.7, 0.2, 0.4, 0.1])
    # User 5: .6 > .5, .6 < .7: 1/2 over 3 rows. User 2: .4 > .1: 1 over 2. User 9 has one class.
    found = measure.auc_by_user(labels, scores, weights, np.array([5, 5, 5, 9, 2, 2]))
    assert found == (pytest.approx((0.5 * 3 + 1.0 * 2) / 5), 2, 5)


@given(seed=st.integers(0, 2**32), power=st.floats(0.3, 3))
@settings(deadline=None, max_examples=50)
def test_what_keeps_the_order_of_scores_keeps_auc_and_the_order_of_rows_keeps_all(seed, power):
    (labels, scores, weights), users = random_rows(seed, num_rows=60)
    bent = np.exp(5 * scores**power) - 30
    assert measure.auc(labels, bent, weights) == measure.auc(labels, scores, weights)
    found = measure.auc_by_user(labels, scores, weights, users)
    assert measure.auc_by_user(labels, bent, weights, users) == found
    turned = measure.auc(labels, -scores, weights)
    assert turned is None or turned == pytest.approx(1 - measure.auc(labels, scores, weights))

    order = np.random.default_rng(seed).permutation(len(labels))
    mixed = labels[order], scores[order], weights[order]
    for metric in (
        measure.auc,
        measure.log_loss,
        measure.normalized_entropy,
        measure.calibration_error,
        measure.calibration_ratio,
    ):
        before = metric(labels, scores, weights)
        assert metric(*mixed) == (before if before is None else pytest.approx(before, rel=1e-12))
    again = measure.auc_by_user(*mixed, users[order])
    assert again == (found and (pytest.approx(found.value, rel=1e-12), found.users, found.rows))


def test_a_weight_of_two_is_the_row_twice():
    (labels, scores, _), users = random_rows(3, num_rows=40)
    weights = np.random.default_rng(1).integers(1, 4, 40)
    often = [np.repeat(each, weights) for each in (labels, scores, np.ones(40))]
    rows = (labels, scores, weights.astype(float))
    for metric in (measure.auc, measure.log_loss, measure.calibration_ratio):
        assert metric(*rows) == pytest.approx(metric(*often), rel=1e-12)
    once = measure.auc_by_user(*rows, users)
    twice = measure.auc_by_user(*often, np.repeat(users, weights))
    assert once is not None
    assert twice is not None
    assert once.value == pytest.approx(twice.value, rel=1e-12)


def test_log_loss_by_hand_and_at_the_ends():
    assert measure.log_loss(*arrays([1, 0], [0.5, 0.2])) == pytest.approx(
        (math.log(2) - math.log(0.8)) / 2
    )
    # A float32 sigmoid that has reached 1 for a negative row: -log(2 ** -23).
    assert measure.log_loss(*arrays([0], [1.0])) == pytest.approx(23 * math.log(2))
    assert measure.log_loss(*arrays([1], [1.0])) == pytest.approx(2.0**-23, rel=1e-3)


def test_normalized_entropy_is_one_at_the_base_rate():
    labels, scores, weights = arrays([1, 0, 0, 0], [0.25] * 4)
    assert measure.normalized_entropy(labels, scores, weights) == pytest.approx(1.0)
    # Three quarters for all: (log(4/3) + 3 log 4) / (log 4 + 3 log(4/3)).
    expected = (math.log(4 / 3) + 3 * math.log(4)) / (math.log(4) + 3 * math.log(4 / 3))
    assert measure.normalized_entropy(labels, scores * 3, weights) == pytest.approx(expected)


def test_calibration_error_by_hand():
    # 30 rows, 15 distinct scores, two rows each: a bin a score. Labels 0 and 1 in each
    # bin, so the error is the mean of |score - 1/2|.
    scores = np.repeat(np.arange(15) / 16, 2)
    labels = np.tile([0.0, 1.0], 15)
    assert measure.calibration_error(*arrays(labels, scores)) == pytest.approx(
        np.abs(scores - 0.5).mean()
    )
    # One score only: one bin, in which .9 was promised and 3 of 4 came.
    assert measure.calibration_error(*arrays([1, 1, 1, 0], [0.9] * 4)) == pytest.approx(0.15)
    # The same with the negative row weighing 3: |.9 - .5|.
    one_bin = arrays([1, 1, 1, 0], [0.9] * 4, [1, 1, 1, 3])
    assert measure.calibration_error(*one_bin) == pytest.approx(0.4)


def test_calibration_error_has_bins_of_equal_mass():
    # Scores so small that bins of equal width would be one bin with no error in it.
    scores = np.linspace(1e-4, 2e-3, 1500)
    labels = (np.arange(1500) < 2).astype(float)
    found = measure.calibration_error(*arrays(labels, scores))
    bins = np.repeat(np.arange(15), 100)
    expected = np.abs(np.bincount(bins, scores - labels)).sum() / 1500
    assert found == pytest.approx(expected, rel=1e-12)
    assert found > 2 * abs(scores.mean() - labels.mean())


def test_calibration_ratio_by_hand():
    assert measure.calibration_ratio(*arrays([1, 0, 0], [0.9, 0.3, 0.3])) == pytest.approx(1.5)
    assert measure.calibration_ratio(*arrays([0, 0], [0.9, 0.3])) is None
