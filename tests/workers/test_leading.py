"""What the chief says before each call, and what it compares after it: with workers made up."""

import types

import numpy as np
import pytest
import tensorflow as tf

from ranker.wiring.leading import Leading, digest_of_reports, digest_of_variables
from ranker.wiring.team import Team
from ranker.workers import Cluster, LostError, RefusedError

DATA = {"data": {"train.parquet": "a"}, "rows of train": 9}


class Others:
    """One other worker, which answers what is given."""

    ranks = (1,)

    def __init__(self, *answers):
        self.answers = list(answers)
        self.said = []

    def send(self, message):
        self.said.append(message)

    def receive(self, rank):
        return self.answers.pop(0)

    def blame(self, seconds):
        raise LostError("worker 1 is gone")


class Step:
    """A step that reports one number, or fails."""

    def __init__(self, error=None):
        self.attempts = np.int64(5)
        refused = tf.Variable(3, dtype=tf.int64)
        self.variables = {"guard/refused_in_a_row": refused, "recovery/rate": tf.Variable(0.5)}
        self.error = error

    def run(self, stack):
        if self.error:
            raise self.error
        arrays = {"total": np.float32([len(stack.labels["like"])])}
        return types.SimpleNamespace(numpy=lambda: types.SimpleNamespace(arrays=lambda: arrays))


STACK = types.SimpleNamespace(labels={"like": np.zeros([2, 4])})
SAME = {"digest": digest_of_reports(Step().run(STACK).numpy())}


def leading(*answers):
    others = Others(*answers)
    sums = types.SimpleNamespace(send=lambda variables: None)
    found = Leading(Team(Cluster(("a:1", "b:2"), 0), others, sums))
    found._ready = DATA
    return found, others


def test_all_variables_go_out_at_the_start_and_after_a_rollback_and_controls_each_time():
    lead, others = leading({"ready": DATA}, SAME, SAME, SAME)
    for _ in range(2):
        lead.call(Step(), STACK)
    lead.event({"kind": "rolled_back"})
    lead.call(Step(), STACK)
    assert [said["do"] for said in others.said] == ["take", "run", "run", "take", "run"]
    controls = {"guard/refused_in_a_row": 3, "recovery/rate": 0.5}
    assert others.said[1] == {"do": "run", "first": 5, "num": 2, "set": controls}


def test_what_recovery_changed_after_a_call_is_said_before_all_variables_are_compared():
    step = Step()
    lead, others = leading({"ready": DATA}, SAME, {"digest": digest_of_variables(step)})
    lead._step = step
    lead.evaluation(0, 0, None)  # before the first call the others have no variables
    assert not others.said
    lead.call(step, STACK)
    lead.evaluation(5, 5, None)
    assert others.said[-1] == {"do": "digest", "set": others.said[1]["set"]}


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([{"ready": DATA | {"data": {"train.parquet": "b"}}}], "other data .*: train.parquet"),
        ([{"ready": DATA | {"rows of train": 8}}], "8 rows of train, not 9"),
        ([{"ready": DATA}, {"digest": 1}], r"worker 1 of 2 \(b:2\) has other numbers .*attempt 5"),
    ],
)
def test_a_worker_that_differs_is_refused_by_what(answers, said):
    lead, _ = leading(*answers)
    with pytest.raises(RefusedError, match=said):
        lead.call(Step(), STACK)


def test_an_operation_that_fails_is_blamed_on_who_is_gone():
    lead, _ = leading({"ready": DATA})
    with pytest.raises(LostError, match="worker 1 is gone"):
        lead.call(Step(tf.errors.UnavailableError(None, None, "aborted")), STACK)
