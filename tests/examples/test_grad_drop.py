"""GradDrop of examples/: what is kept, and how often; and in a step as an aggregation."""

import json

import numpy as np
import pytest
import small_jobs
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from examples.grad_drop import of_one_sign
from ranker import job, wiring
from ranker.compare.trial_executor import TrialExecutor
from ranker.report.run.curves import Curves
from ranker.report.run.record import read_record
from ranker.spec import load
from ranker.spec.run import RunConfig

pytestmark = pytest.mark.runs


def test_each_number_keeps_one_sign_as_often_as_it_is_pulled_that_way():
    num = 20_000
    values = [tf.fill([num], 3.0), tf.fill([num], -1.0), tf.fill([num], 0.0)]
    left = [value.numpy() for value in of_one_sign(values, tf.constant([1, 2], tf.int64))]
    up, down = left[0] == 3.0, left[1] == -1.0
    assert (up ^ down).all()
    assert not left[0][down].any()
    assert up.mean() == pytest.approx(0.75, abs=0.01)
    same = of_one_sign([tf.constant([1.0, -2.0])] * 2, tf.constant([1, 2], tf.int64))
    assert [value.numpy().tolist() for value in same] == [[1.0, -2.0]] * 2
    bad = of_one_sign([tf.constant([np.nan]), tf.constant([1.0])], tf.constant([1, 2], tf.int64))
    assert np.isnan(bad[0]).all()  # which the guard is to see


def test_it_trains_tells_and_remembers_only_what_was_accepted(prepared, tmp_path):
    path = tmp_path / "run.toml"
    small_jobs.write_settings(path, small_jobs.SMALL + small_jobs.MODEL, prepared)
    own = ["plugins=['examples.grad_drop']", "objective.aggregate='grad_drop'"]
    run = wiring.build_run(load.load(path, [*own, "train.log_every_attempts=1"], RunConfig))
    stack = wiring.build_stream(run.config, run.split("train")).stack(0, 4)
    bad = {name: values.copy() for name, values in stack.labels.items()}
    bad["rating"][2] = np.nan
    weights = {name: np.ones_like(values) for name, values in stack.weights.items()}
    reports = run.step.run(type(stack)(stack.features, bad, weights)).numpy()
    assert reports.accept.tolist() == [True, True, False, True]
    kept = reports.scalars["grad_drop/kept"][reports.accept]
    assert ((kept > 0.3) & (kept < 1)).all()
    assert int(run.step.variables["aggregation/steps"]) == 3 == int(run.step.optimizer.step)


def test_what_it_reports_reaches_the_logs_the_page_and_a_comparison(prepared, tmp_path):
    path = small_jobs.write_settings(
        tmp_path / "run.toml", small_jobs.SMALL + small_jobs.MODEL, prepared
    )
    own = ["plugins=['examples.grad_drop']", "objective.aggregate='grad_drop'"]
    more = ["train.log_every_attempts=1", "train.max_attempts=6", "train.epochs=1"]
    config = small_jobs.read_settings(path, *own, *more)
    (tmp_path / "run").mkdir()
    job.open_run_directory(config, tmp_path / "run", command=[])
    small_jobs.run(config, tmp_path / "run")
    lines = small_jobs.logs(tmp_path / "run")["metrics.jsonl"]
    logged = [line["scalars"]["grad_drop/kept"] for line in lines if "scalars" in line]
    assert len(logged) == 6
    board = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    assert [
        float(tf.make_ndarray(x.tensor_proto)) for x in board.Tensors("grad_drop/kept")
    ] == logged
    panels, _ = Curves(read_record(tmp_path / "run")).added()
    assert "grad_drop" in [panel.title for panel in panels]
    columns = TrialExecutor(primary="rating.rmse").run(config)
    assert json.loads(columns["scalars"])["grad_drop/kept"]["attempt"] == [1, 2, 3, 4, 5, 6]
