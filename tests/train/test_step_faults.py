"""Faults in the step: off is as if they were not there; on is the same on every run."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from ranker import inject, wiring
from ranker.input import Batch
from ranker.spec import load
from ranker.spec.model import HashEncoding
from ranker.spec.run import RunConfig, TrainSettings
from ranker.train import Step
from ranker.wiring.faults import build_faults

pytestmark = pytest.mark.runs

START, STOP, NUM = 2, 5, 8
INJECT = """
{kind = "label_flip", task = "like", share = 0.25, start = 2, stop = 5},
{kind = "extreme_label", task = "rating", value = 50.0, share = 0.25, start = 2, stop = 5},
{kind = "feature_scale", feature = "user_count", factor = 3.0, start = 2, stop = 5},
{kind = "feature_outlier", feature = "user_count", value = 99.0, share = 0.25, start = 2, stop = 5},
{kind = "unknown_ids", feature = "*", share = 0.25, start = 2, stop = 5},
{kind = "noise", level = 0.1, start = 2, stop = 5},
{kind = "task_vanishes", task = "like", start = 4, stop = 5},
{kind = "task_weight", task = "rating", factor = 2.5, start = 2, stop = 5},
{kind = "rate_scale", factor = 3.0, start = 2, stop = 5},
{kind = "short_warmup", factor = 1.5, start = 2, stop = 5},
{kind = "gradient_spike", variable = "embedding/*", row = 1, factor = 4.0, start = 2, stop = 5},
{kind = "bf16", start = 2, stop = 5},
{kind = "embedding_scale", table = "embedding/item_id", factor = 1.5, start = 2},
{kind = "optimizer_reset", slot = "*/accumulator", start = 3},
{kind = "not_finite", feature = "user_count", share = 0.25, start = 3, stop = 4},
""".replace("\n", "")


@pytest.fixture(scope="module")
def read(prepared, tmp_path_factory):
    """Returns a function from injectors, as TOML, to the settings of a run with them."""
    path = tmp_path_factory.mktemp("faults") / "config.toml"
    path.write_text(
        f"""
        seed = 3
        [data]
        path = "{prepared}"
        batch_size = 16
        [model]
        embedding_width = 4
        tower_units = [8]
        dropout = 0.2
        sharing = {{kind = "shared_bottom", units = [8]}}
        [optimizer.dense]
        schedule = {{kind = "constant", warmup_steps = 9}}
        """
    )
    return lambda injectors: load.load(path, [f"inject=[{injectors}]"], RunConfig)


class Runner:
    """A step, set back to its start for every run."""

    def __init__(self, step, stack):
        self.step = step
        self.initial = self.state()
        self._stack = stack

    def state(self):
        return {name: variable.numpy() for name, variable in self.step.variables.items()}

    def run(self, state, start, stop):
        """Runs attempts [start, stop) from `state`; returns the reports."""
        for name, variable in self.step.variables.items():
            variable.assign(state[name])
        part = Batch(*({n: a[start:stop] for n, a in arrays.items()} for arrays in self._stack))
        return tf.nest.map_structure(lambda value: value.numpy(), self.step.run(part))


@pytest.fixture(scope="module")
def stack(read):
    config = read("")
    return wiring.build_stream(config, wiring.build_run(config).split("train")).stack(0, NUM)


@pytest.fixture(scope="module")
def plain(read, stack):
    return Runner(wiring.build_run(read("")).step, stack)


@pytest.fixture(scope="module")
def faulty(read, stack):
    return Runner(wiring.build_run(read(INJECT)).step, stack)


@pytest.fixture(scope="module")
def turned(read, stack):
    """The faulty run, its injectors' numbers and their seed as variables."""

    def variable(value):
        return tf.Variable(value) if isinstance(value, float) else value

    step = wiring.build_run(read(INJECT)).step
    injectors = [
        dataclasses.replace(each, **{name: variable(v) for name, v in vars(each).items()})
        for each in step.faults.injectors
    ]
    step.faults = inject.Faults(injectors, step.faults._available, seed=tf.Variable(3))
    return Runner(step, stack)


def differing(one, other):
    return {name for name in one if one[name].tobytes() != other[name].tobytes()}


def test_outside_the_range_the_run_is_the_one_without_injectors(plain, faulty):
    before = [runner.run(plain.initial, 0, START) for runner in (plain, faulty)]
    assert differing(before[0].arrays(), before[1].arrays()) == set()
    assert differing(plain.state(), faulty.state()) == set()
    later = plain.state() | {"attempts": np.int64(STOP)}
    after = [runner.run(later, STOP, NUM) for runner in (plain, faulty)]
    assert differing(after[0].arrays(), after[1].arrays()) == set()
    assert differing(plain.state(), faulty.state()) == set()


