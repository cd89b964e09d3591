"""What went bad first in a batch: by hand."""

import numpy as np
import pytest
from tiny_dataset import tiny_schema

from ranker.guard import BAD_CHANGE, BAD_GRADIENT, BAD_LOSS, BAD_STATISTIC, LOSS_SPIKE
from ranker.input import Batch
from ranker.train.cause import find_cause, lowest_factors

NAN, INF = np.nan, np.inf


def batch(*, count=(3.0, 1.0, 2.0), like=(1.0, 0.0, 1.0), rating=(4.0, 2.0, 5.0), weight=1.0):
    def column(values):
        return np.array(values, np.float32)

    labels = {"like": column(like), "rating": column(rating)}
    weights = {"like": column([1.0] * 3), "rating": column([1.0, weight, 1.0])}
    return Batch({"user_count": column(count)}, labels, weights)


def find(*, reason=BAD_LOSS, **parts):
    return find_cause(batch(**parts), tiny_schema(), reason=reason)


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_an_input_that_is_not_finite_comes_first(bad):
    cause = find(count=(3.0, bad, 2.0), rating=(4.0, NAN, 5.0))
    assert (cause.what, cause.column, cause.examples) == ("input", "user_count", (1,))
    assert repr(cause.values[0]) == repr(float(bad))


def test_then_a_label_that_is_not_finite_unless_it_is_masked():
    assert find(rating=(4.0, NAN, NAN))[:3] == ("label", "rating", (1, 2))
    assert find(rating=(4.0, NAN, 5.0), weight=0.0).what == "loss"


def test_what_is_not_finite_comes_before_what_is_far_out():
    assert find(count=(1e9, 1.0, 2.0), rating=(4.0, 2.0, INF))[:2] == ("label", "rating")


def test_then_an_input_far_out_after_its_logarithm():
    # Mean 1.5, deviation 0.5 of log(1 + x): 20 deviations are at log(1 + x) = 11.5, x = 98,715.
    assert find(count=(3.0, 98_700.0, 2.0)).what == "loss"
    assert find(count=(3.0, 98_730.0, 2.0)) == ("input", "user_count", (1,), (98_730.0,))


def test_then_a_label_out_of_its_range():
    assert find(rating=(4.0, 5.5, 5.0)) == ("label", "rating", (1,), (5.5,))
    assert find(like=(1.0, 0.0, -1.0))[:3] == ("label", "like", (2,))


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        (BAD_LOSS, "loss"),
        (LOSS_SPIKE, "loss"),
        (BAD_GRADIENT, "gradient"),
        (BAD_CHANGE, "update"),
        (BAD_STATISTIC, "statistic"),
    ],
)
def test_of_a_usual_batch_it_is_what_the_guard_says(reason, what):
    cause = find(reason=reason)
    assert cause == (what, "", (), ())
    assert cause.event()["first_bad"] == what
    assert cause.event()["try"].endswith(".")


def test_the_advice_names_the_column():
    event = find(rating=(4.0, NAN, 5.0)).event()
    assert event["column"] == "rating"
    assert "the labels of rating" in event["try"]


def test_the_variables_that_were_clipped_most_come_first_and_unclipped_ones_not():
    factors = np.float32([[1.0, 0.5, 1.0, 0.9, 1.0], [1.0, 0.25, NAN, 1.0, 0.75]])
    told = lowest_factors(factors, tuple("abcde"))
    assert list(told) == ["c", "b", "e"]
    assert told["b"] == [0.5, 0.25]
    assert lowest_factors(factors[:, :1], ("a",)) == {}
    assert lowest_factors(factors[:0], tuple("abcde")) == {}
