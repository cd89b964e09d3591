"""Norms and cosines of the tasks' gradients: when they are told, and of what; nothing moves."""

import numpy as np
import pytest
import small_jobs
import tensorflow as tf

from ranker import wiring
from ranker.objective.aggregate import gramian, telemetry
from ranker.spec import load
from ranker.spec.run import RunConfig

pytestmark = pytest.mark.runs

EVERY_TWO = ("train.log_every_attempts=1", "objective.telemetry.every_attempts=2")
WEIGHTS = "objective.task_weights={rating=0.25}"


@pytest.fixture(scope="module")
def read(prepared, tmp_path_factory):
    path = tmp_path_factory.mktemp("telemetry") / "run.toml"
    small_jobs.write_settings(path, small_jobs.SMALL + small_jobs.MODEL, prepared)
    return lambda *overrides: load.load(path, overrides, RunConfig)


def by_task(run, batch):
    """Returns each task's gradient of each variable, dense, with one tape a task."""
    step, found = run.step, {}
    for place, task in enumerate(step.objective.tasks):
        with tf.GradientTape() as tape:
            logits = run.model(batch.features, seed=tf.constant([run.config.seed, 1]))
            losses = step.objective.losses(logits, batch.labels, batch.weights)
            loss = step.objective.weighted(losses)[place]
        gradients = tape.gradient(loss, list(step.optimizer.trainable))
        for name, gradient in zip(step.optimizer.names, gradients, strict=True):
            if gradient is not None:
                found.setdefault(name, {})[task] = tf.convert_to_tensor(gradient).numpy()
    return found


@pytest.mark.parametrize("of", ["last", "dense", "all"])
def test_what_is_told_is_the_gramian_of_the_tasks_gradients(read, of):
    run = wiring.build_run(read(WEIGHTS, *EVERY_TWO, f"objective.telemetry.of={of}"))
    stack = wiring.build_stream(run.config, run.split("train")).stack(0, 2)
    run.step.attempts.assign(1)  # which is measured
    batch = tf.nest.map_structure(lambda values: tf.constant(values[0]), stack)
    expected = by_task(run, batch)
    shared = {
        "last": ["bottom/0/kernel"],
        "dense": [n for n in run.model.partition().shared if n in run.model.dense],
        "all": run.model.partition().shared,
    }[of]
    rows = {
        task: np.concatenate([expected[name][task].ravel() for name in shared]).astype(float)
        for task in ("like", "rating")
    }
    told = run.step.propose(batch).transaction.scalars()
    norms = {task: np.linalg.norm(row) for task, row in rows.items()}
    for task, norm in norms.items():
        np.testing.assert_allclose(told[f"task_gradient_norm/{task}"], norm, rtol=1e-5)
    cosine = rows["like"] @ rows["rating"] / norms["like"] / norms["rating"]
    np.testing.assert_allclose(told["task_cosine/like/rating"], cosine, rtol=1e-4, atol=1e-6)
    assert float(told["task_conflicts"]) == float(cosine < 0)


def test_it_is_told_every_so_many_attempts_and_nothing_else_moves(read):
    plain, measuring = (
        wiring.build_run(read("train.log_every_attempts=1", *more)) for more in ((), EVERY_TWO[1:])
    )
    stack = wiring.build_stream(plain.config, plain.split("train")).stack(0, 5)
    told = measuring.step.run(stack).numpy()
    plain.step.run(stack)
    is_known = np.isfinite(told.scalars["task_conflicts"])
    assert is_known.tolist() == [False, True, False, True, False]
    assert np.isnan(told.scalars["task_gradient_norm/like"][~is_known]).all()
    for name, variable in plain.step.variables.items():
        np.testing.assert_array_equal(variable, measuring.step.variables[name], err_msg=name)


@pytest.mark.parametrize(
    ("sharing", "last"),
    [
        ("{kind='shared_bottom', units=[5, 4]}", {"bottom/1/kernel"}),
        ("{kind='mmoe', num_experts=2, units=[5, 4]}", {"expert/0/1/kernel", "expert/1/1/kernel"}),
        (
            "{kind='ple', num_levels=2, num_shared=1, num_own=1, units=[4]}",
            {"ple/1/shared/0/0/kernel"},
        ),
    ],
)
def test_the_last_shared_layers_are_those_of_the_top_experts_that_are_shared(read, sharing, last):
    model = wiring.build_run(read(f"model.sharing={sharing}")).model
    assert set(model.shared("last")) == last
    assert last < set(model.shared("dense")) < set(model.shared("all"))
    assert set(model.shared("all")) == set(model.partition().shared)


def test_a_block_that_does_not_say_what_is_last_has_all_that_is_dense(read):
    model = wiring.build_run(read()).model
    del model._sharing.last
    assert model.shared("last") == model.shared("dense")


def test_a_gramian_is_told_by_hand():
    rows = np.array([[3.0, 4.0], [0.0, 0.0], [-4.0, 3.0], [-3.0, -4.0]])
    found = telemetry.measured(tf.constant(rows @ rows.T), 4).numpy()
    names = telemetry.scalar_names(["a", "b", "c", "d"])
    assert dict(zip(names, found.tolist(), strict=True)) == {
        "task_gradient_norm/a": 5.0,
        "task_gradient_norm/b": 0.0,
        "task_gradient_norm/c": 5.0,
        "task_gradient_norm/d": 5.0,
        "task_cosine/a/b": 0.0,
        "task_cosine/a/c": 0.0,
        "task_cosine/a/d": -1.0,
        "task_cosine/b/c": 0.0,
        "task_cosine/b/d": 0.0,
        "task_cosine/c/d": 0.0,
        "task_conflicts": np.float32(1 / 6),
    }


@pytest.mark.parametrize("scale", [1e-18, 1.0, 1e18])
def test_no_norm_overflows_or_is_lost(scale):
    values = {"v": {"a": tf.constant([scale, 0.0]), "b": tf.constant([-scale, scale])}}
    found = telemetry.measured(gramian(values, ("a", "b")), 2).numpy()
    np.testing.assert_allclose(found, [scale, 2**0.5 * scale, -(0.5**0.5), 1.0], rtol=1e-6)


def test_it_must_be_written_down_and_compare_something(read):
    said = "objective.telemetry.every_attempts 3 must be a multiple of train.log_every_attempts, 2"
    with pytest.raises(load.ConfigError, match=said):
        read("train.log_every_attempts=2", "objective.telemetry.every_attempts=3")
    with pytest.raises(load.ConfigError, match=r"multiple of train\.log_every_attempts, 0"):
        read("train.log_every_attempts=0", "objective.telemetry.every_attempts=3")
    one = read(*EVERY_TWO, "data.tasks=['like']")
    (said,) = wiring.find_mistakes(one)
    assert said == "objective.telemetry compares gradients of two tasks or more; there is 'like'"
    with pytest.raises(ValueError, match="there is 'like'"):
        wiring.build_run(one)
