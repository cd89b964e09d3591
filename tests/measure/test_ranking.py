"""Metrics of lists: by hand, against scikit-learn, over all orders of ties, and in a run."""

import itertools
import math

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    label_ranking_average_precision_score,
    ndcg_score,
    precision_score,
    recall_score,
)

from ranker import measure
from ranker.measure.lists import Lists
from ranker.schema import Task
from ranker.spec import metric
from ranker.spec.part import act

LIKE = Task(name="like", kind="binary", minimum=0, maximum=1)
EVERY = [metric.Ndcg, metric.Mrr, metric.Map, metric.Recall, metric.Precision]


def value(part, labels, scores, users=None):
    labels, scores = np.asarray(labels, np.float64), np.asarray(scores, np.float64)
    users = np.zeros(len(labels), np.int64) if users is None else np.asarray(users)
    return act(part)(labels, scores, np.ones_like(labels), users)


def plain(part, ordered):
    """Returns the metric of one list of labels in the order shown, from its definition."""
    k = part.k or len(ordered)
    ranks = [rank for rank, label in enumerate(ordered, start=1) if label]
    seen = [rank for rank in ranks if rank <= k]
    if part.kind == "ndcg":
        best = sum(1 / math.log2(rank + 1) for rank in range(1, min(len(ranks), k) + 1))
        return sum(1 / math.log2(rank + 1) for rank in seen) / best
    if part.kind == "mrr":
        return 1 / seen[0] if seen else 0.0
    if part.kind == "map":
        return sum(at / rank for at, rank in enumerate(seen, start=1)) / min(len(ranks), k)
    return len(seen) / (len(ranks) if part.kind == "recall" else k)


def over_all_orders(part, labels, scores):
    """Returns the mean over every order of the rows that keeps to the scores."""
    found = [
        plain(part, [labels[i] for i in order])
        for order in itertools.permutations(range(len(labels)))
        if all(scores[a] >= scores[b] for a, b in itertools.pairwise(order))
    ]
    return np.mean(found)


def test_by_hand():
    # Positives at ranks 2 and 4 of 5.
    labels, scores = [0, 1, 0, 1, 0], [0.9, 0.8, 0.7, 0.6, 0.5]
    best = 1 + 1 / math.log2(3)
    gain = 1 / math.log2(3) + 1 / math.log2(5)
    assert value(metric.Ndcg(k=0), labels, scores) == pytest.approx(gain / best, rel=1e-15)
    assert value(metric.Ndcg(k=3), labels, scores) == pytest.approx(1 / math.log2(3) / best)
    assert value(metric.Mrr(), labels, scores) == 0.5
    assert value(metric.Mrr(k=1), labels, scores) == 0.0
    assert value(metric.Map(), labels, scores) == 0.5
    assert value(metric.Map(k=3), labels, scores) == 0.25
    assert value(metric.Recall(k=3), labels, scores) == 0.5
    assert value(metric.Precision(k=4), labels, scores) == 0.5
    assert value(metric.Precision(k=8), labels, scores) == 0.25  # three places hold nothing


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("k", [1, 2, 4, 9])
def test_ties_count_as_the_mean_over_all_their_orders(kind, k):
    random = np.random.default_rng(k)
    for length in (1, 2, 3, 5, 6, 7):
        labels = random.integers(0, 2, length)
        labels[random.integers(length)] = 1
        scores = random.integers(0, 3, length)
        expected = over_all_orders(kind(k=k), labels, scores)
        assert value(kind(k=k), labels, scores) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", EVERY)
def test_the_mean_is_over_lists_with_a_positive_in_whatever_order_the_rows_come(kind):
    random = np.random.default_rng(3)
    users = random.integers(0, 40, 400)
    labels = (random.random(400) < 0.2) & (users % 5 > 0)
    scores = np.round(random.random(400), 1)
    part = kind(k=4)
    each = [
        value(part, labels[users == user], scores[users == user])
        for user in range(40)
        if labels[users == user].any()
    ]
    assert 20 < len(each) < 40
    for order in (np.arange(400), random.permutation(400)):
        found = value(part, labels[order], scores[order], users[order])
        assert found == pytest.approx(np.mean(each), rel=1e-12)
    assert value(part, np.zeros(3), [0.1, 0.2, 0.3]) is None