def test_inside_the_range_it_is_another(plain, faulty):
    for attempt in range(START, STOP):
        state = plain.initial | {"attempts": np.int64(attempt)}
        reports = [runner.run(state, attempt, attempt + 1) for runner in (plain, faulty)]
        assert (reports[0].losses != reports[1].losses).any()
    assert reports[1].losses[0, 0] == 0  # "like" has vanished from the last


def test_a_run_that_stops_at_any_attempt_and_goes_on_is_the_one_that_did_not(faulty, turned):
    whole = faulty.run(faulty.initial, 0, NUM)
    assert whole.accept.tolist() == [attempt != 3 for attempt in range(NUM)]
    end = faulty.state()
    for cut in range(NUM + 1):
        first = faulty.run(faulty.initial, 0, cut)
        rest = turned.run(faulty.state(), cut, NUM)
        for name, values in whole.arrays().items():
            joined = np.concatenate([part.arrays()[name] for part in (first, rest)])
            assert joined.tobytes() == values.tobytes(), (cut, name)
        assert differing(end, turned.state()) == set(), cut


def test_another_seed_draws_other_faults(turned, faulty):
    seed = turned.step.faults._seed
    state = faulty.initial | {"attempts": np.int64(START)}
    expected = faulty.run(state, START, START + 1).losses
    seed.assign(4)
    other = turned.run(state, START, START + 1).losses
    seed.assign(3)
    assert turned.run(state, START, START + 1).losses.tobytes() == expected.tobytes()
    assert (other != expected).all()


def test_rates_are_reported_as_they_were_used(faulty):
    reports = faulty.run(faulty.initial, 0, NUM)
    # 0.05, warmed up over 9 updates; 3 times as high in [2, 5), after 1.5 times the updates.
    # The third is refused, so the fifth attempt is the fourth update.
    update = np.array([1, 2, 3, 4, 4, 5, 6, 7])
    pace = np.where((np.arange(NUM) >= START) & (np.arange(NUM) < STOP), 1.5, 1)
    scale = np.where(pace > 1, 3, 1)
    np.testing.assert_allclose(
        reports.scalars.under("learning_rate").values,
        np.stack([0.05 * scale * update * pace / 9, 0.05 * scale], axis=1),
        rtol=1e-6,
    )


def test_what_a_fault_writes_stays_though_the_attempt_is_refused(faulty):
    state = faulty.initial | {"attempts": np.int64(3)}
    state |= {n: np.full_like(a, 7.0) for n, a in state.items() if n.endswith("/accumulator")}
    report = faulty.run(state, 3, 4)
    assert report.accept.tolist() == [False]
    after = faulty.state()
    slots = {name for name in state if name.endswith("/accumulator")}
    moved = slots | {"attempts", "guard/refused", "guard/refused_in_a_row"}
    assert differing(state, after) == moved
    assert {value for name in slots for value in after[name].ravel().tolist()} == {np.float32(0.1)}


class Absent:
    """No faults, by hand: what the step would be if there were no such thing."""

    def write(self, attempt):
        pass

    def batch(self, batch, attempt):
        return batch

    def losses(self, losses, attempt):
        return losses

    def gradients(self, gradients, attempt):
        return gradients

    def rates(self, rates, step, attempt):
        return rates(step.read_value())


def test_without_injectors_the_graph_is_that_of_a_step_without_faults(plain, faulty, stack):
    absent = Step(
        plain.step.model, plain.step.objective, plain.step.optimizer, plain.step.guard,
        faults=Absent(), seed=3, log_every=TrainSettings().log_every_attempts,
    )  # fmt: skip
    assert _nodes(absent, stack) == _nodes(plain.step, stack)
    assert len(_nodes(faulty.step, stack)) > len(_nodes(plain.step, stack)) > 500


def _nodes(step, stack):
    """Returns every node of the compiled graph and of the functions that it calls."""
    compiled = step._compiled or step._compile(stack)
    graph = compiled.get_concrete_function().graph.as_graph_def()
    functions = [function.node_def for function in graph.library.function]
    return sorted(f"{n.op} {n.name}" for nodes in (graph.node, *functions) for n in nodes)


def test_a_name_that_is_not_there_is_known_when_the_run_is_built(read):
    with pytest.raises(ValueError, match=r"^inject\.0: noise: no numeric feature 'age'; there "):
        wiring.build_run(read("{kind = 'noise', feature = 'age', start = 0, stop = 2}"))


def test_hashed_values_have_no_row_for_the_unknown(read, plain):
    config = read("{kind = 'unknown_ids', feature = 'item_id', start = 0, stop = 2}")
    hashed = HashEncoding(num_buckets=50)
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, encoding=hashed))
    run = wiring.build_run(dataclasses.replace(config, inject=()))
    with pytest.raises(ValueError, match="unknown values 'item_id'; there are: none"):
        build_faults(
            config, run.schema, run.encoder, plain.step.optimizer, tables=plain.step.model.tables
        )
