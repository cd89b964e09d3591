"""A method of task gradients in a whole step: what it proposes, tells, and leaves alone."""

import numpy as np
import pytest
import small_jobs
import tensorflow as tf

from ranker import wiring
from ranker.objective.aggregate.pulls import read
from ranker.spec import load
from ranker.spec.run import RunConfig

pytestmark = pytest.mark.runs

LOGGED = "train.log_every_attempts=1"
WEIGHTS = "objective.task_weights={rating=0.25}"
# Those that remember something or go round in a loop, and one of each other sort.
KINDS = ["pcgrad", "grad_vac", "nash_mtl", "cagrad", "uncertainty", "dwa", "famo", "grad_norm"]
MOST = "objective.aggregate={kind='mgda', of='all'}"


@pytest.fixture(scope="module")
def read_settings(prepared, tmp_path_factory):
    path = tmp_path_factory.mktemp("methods") / "run.toml"
    small_jobs.write_settings(path, small_jobs.SMALL + small_jobs.MODEL, prepared)
    return lambda *overrides: load.load(path, overrides, RunConfig)


@pytest.fixture(scope="module")
def stack(read_settings):
    run = wiring.build_run(read_settings())
    return wiring.build_stream(run.config, run.split("train")).stack(0, 3)


def first(stack):
    return tf.nest.map_structure(lambda values: tf.constant(values[0]), stack)


def proposed(run, batch):
    """Returns each gradient that is proposed, dense, and what is told."""
    transaction = run.step.propose(batch).transaction
    found = {}
    for gradient in transaction.gradients:
        whole = np.zeros(gradient.variable.shape, np.float32)
        whole[... if gradient.rows is None else gradient.rows.numpy()] = gradient.values.numpy()
        found[gradient.name] = whole
    return found, transaction


@pytest.mark.parametrize("heads", ["keep", "follow"])
def test_what_is_shared_is_weighed_and_heads_are_if_they_are_to_follow(read_settings, stack, heads):
    aggregate = f"objective.aggregate={{kind='mgda', heads='{heads}'}}"
    run = wiring.build_run(read_settings(aggregate, LOGGED, WEIGHTS))
    found, transaction = proposed(run, first(stack))
    told = transaction.scalars()
    weights = {task: float(told[f"task_weight/{task}"]) for task in ("like", "rating")}
    assert sum(weights.values()) == pytest.approx(1, rel=1e-5)
    assert min(weights.values()) > 0.01
    single = {}
    for task in weights:  # one task at a time, as it counts in the sum
        only = dict.fromkeys(weights, 0.0) | {task: {"like": 1.0, "rating": 0.25}[task]}
        said = ", ".join(f"{name}={weight}" for name, weight in only.items())
        alone = wiring.build_run(read_settings(f"objective.task_weights={{{said}}}"))
        single[task], _ = proposed(alone, first(stack))
    own = run.model.partition().own
    for name, value in found.items():
        kept = [task for task, names in own.items() if name in names] if heads == "keep" else []
        shares = dict.fromkeys(weights, 1.0) if kept else weights
        expected = sum(shares[task] * single[task].get(name, 0) for task in weights)
        np.testing.assert_allclose(value, expected, rtol=2e-4, atol=1e-6, err_msg=name)