@pytest.mark.parametrize("k", [1, 5, 0])
@pytest.mark.parametrize("digits", [1, 8])
def test_ndcg_is_that_of_scikit_learn(k, digits):
    random = np.random.default_rng(k)
    labels, scores = random.integers(0, 2, (30, 60)), np.round(random.random((30, 60)), digits)
    theirs = ndcg_score(labels, scores, k=k or None)
    users = np.repeat(np.arange(30), 60)
    ours = value(metric.Ndcg(k=k), labels.ravel(), scores.ravel(), users)
    assert ours == pytest.approx(theirs, rel=1e-12)


def test_the_other_metrics_are_those_of_scikit_learn():
    random = np.random.default_rng(8)
    labels, scores = random.integers(0, 2, (30, 60)), random.random((30, 60))
    users = np.repeat(np.arange(30), 60)

    def ours(part, labels):
        return value(part, labels.ravel(), scores.ravel(), users)

    precisions = [average_precision_score(*each) for each in zip(labels, scores, strict=True)]
    assert ours(metric.Map(), labels) == pytest.approx(np.mean(precisions), rel=1e-12)
    best = np.zeros_like(labels)  # the highest positive alone: its precision is 1 over its rank
    best[np.arange(30), np.where(labels, scores, -1).argmax(axis=1)] = 1
    reciprocal = label_ranking_average_precision_score(best, scores)
    assert ours(metric.Mrr(), labels) == pytest.approx(reciprocal, rel=1e-12)
    shown = np.argsort(np.argsort(-scores, axis=1), axis=1) < 7
    for part, score in (
        (metric.Precision(k=7), precision_score),
        (metric.Recall(k=7), recall_score),
    ):
        theirs = score(labels, shown, average="samples")
        assert ours(part, labels) == pytest.approx(theirs, rel=1e-12)


def test_a_long_list_of_one_score_is_exact():
    # One positive among n: its rank is each of 1 to n alike.
    labels = np.zeros(20_000)
    labels[7] = 1
    harmonic = math.fsum(1 / rank for rank in range(1, 20_001))
    for part in (metric.Mrr(), metric.Map()):
        assert value(part, labels, np.zeros(20_000)) == pytest.approx(harmonic / 20_000, rel=1e-10)
    rest = 1 - labels
    found = value(metric.Mrr(), rest, np.zeros(20_000))  # second only if the other stands first
    assert found == pytest.approx(1 - 0.5 / 20_000, rel=1e-12)


def test_labels_say_what_is_measured():
    assert metric.Ndcg().label == "ndcg@10"
    assert metric.Map(k=5, by="request").label == "map@5_by_request"
    assert metric.Mrr().label == "mrr"
    assert measure.is_higher_better("like.map@5_by_request")
    assert not measure.is_higher_better("like.log_loss")


def test_an_evaluation_sorts_once_and_has_all_that_are_asked_for(monkeypatch):
    sorted_by = []
    of = Lists.of
    monkeypatch.setattr(Lists, "of", lambda *rows: sorted_by.append(len(rows[0])) or of(*rows))
    users = np.array([1, 1, 1, 2, 2, 3])
    labels = np.array([0, 1, 0, 1, 1, 0], np.float32)
    found = measure.evaluate(
        [LIKE],
        labels={"like": labels},
        scores={"like": np.array([0.9, 0.8, 0.7, 0.2, 0.3, 0.5], np.float32)},
        weights={"like": np.array([1, 1, 1, 1, 0.5, 1], np.float32)},
        users=users,
        is_warm=users == 1,
        extra=[kind(k=1) for kind in EVERY],
    )["like"]
    names = ["ndcg@1", "mrr@1", "map@1", "recall@1", "precision@1"]
    # The first user's top row is none, the second's is; the third has none to find.
    assert [found[name] for name in names] == [0.5, 0.5, 0.5, 0.25, 0.5]
    assert [found["warm"][name] for name in names] == [0.0] * 5
    assert sorted_by == [6, 3, 3]


def test_by_request_the_lists_are_those_of_the_requests():
    rows = {
        "labels": {"like": np.array([0, 1, 1, 0], np.float32)},
        "scores": {"like": np.array([0.9, 0.8, 0.7, 0.2], np.float32)},
        "weights": {"like": np.ones(4)},
        "users": np.array([1, 1, 1, 1]),
        "is_warm": np.ones(4, bool),
        "extra": [metric.Mrr(), metric.Mrr(by="request")],
    }
    found = measure.evaluate([LIKE], **rows, requests=np.array([5, 5, 8, 8]))["like"]
    assert found["mrr"] == 0.5
    assert found["mrr_by_request"] == 0.75
    with pytest.raises(ValueError, match="metric 'mrr_by_request' is by request, and there are no"):
        measure.evaluate([LIKE], **rows)
