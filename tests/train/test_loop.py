"""When what happens, and early stopping's count."""

import math

import pytest
from tiny_dataset import tiny_schema

from ranker.train import Evaluation, Plan, Progress, check_monitor


def plan(**changes):
    settings = {
        "total": 100,
        "attempts_per_call": 30,
        "evaluate_every": 40,
        "checkpoint_every": 50,
        "monitor": "loss",
        "patience": 0,
    }
    return Plan(**(settings | changes))


def test_a_call_ends_where_something_is_due():
    ends = [first + num for first, num in plan().call_boundaries(0)]
    assert ends == [30, 40, 50, 60, 80, 90, 100]


@pytest.mark.parametrize("start", [30, 40, 60, 90, 100])
def test_the_cuts_after_a_resume_are_those_of_the_whole(start):
    whole = list(plan().call_boundaries(0))
    assert list(plan().call_boundaries(start)) == [call for call in whole if call[0] >= start]


def test_a_stop_between_two_cuts_rejoins_them():
    assert list(plan().call_boundaries(33))[:2] == [(33, 7), (40, 10)]


def test_the_best_is_the_lowest_and_nan_never_is():
    progress = Progress()
    assert not progress.note(10, math.nan)
    assert progress.note(20, 2.0)
    assert not progress.note(30, 2.0)
    assert progress.note(40, 1.0)
    assert (progress.best, progress.best_attempt, progress.evaluations_since_best) == (1.0, 40, 0)


def test_a_monitored_auc_is_better_when_higher():
    evaluation = Evaluation(0.5, {"like": {"auc": 0.8, "log_loss": 0.6}})
    assert evaluation.value("loss") == 0.5
    assert evaluation.value("like.auc") == -0.8
    assert evaluation.value("like.log_loss") == 0.6


def test_a_metric_that_the_rows_do_not_define_is_never_the_best():
    assert math.isnan(Evaluation(0.5, {"like": {"note": "one class"}}).value("like.auc"))


@pytest.mark.parametrize("monitor", ["auc", "like.aucc", "like.rows", "share.auc", "rating.auc"])
def test_a_monitor_that_no_task_has_is_refused_before_anything_runs(monitor):
    with pytest.raises(ValueError, match=f"train.monitor '{monitor}' is none of loss, like.auc"):
        check_monitor(monitor, tiny_schema().tasks)
    check_monitor("rating.rmse", tiny_schema().tasks)
