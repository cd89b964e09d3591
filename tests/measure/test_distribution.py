"""How scores are distributed: bins of equal mass, and a histogram by label."""

import numpy as np
import pytest

from ranker import measure
from ranker.schema import Task

CLICK = Task(name="click", kind="binary", minimum=0.0, maximum=1.0)
STARS = Task(name="stars", kind="regression", minimum=1.0, maximum=5.0)


def of(task, labels, scores, weights=None):
    weights = np.ones(len(labels)) if weights is None else weights
    arrays = {"labels": labels, "scores": scores, "weights": weights}
    found = measure.distributions(
        [task], **{n: {task.name: np.array(a)} for n, a in arrays.items()}
    )
    return found.get(task.name)


def test_bins_have_equal_mass_and_their_means():
    scores = np.linspace(0, 1, 200)
    found = of(CLICK, (scores > 0.5).astype(float), scores)
    bins = found["bins"]
    assert sum(bins["rows"]) == 200
    assert {*bins["rows"]} <= {9, 10, 11}
    assert bins["score"][0] == pytest.approx(scores[: bins["rows"][0]].mean())
    assert (bins["label"][0], bins["label"][-1]) == (0.0, 1.0)


def test_weights_count_in_the_means_and_mask_rows():
    found = of(CLICK, [0, 1, 1], [0.3, 0.3, 0.9], weights=[1, 3, 0])
    assert found["bins"] == {"rows": [2], "score": [pytest.approx(0.3)], "label": [0.75]}


def test_the_histogram_counts_by_label():
    found = of(CLICK, [0, 0, 1, 1], [0.0, 0.0, 0.0, 1.0])
    assert (found["edges"][0], found["edges"][-1], len(found["edges"])) == (0.0, 1.0, 41)
    assert found["counts"]["label 0"] == [2] + [0] * 39
    assert found["counts"]["label 1"] == [1] + [0] * 38 + [1]
    assert of(STARS, [3.0, 4.0], [2.0, 2.0])["counts"] == {"all rows": [0] * 20 + [2] + [0] * 19}


def test_nothing_is_said_without_rows_or_with_scores_that_are_not_finite():
    assert of(CLICK, [1.0], [0.5], weights=[0.0]) is None
    assert of(CLICK, [1.0], [np.nan]) is None
