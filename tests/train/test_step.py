"""The step: what it reports, what it refuses, and that a call is many attempts."""

import types

import numpy as np
import pytest
import tensorflow as tf

from ranker import wiring
from ranker.input import Batch, Stream
from ranker.spec.clip import Clippy
from ranker.spec.guard import GuardSettings
from ranker.spec.model import ModelSettings
from ranker.spec.run import DataSettings, RunConfig, TrainSettings
from ranker.train.step import Step

pytestmark = pytest.mark.runs


@pytest.fixture(scope="module")
def config(prepared):
    return RunConfig(
        seed=3,
        data=DataSettings(path=str(prepared), batch_size=16),
        model=ModelSettings(embedding_width=4, tower_units=(8,), dropout=0.2),
        clip=(Clippy(),),
        guard=GuardSettings(max_refusals=2),
        train=TrainSettings(log_every_attempts=3),
    )


@pytest.fixture(scope="module")
def stack(config):
    split = wiring.build_run(config).split("train")
    return Stream(split, batch_size=16, seed=3).stack(0, 6)


@pytest.fixture(scope="module")
def steps(config):
    """Two steps of the same run, traced once; `fresh` sets them back to the start."""
    pair = [wiring.build_run(config).step for _ in range(2)]
    return [(step, state(step)) for step in pair]


def fresh(steps, which=0):
    step, initial = steps[which]
    for name, variable in step.variables.items():
        variable.assign(initial[name])
    return step


def state(step):
    return {name: variable.numpy() for name, variable in step.variables.items()}


def spoiled(stack, attempt, *, task="rating", value=np.nan):
    labels = {name: array.copy() for name, array in stack.labels.items()}
    labels[task][attempt, 5] = value
    weights = {name: np.ones_like(array) for name, array in stack.weights.items()}
    return Batch(stack.features, labels, weights)


def cut(stack, start, stop):
    return Batch(*({n: a[start:stop] for n, a in arrays.items()} for arrays in stack))


def test_six_attempts_in_one_call_are_six_calls_of_one(steps, stack):
    together, apart = fresh(steps), fresh(steps, 1)
    reports = together.run(stack)
    for k in range(6):
        one = apart.run(cut(stack, k, k + 1))
        np.testing.assert_array_equal(one.losses[0], reports.losses[k])
    for name, value in state(together).items():
        np.testing.assert_array_equal(value, state(apart)[name], err_msg=name)
    assert reports.attempt.numpy().tolist() == list(range(6))
    assert reports.step.numpy().tolist() == list(range(1, 7))
    assert reports.factors.shape == (6, len(together.optimizer.names))


def test_one_process_sends_nothing_and_pays_for_no_worker(steps, stack):
    step = fresh(steps)
    step.run(stack)
    whole = step._compiled.get_concrete_function().graph.as_graph_def()
    nodes = [*whole.node, *(node for f in whole.library.function for node in f.node_def)]
    assert len(nodes) > 500
    assert not [node.name for node in nodes if "Collective" in node.op]
    with tf.Graph().as_default() as graph:
        rows = tf.IndexedSlices(tf.zeros([2, 3]), tf.constant([4, 5]), tf.constant([9, 3]))
        parts = [tf.zeros([2]), rows, None]
        before = len(graph.get_operations())
        for found in (step._reduce(parts), step._reduce.gather(parts)):
            assert all(one is other for one, other in zip(found, parts, strict=True))
        assert len(graph.get_operations()) == before


def test_the_norm_of_all_gradients_is_told_of_the_attempts_that_are_logged(steps, stack):
    together, apart = fresh(steps), fresh(steps, 1)
    told = together.run(stack).scalars["gradient_norm"].numpy()
    assert np.isfinite(told).tolist() == [False, False, True, False, False, True]
    apart.run(cut(stack, 0, 2))
    gradients = apart.propose(stack.at(2)).transaction.gradients
    squares = [np.sum(np.square(g.values.numpy(), dtype=np.float64)) for g in gradients]
    assert told[2] == pytest.approx(np.sqrt(sum(squares)), rel=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_nan_in_one_label_moves_nothing_and_names_the_task(steps, stack, bad):
    step = fresh(steps)
    step.run(cut(stack, 0, 2))
    before = state(step)
    report = step.run(cut(spoiled(stack, 2, value=bad), 2, 3))
    after = state(step)
    moved = {name for name in before if before[name].tobytes() != after[name].tobytes()}
    assert moved == {"attempts", "guard/refused", "guard/refused_in_a_row"}
    assert not report.accept[0]
    assert step.objective.tasks[int(report.task[0])] == "rating"
    step.run(cut(stack, 3, 4))
    assert state(step)["optimizer/step"] == 3
    assert state(step)["guard/refused_in_a_row"] == 0
    assert state(step)["guard/refused"] == 1


def test_a_graph_drawn_of_no_batches_serves_any_number(config, stack):
    step = wiring.build_run(config).step
    before = state(step)
    step.trace(cut(stack, 0, 0))
    assert all(np.array_equal(value, before[name]) for name, value in state(step).items())
    assert step.run(cut(stack, 0, 2)).attempt.numpy().tolist() == [0, 1]
    assert step.run(cut(stack, 2, 6)).attempt.numpy().tolist() == [2, 3, 4, 5]
    assert len(step._compiled._list_all_concrete_functions()) == 1


def test_too_many_refusals_in_a_row_end_the_call(steps, stack):
    step = fresh(steps)
    bad = spoiled(spoiled(stack, 1), 2)
    report = step.run(bad)
    assert report.accept.numpy().tolist() == [True, False, False]
    assert bool(step.guard.halted())
    assert state(step)["attempts"] == 3
    assert len(step.run(stack).attempt) == 0


def test_the_optimizer_is_told_what_features_and_lists_read(steps, stack, monkeypatch):
    step, batch, told = fresh(steps), stack.at(0), {}
    propose = step.optimizer.propose
    monkeypatch.setattr(
        step.optimizer, "propose", lambda *args, **kw: told.update(kw) or propose(*args, **kw)
    )
    step.propose(batch)
    items, lists = batch.features["item_id"], batch.features["liked_items"]
    read = [*items, *lists[lists >= 0]]
    assert len(set(read)) < len(read)
    assert sorted(told["reads"]("embedding/item_id").numpy()) == sorted(read)


def test_it_is_refused_in_several_replicas(config, steps, stack, monkeypatch):
    step = fresh(steps)
    before = state(step)
    strategy = types.SimpleNamespace(num_replicas_in_sync=2)
    monkeypatch.setattr(tf.distribute, "get_strategy", lambda: strategy)
    doors = [
        lambda: wiring.build_run(config),
        lambda: step.run(stack),
        lambda: step.trace(stack),
        lambda: step.attempt(stack.at(0)),
        lambda: step.propose(stack.at(0)),
        lambda: Step(
            step.model, step.objective, step.optimizer, step.guard, faults=step.faults, seed=3
        ),
    ]
    for door in doors:
        with pytest.raises(ValueError, match="SimpleNamespace has 2 replicas, and each would"):
            door()
    monkeypatch.undo()
    for name, array in state(step).items():
        np.testing.assert_array_equal(array, before[name])
