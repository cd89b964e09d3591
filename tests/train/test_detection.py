"""The detector in a step: what it changes (nothing), what it reports, its events."""

import dataclasses

import numpy as np
import pytest

from ranker import wiring
from ranker.guard import FULL, HEALTHY, JUMP
from ranker.input import Batch, Stream
from ranker.spec.guard import Detect, GuardSettings
from ranker.spec.model import ModelSettings
from ranker.spec.run import DataSettings, RunConfig
from ranker.train import interventions

pytestmark = pytest.mark.runs

FINDINGS = ("symptoms", "began", "levels", "norm_symptom")
DETECT = Detect(window=20, minimum=10, max_recovery=10)


@pytest.fixture(scope="module")
def config(prepared):
    return RunConfig(
        seed=5,
        data=DataSettings(path=str(prepared), batch_size=16),
        model=ModelSettings(embedding_width=4, tower_units=(4,), dropout=0.2),
        guard=GuardSettings(max_refusals=2),
    )


@pytest.fixture(scope="module")
def detecting(config):
    return dataclasses.replace(config, guard=dataclasses.replace(config.guard, detect=DETECT))


@pytest.fixture(scope="module")
def stack(config):
    return Stream(wiring.build_run(config).split("train"), batch_size=16, seed=5).stack(0, 60)


def loud(stack, start, stop):
    """Returns `stack` with ratings that no model foresees in the batches [start, stop)."""
    rating = stack.labels["rating"].copy()
    rating[start:stop] += 50.0
    return stack._replace(labels=stack.labels | {"rating": rating})


def run(step, stack):
    return step.run(stack).numpy()


def cut(stack, start, stop):
    return Batch(*({n: a[start:stop] for n, a in arrays.items()} for arrays in stack))


def state(step):
    return {name: variable.numpy().tobytes() for name, variable in step.variables.items()}


@pytest.fixture(scope="module")
def plain_and_detecting(config, detecting, stack):
    """The two steps after the same attempts, and their reports."""
    steps = [wiring.build_run(each).step for each in (config, detecting)]
    return [(step, run(step, loud(stack, 30, 45))) for step in steps]


def test_the_detector_changes_no_bit_of_the_run(plain_and_detecting):
    (plain, without), (detecting, with_it) = plain_and_detecting
    kept = {n: bits for n, bits in state(detecting).items() if not n.startswith("guard/detector/")}
    assert kept == state(plain)
    for name, expected in without.arrays().items():
        if name not in FINDINGS:
            np.testing.assert_array_equal(with_it.arrays()[name], expected, err_msg=name)


def test_without_it_nothing_of_it_is_in_the_graph(plain_and_detecting):
    (plain, without), (detecting, _) = plain_and_detecting
    assert [getattr(without, name).shape for name in FINDINGS] == [(60, 0)] * 4

    def drawn(step):
        (graph,) = [f.graph for f in step._compiled._list_all_concrete_functions()]
        return sorted(
            op.name
            for function in [graph, *graph._functions.values()]
            for op in (function.graph if hasattr(function, "graph") else function).get_operations()
            if "detector" in op.name
        )

    assert drawn(plain) == []
    assert drawn(detecting) != []


def test_a_jump_is_reported_of_its_task_alone(plain_and_detecting):
    _, (step, reports) = plain_and_detecting
    rating, like = (step.objective.tasks.index(task) for task in ("rating", "like"))
    assert reports.symptoms[4::5, rating].tolist() == [HEALTHY] * 6 + [JUMP] + [FULL] * 5
    before, after = np.median(reports.losses[20:30, rating]), reports.losses[45:, rating]
    assert np.median(after) > 1.05 * before  # what was learned of those ratings stays
    assert np.all(reports.symptoms[:, like] == HEALTHY)


def test_events_are_of_beginnings_alone(plain_and_detecting):
    _, (step, reports) = plain_and_detecting
    events = [e for e in interventions(reports, step) if e["kind"] == "divergence"]
    assert [(e["attempt"], e["task"], e["symptom"]) for e in events] == [
        (35, "rating", "jump"),
        (40, "rating", "full"),
    ]
    place = step.objective.tasks.index("rating")
    assert events[0] == {
        "kind": "divergence",
        "attempt": 35,
        "step": 35,
        "task": "rating",
        "symptom": "jump",
        "loss": float(reports.losses[34, place]),
        "level": float(reports.levels[34, place]),
        "norm": events[0]["norm"],
    }
    assert events[0]["loss"] > 100 * events[0]["level"] > 0
    assert events[0]["norm"] in ("jump", "healthy")


def test_restored_inside_a_jump_it_leaves_the_same(detecting, plain_and_detecting, stack):
    _, (whole, reports) = plain_and_detecting
    at = 37  # the jump is known since the 35th; two attempts of the next five are kept
    stopped, resumed = (wiring.build_run(detecting).step for _ in range(2))
    run(stopped, cut(loud(stack, 30, 45), 0, at))
    for name, variable in resumed.variables.items():
        variable.assign(stopped.variables[name])
    rest = run(resumed, cut(loud(stack, 30, 45), at, 60))
    for name, values in rest.arrays().items():
        np.testing.assert_array_equal(values, reports.arrays()[name][at:])
    assert state(resumed) == state(whole)
