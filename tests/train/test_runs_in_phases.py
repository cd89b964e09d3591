"""Phases: what holds in each, what begins anew, and that a run stops and goes on in any of them."""

import numpy as np
import pytest
from begun_runs import begin
from small_jobs import MODEL, SMALL, Killed, at_call, logs, read_settings, run, write_settings

from ranker import wiring
from ranker.input import Batch
from ranker.wiring.beginning import find_source, start_from

pytestmark = pytest.mark.runs

CONFIG = (
    SMALL
    + MODEL
    + """[optimizer.dense]
rule = {{kind = "adam"}}
schedule = {{kind = "cosine", warmup_steps = 3, decay_steps = 40}}
[optimizer.embeddings]
rule = {{kind = "sgd", momentum = 0.5}}
[[clip]]
kind = "zclip"
[guard]
recovery = {{}}
[train]
max_attempts = 14
attempts_per_call = 4
log_every_attempts = 1
evaluate_every_attempts = 14
checkpoint_every_attempts = 100
keep_checkpoints = 9
"""
)
ALL = (
    "phases=[{until_step=3, task_weights={rating=0}}, {until_step=6, rate_factors={dense=0.5}}, "
    "{until_step=9, frozen=['dense'], reset='slots'}, {reset='both', warmup_steps=4}]"
)


@pytest.fixture(scope="module")
def read(prepared, tmp_path_factory):
    path = tmp_path_factory.mktemp("phases") / "run.toml"
    write_settings(path, CONFIG, prepared)
    return lambda *overrides: read_settings(path, *overrides)


@pytest.fixture(scope="module")
def stack(read):
    config = read()
    return wiring.build_stream(config, wiring.build_run(config).split("train")).stack(0, 8)


@pytest.fixture(scope="module")
def step_of(read):
    """Returns the step of a run with these settings at its start; each is compiled once."""
    made = {}

    def fresh(*overrides):
        if overrides not in made:
            step = wiring.build_run(read(*overrides)).step
            made[overrides] = step, state(step)
        step, initial = made[overrides]
        for name, variable in step.variables.items():
            variable.assign(initial[name])
        return step

    return fresh


def state(step):
    return {name: variable.numpy() for name, variable in step.variables.items()}