def test_its_weights_are_those_of_what_it_tells(read_settings, stack):
    run = wiring.build_run(read_settings("objective.aggregate='imtl_g'", LOGGED))
    _, transaction = proposed(run, first(stack))
    told = transaction.scalars()
    norms = np.array([told["task_gradient_norm/like"], told["task_gradient_norm/rating"]], float)
    cosine = float(told["task_cosine/like/rating"])
    products = np.outer(norms, norms) * np.array([[1, cosine], [cosine, 1]])
    found = np.linalg.solve(products, norms)
    weights = [told["task_weight/like"], told["task_weight/rating"]]
    np.testing.assert_allclose(weights, found / found.sum(), rtol=1e-3)
    assert float(transaction.gradient_norm()) == pytest.approx(np.sqrt((norms**2).sum()), rel=1e-5)
    assert read(tf.constant(products)).active.numpy().tolist() == [1, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_label_is_refused_by_its_task_and_leaves_no_trace(read_settings, stack, kind):
    run = wiring.build_run(read_settings(f"objective.aggregate='{kind}'", LOGGED))
    labels = {name: values.copy() for name, values in stack.labels.items()}
    labels["rating"][1] = np.nan
    weights = {name: np.ones_like(values) for name, values in stack.weights.items()}
    weights["like"][0] = 0.0  # no labels of one task at all
    batches = type(stack)(stack.features, labels, weights)
    reports = run.step.run(batches.at(slice(0, 1))).numpy()
    before = {name: v.numpy() for name, v in run.step.variables.items()}
    refused = run.step.run(batches.at(slice(1, 2))).numpy()
    assert (reports.accept.tolist(), refused.accept.tolist()) == ([True], [False])
    assert run.step.objective.tasks[refused.task[0]] == "rating"
    assert reports.scalars["task_weight/like"].tolist() == [1.0]
    for name, value in before.items():
        if name.partition("/")[0] in ("model", "optimizer", "aggregation"):
            np.testing.assert_array_equal(run.step.variables[name], value, err_msg=name)
    assert run.step.run(batches.at(slice(2, 3))).numpy().accept.tolist() == [True]


def test_a_spike_of_gradients_shows_though_the_step_has_one_length(read_settings, stack):
    spikes = "guard.spike_filter={of='norm', window=4, minimum=2}"
    run = wiring.build_run(
        read_settings("objective.aggregate={kind='nash_mtl', of='all'}", LOGGED, spikes)
    )
    reports = run.step.run(stack).numpy()
    norms = [reports.scalars[f"task_gradient_norm/{task}"] for task in ("like", "rating")]
    watched = reports.watched[:, 0]
    np.testing.assert_allclose(watched, np.sqrt(norms[0] ** 2 + norms[1] ** 2), rtol=1e-5)
    assert np.ptp(watched) > 0.01


def test_methods_that_cannot_be_are_refused(read_settings):
    one = read_settings("objective.aggregate='mgda'", "data.tasks=['like']")
    said = "objective.aggregate 'mgda' is for 2 tasks or more; there is 'like'"
    assert wiring.find_mistakes(one) == [said]
    with pytest.raises(ValueError, match="'mgda' is for 2 tasks or more"):
        wiring.build_run(one)
    with pytest.raises(load.ConfigError, match=r"telemetry\.of 'last' must be 'all', as"):
        read_settings(MOST, LOGGED, "objective.telemetry.every_attempts=1")
    with pytest.raises(load.ConfigError, match="Did you mean 'pcgrad'"):
        read_settings("objective.aggregate='pcgrd'")
    with pytest.raises(load.ConfigError, match="radius must be >= 0 and < 1, got 1"):
        read_settings("objective.aggregate={kind='cagrad', radius=1.0}")


def test_famo_learns_from_the_losses_after_the_step(read_settings, stack):
    run = wiring.build_run(read_settings("objective.aggregate='famo'", "model.dropout=0.0"))
    step, batch = run.step, first(stack)
    logits = step.variables["aggregation/logits"]

    def losses():
        found = step.model(batch.features)
        return step.objective.losses(found, batch.labels, batch.weights).numpy()

    before = losses()
    step.attempt(batch)
    fell = np.log(before) - np.log(losses())
    slopes = 0.5 * (fell - fell.mean())
    np.testing.assert_allclose(logits, -0.025 * np.sign(slopes), rtol=1e-3)
    remembered = logits.numpy()
    labels = dict(batch.labels) | {"rating": batch.labels["rating"] * np.nan}
    assert not step.attempt(batch._replace(labels=labels)).accept
    np.testing.assert_array_equal(logits, remembered)
