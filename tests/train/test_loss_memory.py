"""A loss that remembers: with an accepted step, never with a refused one, in checkpoints too."""

import numpy as np
import pytest
import small_jobs
import tensorflow as tf

from ranker import wiring
from ranker.spec.objective import Loss
from ranker.spec.part import Decay, declared, register

pytestmark = pytest.mark.runs


@register("from_usual", acts=f"{__name__}.FromUsualLoss")
class FromUsual(Loss):
    """The squared error, in units of what it usually was.

    Attributes:
      decay: of the usual one.
    """

    task_kind = "regression"
    decay: Decay = 0.75


@declared
class FromUsualLoss(FromUsual):
    def __post_init__(self):
        super().__post_init__()
        usual = tf.Variable(1.0, trainable=False, name="usual")
        object.__setattr__(self, "variables", {"usual": usual})

    def each(self, logit, label):
        return tf.math.squared_difference(logit, label) / self.variables["usual"].read_value()

    def of_constant(self, task):
        return task.standard_deviation**2

    def remember(self, logit, label, weight, transaction):
        error = tf.reduce_sum(weight * tf.math.squared_difference(logit, label))
        usual = self.variables["usual"]
        mean = tf.math.divide_no_nan(error, tf.reduce_sum(weight))
        transaction.write(usual, self.decay * usual + (1 - self.decay) * mean)
        transaction.scalar("loss_usual/rating", usual.read_value())


@pytest.fixture(scope="module")
def config(prepared, tmp_path_factory):
    path = tmp_path_factory.mktemp("memory") / "run.toml"
    small_jobs.write_settings(path, small_jobs.SMALL + small_jobs.MODEL, prepared)
    more = ["objective.regression='from_usual'", "seed=3", "train.max_attempts=8"]
    every = ["train.attempts_per_call=2", "train.evaluate_every_attempts=4", "train.epochs=1"]
    return small_jobs.read_settings(path, *more, *every, "train.log_every_attempts=1")


@pytest.mark.parametrize("is_compiled", [True, False])
def test_it_is_written_with_an_accepted_step_and_never_by_a_refused_one(config, is_compiled):
    run = wiring.build_run(config)
    step, stack = run.step, wiring.build_stream(config, run.split("train")).stack(0, 4)
    usual = step.variables["objective/rating/usual"]
    labels = {name: values.copy() for name, values in stack.labels.items()}
    labels["rating"][1] = np.nan
    weights = {name: np.ones_like(values) for name, values in stack.weights.items()}
    stack = type(stack)(stack.features, labels, weights)
    seen, by_hand = [], [1.0]
    for k in range(4):
        batch = stack.at(slice(k, k + 1))
        error = np.square(
            step.propose(tf.nest.map_structure(tf.constant, stack.at(k))).logits["rating"]
            - labels["rating"][k]
        ).mean()
        assert usual == by_hand[-1], "proposing wrote"
        one = tf.nest.map_structure(tf.constant, stack.at(k))
        report = step.run(batch) if is_compiled else step.attempt(one)
        seen.append(bool(np.all(report.accept)))
        by_hand.append(0.75 * by_hand[-1] + 0.25 * error if seen[-1] else by_hand[-1])
        np.testing.assert_allclose(usual, by_hand[-1], rtol=1e-5)
        by_hand[-1] = usual.numpy()
    assert seen == [True, False, True, True]


def test_a_killed_run_goes_on_with_it_bit_for_bit(config, tmp_path):
    small_jobs.run(config, tmp_path / "whole")
    with pytest.raises(small_jobs.Killed):
        small_jobs.run(config, tmp_path / "run", is_stopping=small_jobs.at_call(kill_at=3))
    small_jobs.run(config, tmp_path / "run")
    ours, whole = (small_jobs.logs(tmp_path / name)["metrics.jsonl"] for name in ("run", "whole"))
    assert ours == whole
    logged = [line["scalars"]["loss_usual/rating"] for line in whole if "scalars" in line]
    assert len(set(logged)) == len(logged) == 8


def test_a_loss_without_a_memory_has_no_variables(config, prepared, tmp_path):
    path = small_jobs.write_settings(tmp_path / "r", small_jobs.SMALL + small_jobs.MODEL, prepared)
    run = wiring.build_run(small_jobs.read_settings(path))
    assert run.step.objective.variables == {}
