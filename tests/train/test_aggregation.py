"""Between tape and optimizer: the tasks' gradients, what is made of them, sums over workers."""

import types

import numpy as np
import pytest
import small_jobs
import tensorflow as tf

from ranker import wiring
from ranker.objective.aggregate import WeightedSum, combined, gramian
from ranker.optim import Transaction
from ranker.spec import load
from ranker.spec.run import RunConfig
from ranker.train import Step
from ranker.train.reduce import Share

pytestmark = pytest.mark.runs

WEIGHTS = "objective.task_weights={rating=0.25}"
INJECTED = "inject=[{kind='task_weight', task='like', factor=3.0, start=0, stop=9}]"


@pytest.fixture(scope="module")
def read(prepared, tmp_path_factory):
    path = tmp_path_factory.mktemp("aggregation") / "run.toml"
    small_jobs.write_settings(path, small_jobs.SMALL + small_jobs.MODEL, prepared)
    return lambda *overrides: wiring.build_run(load.load(path, overrides, RunConfig))


@pytest.fixture(scope="module")
def run(read):
    return read(WEIGHTS, INJECTED)


@pytest.fixture(scope="module")
def batch(run):
    stack = wiring.build_stream(run.config, run.split("train")).stack(0, 1)
    return tf.nest.map_structure(lambda values: tf.constant(values[0]), stack)


def remade(run, **parts):
    """Returns the run's step with other parts."""
    step = run.step
    return Step(
        step.model,
        step.objective,
        step.optimizer,
        step.guard,
        faults=step.faults,
        seed=run.config.seed,
        **parts,
    )


def asked(run, batch, ask):
    """Returns what `ask` gets of the batch's gradients in a step, and the step's proposal."""
    found = {}

    class Asking(WeightedSum):
        def __call__(self, gradients, transaction):
            found["it"] = ask(gradients)
            return super().__call__(gradients, transaction)

    step = remade(run, aggregation=Asking())
    return found, step.propose(batch)


def dense(gradient):
    """Returns a gradient as an array of the variable's shape."""
    if gradient.rows is None:
        return gradient.values.numpy()
    whole = np.zeros(gradient.variable.shape, np.float32)
    whole[gradient.rows.numpy()] = gradient.values.numpy()
    return whole


def test_each_tasks_gradients_sum_to_the_totals_on_the_same_rows(run, batch):
    def ask(gradients):
        each = gradients.each()
        return each, gradients.having({})

    found, proposed = asked(run, batch, ask)
    each, summed = found["it"]
    totals = {gradient.name: dense(gradient) for gradient in proposed.transaction.gradients}
    assert [gradient.name for gradient in summed] == list(totals)
    for gradient in summed:
        by_task = each[gradient.name]
        assert {g.shape for g in by_task.values()} == {gradient.values.shape}
        if gradient.rows is not None:
            ids = gradient.rows.numpy().tolist()
            assert len(set(ids)) == len(ids) < len(gradient.ids)
        total = totals[gradient.name]
        np.testing.assert_allclose(dense(gradient), total, rtol=1e-4, atol=1e-7)
        added = gradient._replace(values=tf.add_n(list(by_task.values())))
        np.testing.assert_allclose(dense(added), total, rtol=1e-4, atol=1e-7)
    assert {name for name, of in each.items() if len(of) > 1} == set(run.model.partition().shared)


@pytest.mark.parametrize("task", ["like", "rating"])
def test_a_total_may_weigh_the_tasks_and_they_weigh_their_own_weights_too(run, batch, task):
    tasks = run.step.objective.tasks
    weights = tf.constant([2.0 if name == task else 0.0 for name in tasks])
    found, _ = asked(run, batch, lambda g: (g.total(weights), g.each()))
    total, each = found["it"]
    for gradient in total:
        expected = each[gradient.name].get(task)
        if expected is None:
            assert not np.any(dense(gradient))
        else:  # summed over the rows of one task, or of all: in another order
            aligned = dense(gradient._replace(values=tf.abs(gradient.values))).sum()
            assert aligned == pytest.approx(2 * float(tf.reduce_sum(tf.abs(expected))), rel=1e-4)
    scale = {"like": 3.0, "rating": 0.25}[task]
    raw = next(v for v in run.step.optimizer.trainable if "tower/" + task in v.name)
    with tf.GradientTape() as tape:
        logits = run.model(batch.features, seed=tf.constant([run.config.seed, 0]))
        losses = run.step.objective.losses(logits, batch.labels, batch.weights)
        loss = losses[tasks.index(task)]
    mine = next(g for g in total if g.variable is raw)
    np.testing.assert_allclose(
        mine.values, 2 * scale * tape.gradient(loss, raw), rtol=1e-4, atol=1e-7
    )