def assert_equal(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def spoiled(stack):
    labels = {name: array.copy() for name, array in stack.labels.items()}
    labels["rating"][:, 0] = np.nan
    weights = {name: np.ones_like(array) for name, array in stack.weights.items()}
    return Batch(stack.features, labels, weights)


def test_identical_phases_are_none(step_of, stack):
    plain, phased = step_of(), step_of("phases=[{until_step=2}, {until_step=5}, {}]")
    for step in (plain, phased):
        step.run(stack)
    assert_equal(state(plain), state(phased))


OTHER = (
    "phases=[{until_step=4}, {task_weights={like=3}, rate_factors={dense=0.5}, warmup_steps=2, "
    "frozen=['embeddings'], reset='schedule'}]"
)


def test_a_phase_changes_nothing_before_it_begins(step_of, stack):
    plain, phased = step_of(), step_of(OTHER)
    for step in (plain, phased):
        step.run(stack.at(slice(0, 4)))
    assert_equal(state(plain), state(phased))


def test_what_a_phase_says_holds_from_its_first_update_on(step_of, stack):
    step = step_of(OTHER)
    step.run(stack.at(slice(0, 4)))
    before, (like, rating) = state(step), range(2)
    reports = step.run(stack.at(slice(4, 8))).numpy()
    losses = reports.losses.T
    np.testing.assert_allclose(reports.total, 3 * losses[like] + losses[rating], rtol=1e-6)
    as_evaluated = step.objective.total(losses)
    np.testing.assert_allclose(as_evaluated, losses[like] + losses[rating], rtol=1e-6)
    shares = np.multiply([1 / 3, 2 / 3, 1, 1], [0.5, 1, 1, 1])  # of the cosine's warm-up, and its
    cosine = [1, 1, 1, 0.5 + 0.5 * np.cos(np.pi * 0 / 37)]
    rates = reports.scalars["learning_rate/dense"]
    np.testing.assert_allclose(rates, 0.05 * 0.5 * shares * cosine, rtol=1e-6)
    tables = set(step.model.tables)
    changed = {n for n, value in state(step).items() if not np.array_equal(value, before[n])}
    assert not [n for n in changed if any(f"/{table}" in n for table in tables)]
    assert {f"model/{name}" for name in step.model.dense} <= changed


@pytest.mark.parametrize("is_refused", [False, True])
def test_slots_that_begin_anew_are_those_of_a_new_optimizer(step_of, stack, is_refused):
    """Those of rows that the batch does not touch, too; a refused attempt begins nothing."""
    constant = "optimizer.dense.schedule={kind='constant', warmup_steps=0}"
    step = step_of(constant, "phases=[{until_step=4}, {reset='slots'}]")
    plain = step_of(constant)
    for each in (step, plain):
        each.run(stack.at(slice(0, 4)))
        if is_refused:
            assert not each.run(spoiled(stack.at(slice(4, 5)))).accept.numpy().any()
        each.attempts.assign(5)
    assert_equal(state(plain), state(step))
    for slot, value in plain.optimizer.slots.values():
        slot.assign(np.full(slot.shape, value, np.float32))
    plain.optimizer.step.assign(0)
    for each in (step, plain):
        each.run(stack.at(slice(5, 8)))
    assert int(step.optimizer.step.numpy()) == 7
    step.optimizer.step.assign(3)
    assert_equal(state(plain), state(step))


def left(workdir):
    """Returns what a run leaves: its logs, and the bits of every variable at the end."""
    with np.load(workdir / "checkpoints/000000000014/variables.npz") as arrays:
        return logs(workdir) | {name: arrays[name].tobytes() for name in arrays.files}


@pytest.fixture(scope="module")
def whole(read, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("whole") / "run"
    assert begin(read(ALL), workdir)["status"] == "completed"
    return workdir


def test_a_boundary_is_an_event_and_a_checkpoint_at_the_end_of_its_call(whole):
    events = [event for event in logs(whole)["events.jsonl"] if event["kind"] == "phase"]
    assert [(e["step"], e["index"], e["reset"]) for e in events] == [
        (3, 1, "none"),
        (6, 2, "slots"),
        (9, 3, "both"),
    ]
    there = sorted(int(p.name) for p in (whole / "checkpoints").iterdir() if p.name.isdigit())
    assert there == [0, 4, 8, 12, 14]


@pytest.mark.slow
def test_a_run_that_is_killed_in_each_phase_goes_on_bit_for_bit(read, whole, tmp_path):
    for _ in (4, 8, 12):  # attempts, after which it has another phase
        with pytest.raises(Killed):
            run(read(ALL), tmp_path / "run", is_stopping=at_call(kill_at=1))
    assert run(read(ALL), tmp_path / "run")["status"] == "completed"
    assert left(tmp_path / "run") == left(whole)


def test_a_run_that_begins_from_one_with_phases_counts_from_where_they_began(read, whole):
    config = read(f"train.start_from={whole}", "phases=[{until_step=3}, {}]")
    begun = wiring.build_run(config)
    start_from(begun, find_source(config, begun.schema))
    counts = {n: int(begun.step.optimizer.variables[n]) for n in ("step", "schedule_start")}
    assert counts == {"step": 5, "schedule_start": 0}
    assert [begun.step.optimizer.phases.at(step) for step in (5, 7, 8)] == [0, 0, 1]


def test_a_phase_that_the_run_does_not_come_to_is_refused(read, tmp_path):
    said = r"phases\.1 begins at step 14, and the run is over after 14 attempts: lower phases\.0"
    with pytest.raises(ValueError, match=said):
        run(read("phases=[{until_step=14}, {}]"), tmp_path / "run")


def test_a_phase_of_tasks_that_are_not_there_is_refused_by_its_number(read):
    found = wiring.find_mistakes(
        read("phases=[{until_step=2, task_weights={ratings=1}}, {task_weights={like=0, rating=0}}]")
    )
    assert found == [
        "no task 'ratings' to weigh in phases.0; there are: like, rating; did you mean 'rating'?",
        "phases.1: task_weights are 0 for every task, like, rating",
    ]
