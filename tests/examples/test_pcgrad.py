"""PCGrad of examples/: against golden values, and in a step as an aggregation like any other."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import small_jobs
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from examples.pcgrad import projected
from ranker import job, wiring
from ranker.compare.trial_executor import TrialExecutor
from ranker.report.run.curves import Curves
from ranker.report.run.record import read_record
from ranker.spec import load
from ranker.spec.run import RunConfig

GOLDEN = json.loads((Path(__file__).parent / "pcgrad.json").read_text())
CASES = [name for name in GOLDEN if name != "made_with"]


def weights_of(gradients, order):
    """Returns what `projected` gives, each task meeting the others in `order`."""
    products = gradients @ gradients.T
    orders = np.tile(np.array(order, np.int32), (len(gradients), 1))
    return projected(tf.constant(products), tf.constant(orders)).numpy()


@pytest.mark.parametrize("name", CASES)
def test_it_is_what_others_get(name):
    gradients = np.array(GOLDEN[name]["gradients"], np.float32)
    found = weights_of(gradients, range(len(gradients)))
    np.testing.assert_allclose(found, GOLDEN[name]["weights"], rtol=2e-6)


def test_over_all_orders_it_is_their_mean():
    golden = GOLDEN["index_order"]
    gradients = np.array(golden["gradients"], np.float32)
    found = [weights_of(gradients, order) @ gradients for order in itertools.permutations(range(4))]
    expected = golden["mean_direction_over_all_orders"]
    np.testing.assert_allclose(np.mean(found, axis=0), expected, atol=2e-6)


@pytest.fixture(scope="module")
def made(prepared, tmp_path_factory):
    """A run's step with PCGrad, and six batches."""
    path = tmp_path_factory.mktemp("pcgrad") / "run.toml"
    small_jobs.write_settings(path, small_jobs.SMALL + small_jobs.MODEL, prepared)
    pcgrad = ["plugins=['examples.pcgrad']", "objective.aggregate='pcgrad'"]
    more = ["clip=[]", "seed=3", "train.log_every_attempts=1"]
    run = wiring.build_run(load.load(path, [*pcgrad, *more], RunConfig))
    step = run.step
    return step, wiring.build_stream(run.config, run.split("train")).stack(0, 6)


def test_it_trains_tells_and_remembers_only_what_was_accepted(made):
    step, stack = made
    bad = {name: values.copy() for name, values in stack.labels.items()}
    bad["rating"][2] = np.nan
    weights = {name: np.ones_like(values) for name, values in stack.weights.items()}
    reports = step.run(type(stack)(stack.features, bad, weights)).numpy()
    assert reports.accept.tolist() == [True, True, False, True, True, True]
    conflicts = reports.scalars["pcgrad/conflicts"][reports.accept]
    assert set(conflicts) <= {0.0, 1.0}
    assert int(step.variables["aggregation/steps"]) == 5 == int(step.optimizer.step)


def test_it_is_the_projection_of_each_tasks_gradient(made):
    step, stack = made
    by_name = {}
    weighted = step.aggregation

    def spy(gradients, transaction):
        found = weighted(gradients, transaction)
        by_name.update(each=gradients.each(), found=found)
        return found

    spy.variables = {}
    step.aggregation, batch = spy, stack.at(0)
    step.propose(tf.nest.map_structure(tf.constant, batch))
    step.aggregation = weighted
    each, found = by_name["each"], {g.name: g.values.numpy() for g in by_name["found"]}
    shared = {n: {t: g.numpy() for t, g in of.items()} for n, of in each.items() if len(of) > 1}
    assert set(shared) == set(step.model.partition().shared)
    one, two = (
        np.concatenate([of[t].ravel() for of in shared.values()]) for t in ("like", "rating")
    )
    against = min(0.0, float(one @ two))
    both = one - against / (two @ two) * two + two - against / (one @ one) * one
    got = np.concatenate([found[name].ravel() for name in shared])
    np.testing.assert_allclose(got, both, rtol=1e-4, atol=1e-7)
    for name, of in each.items():
        if len(of) == 1:
            np.testing.assert_array_equal(found[name], next(iter(of.values())))


def test_what_it_reports_reaches_the_logs_the_page_and_a_comparison(prepared, tmp_path):
    path = small_jobs.write_settings(
        tmp_path / "run.toml", small_jobs.SMALL + small_jobs.MODEL, prepared
    )
    pcgrad = ["plugins=['examples.pcgrad']", "objective.aggregate='pcgrad'"]
    more = ["train.log_every_attempts=1", "train.max_attempts=6", "train.epochs=1"]
    config = small_jobs.read_settings(path, *pcgrad, *more)
    (tmp_path / "run").mkdir()
    job.open_run_directory(config, tmp_path / "run", command=[])
    small_jobs.run(config, tmp_path / "run")
    lines = small_jobs.logs(tmp_path / "run")["metrics.jsonl"]
    logged = [line["scalars"]["pcgrad/conflicts"] for line in lines if "scalars" in line]
    assert len(logged) == 6
    board = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    assert [
        float(tf.make_ndarray(x.tensor_proto)) for x in board.Tensors("pcgrad/conflicts")
    ] == logged
    panels, _ = Curves(read_record(tmp_path / "run")).added()
    assert "pcgrad" in [panel.title for panel in panels]
    columns = TrialExecutor(primary="rating.rmse").run(config)
    assert json.loads(columns["scalars"])["pcgrad/conflicts"]["attempt"] == [1, 2, 3, 4, 5, 6]