def test_values_are_of_what_was_asked_for_and_of_its_shape(run, batch):
    def ask(gradients):
        with pytest.raises(
            ValueError, match=r"no gradient of 'a' was asked .* call each\(\) first"
        ):
            gradients.having({"a": tf.zeros([1])})
        each = gradients.each()
        name = next(iter(each))
        with pytest.raises(ValueError, match=f"gradient of '{name}' must keep its shape"):
            gradients.having({name: tf.zeros([1, 1, 1, 1])})
        changed = gradients.having({name: next(iter(each[name].values())) * 0.0})
        assert not np.any(changed[0].values)
        return gradients.losses

    found, proposed = asked(run, batch, ask)
    np.testing.assert_array_equal(found["it"], proposed.losses)


def test_inner_products_and_sums_are_of_the_shared_variables():
    gradients = {
        "a": {"x": tf.constant([1.0, 2.0]), "y": tf.constant([3.0, -1.0])},
        "own": {"z": tf.constant([100.0])},
        "b": {"y": tf.constant([[2.0]]), "z": tf.constant([[4.0]])},
    }
    tasks = ("x", "y", "z")
    np.testing.assert_array_equal(gramian(gradients, tasks), [[5, 1, 0], [1, 14, 8], [0, 8, 16]])
    found = combined(gradients, tf.constant([1.0, 10.0, 100.0]), tasks)
    assert {name: v.numpy().tolist() for name, v in found.items()} == {
        "a": [31.0, -8.0],
        "b": [[420.0]],
    }


class Other:
    """A worker's sums with those of another, which are known: first weights, then the rest."""

    def __init__(self, weights):
        self.weights = weights
        self.parts = []

    def __call__(self, parts):
        """Returns the parts, and the tasks' weights with those of the other."""
        if not self.parts:
            parts = [part + other for part, other in zip(parts, self.weights, strict=True)]
        self.parts.append(parts)
        return list(parts)


def test_two_workers_of_half_a_batch_are_one_of_the_whole(read, batch):
    run = read(WEIGHTS, "model.dropout=0.0")
    labels = batch.labels["like"].shape[0]
    missing = np.arange(labels) % 4 != 1
    missing[: labels // 2] = True  # labels are missing in one half alone
    weights = {**batch.weights, "like": batch.weights["like"] * missing}
    whole = batch._replace(weights=weights)
    halves = [
        tf.nest.map_structure(lambda x, part=part: x[part], whole)
        for part in (slice(None, labels // 2), slice(labels // 2, None))
    ]
    expected = run.step.propose(whole)
    sums = [
        [
            loss.weight
            for loss in run.step.objective(half.weights, half.weights, half.weights).values()
        ]
        for half in halves
    ]
    assert float(sums[0][0]) != float(sums[1][0])
    found = [
        remade(run, share=Share(2, 0, Other(other))).propose(half)
        for half, other in zip(halves, reversed(sums), strict=True)
    ]
    np.testing.assert_allclose(found[0].losses + found[1].losses, expected.losses, rtol=1e-5)
    np.testing.assert_allclose(found[0].total + found[1].total, expected.total, rtol=1e-5)
    parts = [{g.name: dense(g) for g in each.transaction.gradients} for each in found]
    for gradient in expected.transaction.gradients:
        both = parts[0][gradient.name] + parts[1][gradient.name]
        np.testing.assert_allclose(both, dense(gradient), rtol=1e-4, atol=1e-6)
    means = [np.mean([run.step.propose(half).losses[0] for half in halves])]
    assert abs(means[0] - float(expected.losses[0])) > 1e-4


def test_what_an_aggregation_remembers_is_in_checkpoints_and_never_refused_states(run, batch):
    count = tf.Variable(0.0, name="count")

    class Counting(WeightedSum):
        variables = types.MappingProxyType({"count": count})

        def __call__(self, gradients, transaction):
            transaction.write(
                self.variables["count"], self.variables["count"] + gradients.losses[0]
            )
            transaction.scalar("counting/loss", gradients.losses[0])
            return super().__call__(gradients, transaction)

    step = remade(run, aggregation=Counting())
    assert "aggregation/count" in step.variables
    report = step.attempt(batch)
    assert float(step.variables["aggregation/count"]) == float(report.losses[0]) > 0
    assert float(report.scalars["counting/loss"]) == float(report.losses[0])
    labels = dict(batch.labels) | {"rating": batch.labels["rating"] * np.nan}
    before = float(step.variables["aggregation/count"])
    assert not step.attempt(batch._replace(labels=labels)).accept
    assert float(step.variables["aggregation/count"]) == before
    assert isinstance(step.propose(batch).transaction, Transaction)
