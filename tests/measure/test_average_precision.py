"""Average precision: by hand, against scikit-learn, and in an evaluation."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from ranker import measure
from ranker.schema import Task
from ranker.spec.metric import AveragePrecision
from ranker.spec.part import act

LIKE = Task(name="like", kind="binary", minimum=0, maximum=1)


def average_precision(labels, scores, weights=None):
    labels, scores = np.asarray(labels, np.float64), np.asarray(scores, np.float64)
    weights = np.ones_like(labels) if weights is None else np.asarray(weights, np.float64)
    return act(AveragePrecision())(labels, scores, weights, np.zeros(len(labels)))


def test_by_hand():
    # Positives at ranks 1 and 3: (1/1 + 2/3) / 2.
    assert average_precision([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]) == pytest.approx(5 / 6)
    assert average_precision([0, 0], [0.1, 0.2]) is None
    assert average_precision([1, 0, 0, 0], [0.5] * 4) == pytest.approx(0.25)  # all tied


@pytest.mark.parametrize("seed", range(5))
def test_it_is_that_of_scikit_learn(seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, 300)
    scores = np.round(random.random(300), 1 + seed)  # ties
    weights = random.random(300) + 0.1
    for given in (np.ones(300), weights):
        theirs = average_precision_score(labels, scores, sample_weight=given)
        assert average_precision(labels, scores, given) == pytest.approx(theirs, rel=1e-12)


def test_an_evaluation_has_it_where_it_is_asked_for():
    labels = np.array([1, 0, 1, 0], np.float32)

    def evaluate(labels, *extra):
        return measure.evaluate(
            [LIKE],
            labels={"like": labels},
            scores={"like": np.array([0.9, 0.8, 0.7, 0.1], np.float32)},
            weights={"like": np.ones(4)},
            users=np.array([1, 1, 2, 2]),
            is_warm=np.array([True, True, False, False]),
            extra=extra,
        )["like"]

    found = evaluate(labels, AveragePrecision())
    assert found["average_precision"] == pytest.approx(5 / 6)
    assert found["warm"]["average_precision"] == 1.0
    assert "average_precision" not in evaluate(labels)
    none = evaluate(np.zeros(4, np.float32), AveragePrecision())
    assert "average_precision" not in none
    assert none["note"].startswith("one class only: no auc, gauc")
    assert measure.is_higher_better("like.average_precision")
