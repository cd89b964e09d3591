"""The AUC of a batch in the graph, beside scikit-learn's and that of `ranker.measure`."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import mannwhitneyu, norm
from sklearn.metrics import roc_auc_score

from ranker.guard.auc import rank
from ranker.measure import binary

SIZES = [2, 3, 17, 128, 513]


def ranked(logits, labels, weights=None):
    """Returns the ranking of one batch, as numbers."""
    weights = np.ones_like(labels) if weights is None else weights
    batch = (np.float32([part]) for part in (logits, labels, weights))
    found = tf.function(rank, autograph=False)(*map(tf.constant, batch))
    return tuple(float(part[0]) for part in found)


def test_by_hand():
    # Positives 3 and 1, negatives 2 and 1: 3 beats both, 1 ties with one: 2.5 of 4 pairs.
    auc, variance, is_defined = ranked([3, 2, 1, 1], [1, 0, 1, 0])
    assert (auc, variance, is_defined) == (2.5 / 4, pytest.approx(5 / 48), 1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("levels", [1, 2, 5, 0], ids=["all tied", "two", "five", "none tied"])
def test_is_what_scikit_learn_and_the_evaluation_say(size, levels):
    generator = np.random.default_rng(size)
    logits = generator.normal(size=size).astype(np.float32)
    if levels:
        logits = generator.integers(0, levels, size).astype(np.float32)
    labels = (generator.random(size) < 0.3).astype(np.float32)
    labels[:2] = 0, 1
    weights = (generator.random(size) < 0.8).astype(np.float32)
    weights[:2] = 1, 0.5  # a weight counts or not
    kept = weights > 0
    auc, _, is_defined = ranked(logits, labels, weights)
    assert is_defined
    assert auc == pytest.approx(roc_auc_score(labels[kept], logits[kept]), rel=1e-6)
    ours = binary.auc(labels[kept], logits[kept].astype(np.float64), np.ones(kept.sum()))
    assert auc == pytest.approx(ours, rel=1e-6)


@pytest.mark.parametrize("size", SIZES[2:])
def test_the_variance_is_that_of_mann_and_whitney(size):
    generator = np.random.default_rng(size)
    labels = np.arange(size) % 3 == 0
    logits = generator.normal(size=size)
    auc, variance, _ = ranked(logits, labels)
    u = mannwhitneyu(logits[labels], logits[~labels], use_continuity=False, method="asymptotic")
    z = (auc - 0.5) / variance**0.5
    assert 2 * norm.sf(abs(z)) == pytest.approx(u.pvalue, rel=1e-4)


@pytest.mark.parametrize(
    ("labels", "weights"),
    [([1, 1], [1, 1]), ([0, 0], [1, 1]), ([0, 1], [1, 0]), ([1, 0], [0, 0]), ([1], [1])],
)
def test_of_one_class_it_is_not_defined(labels, weights):
    assert ranked(np.arange(len(labels)), labels, weights) == (0.0, 0.0, 0.0)


def test_tasks_are_ranked_apart():
    logits = np.float32([[1, 2, 3, 4], [4, 3, 2, 1]])
    labels = np.float32([[0, 0, 1, 1], [0, 0, 1, 1]])
    assert rank(*map(tf.constant, (logits, labels, np.ones_like(labels)))).auc.numpy().tolist() == [
        1.0,
        0.0,
    ]


@pytest.mark.parametrize("weight", [1e-30, 1e30, 3e38, np.inf])
def test_a_row_counts_once_whatever_its_weight(weight):
    logits, labels = [3, 2, 1, 1], [1, 0, 1, 0]
    assert ranked(logits, labels, [weight, 1, 1, weight])[0] == 2.5 / 4


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan])
def test_a_row_without_a_weight_above_0_does_not_count(weight):
    assert ranked([3, 2, 1, 9], [1, 0, 1, 0], [1, 1, 1, weight])[0] == 0.5
