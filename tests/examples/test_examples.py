"""Parts of one's own, in the files of examples/: used in a run and a comparison, and listed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import small_jobs
import tensorflow as tf
from sample_comparison import read_comparison, write_comparison

from ranker import optim, wiring
from ranker.compare import grid
from ranker.compare.trial_executor import TrialExecutor
from ranker.spec import graph_inputs, load, plugins
from ranker.spec.clip import Clip
from ranker.spec.objective import Loss
from ranker.spec.part import kinds
from ranker.spec.run import RunConfig

pytestmark = pytest.mark.runs

ROOT = Path(__file__).parents[2]
MEDIAN = ["plugins=['examples.median_clip']", "clip=[{kind='median', max_ratio=2.0}]"]
LION = ["plugins=['examples.lion']", "optimizer.dense={rule='lion', learning_rate=0.001}"]
STUCK = [
    "plugins=['examples.stuck_feature']",
    "inject=[{kind='stuck_feature', feature='user_count', start=2, stop=4}]",
]
LOG_COSH = ["plugins=['examples.log_cosh']", "objective.regression={kind='log_cosh', scale=0.5}"]
GATES = ["plugins=['examples.field_gates']", "model.interaction='field_gates'"]
GRAD_DROP = ["plugins=['examples.grad_drop']", "objective.aggregate='grad_drop'"]
PRECISION = [
    "plugins=['examples.precision_at']",
    "metrics=[{kind='precision_at', num_rows=2}]",
    "train.monitor='like.precision_at'",
]


@pytest.fixture
def read(prepared, tmp_path):
    text = small_jobs.SMALL + small_jobs.MODEL
    path = small_jobs.write_settings(tmp_path / "run.toml", text, prepared)
    return lambda *overrides: load.load(path, overrides, RunConfig)


@pytest.mark.parametrize("name", ["median_clip"])
def test_a_clipper_of_ones_own_is_a_file_of_thirty_lines(name):
    assert len((ROOT / "examples" / f"{name}.py").read_text().splitlines()) <= 30


@pytest.mark.parametrize(
    "overrides",
    [MEDIAN, LION, STUCK, PRECISION, LOG_COSH, GATES, GRAD_DROP],
    ids=["clipper", "rule", "injector", "metric", "loss", "block", "aggregation"],
)
def test_it_is_in_a_run_like_any_other_part(overrides, read, tmp_path):
    config = read(*overrides, "train.max_attempts=6", "train.log_every_attempts=1")
    result = small_jobs.run(config, tmp_path / "run")
    assert result["status"] == "completed"
    is_measured = "precision_at" in result["metrics"]["test"]["like"]
    assert is_measured == (overrides is PRECISION)
    (tmp_path / "again.toml").write_text(load.dump(config))
    assert load.load(tmp_path / "again.toml", [], RunConfig) == config


def test_the_clipper_keeps_a_variable_to_the_median():
    variables = [tf.Variable([0.0]), tf.Variable([0.0]), tf.Variable([0.0])]
    read_median = load_median()
    group = optim.Group(
        name="dense",
        variables={str(i): v for i, v in enumerate(variables)},
        rule=optim.Sgd(),
        schedule=optim.Constant(rate=1.0),
    )
    optimizer = optim.Optimizer([group], clippers=[read_median(max_ratio=2.0)])
    given = [tf.constant([1.0]), tf.constant([-3.0]), tf.constant([100.0])]
    proposal = optimizer.propose(given)
    np.testing.assert_allclose(
        [float(change.update[0]) for change in proposal.changes], [1.0, -3.0, 6.0]
    )
    bad = optimizer.propose([given[0], given[1], tf.constant([np.nan])])
    assert np.isnan(bad.gradients[2].values).all()


def load_median():
    plugins.import_plugins(["examples.median_clip"])
    return kinds(Clip)["median"]


def test_its_numbers_are_inputs_of_the_graph_like_those_of_any_clipper(read):
    one, other = (read(*MEDIAN, f"clip.0.max_ratio={ratio}") for ratio in (2.0, 3.0))
    assert graph_inputs.find(one)["clip.0.max_ratio"] == 2.0
    assert graph_inputs.signature(one) == graph_inputs.signature(other)


def test_lion_steps_by_the_rate_and_refuses_nothing_it_should_see(read):
    run = wiring.build_run(read(*LION))
    dense = run.step.optimizer.groups[0]
    assert dense.rule.initial() == {"momentum": 0.0}
    slots = (tf.constant([0.5, -0.5, 0.0]),)
    gradient = tf.constant([-1.0, 1.0, np.nan])
    # 0.9 * 0.5 - 0.1 = 0.35 > 0: the momentum outweighs the gradient.
    np.testing.assert_array_equal(
        dense.rule.direct(gradient, slots, step=tf.constant(0)).values, [1.0, -1.0, np.nan]
    )
    np.testing.assert_allclose(dense.rule.advance(gradient, slots)[0][:2], [0.485, -0.485])


def test_the_loss_is_half_the_square_near_the_label_and_finite_far_off():
    plugins.import_plugins(["examples.log_cosh"])
    loss = kinds(Loss)["log_cosh"](scale=2.0)
    found = loss.each(tf.constant([0.01, 2.0, 1e30]), tf.zeros([3])).numpy()
    np.testing.assert_allclose(found[:2], [0.5 * 0.01**2, 4 * np.log(np.cosh(1.0))], rtol=2e-3)
    assert np.isfinite(found).all()


def test_the_gates_of_the_block_are_trained_and_saved(read):
    run = wiring.build_run(read(*GATES))
    gates = [name for name in run.step.variables if "gate" in name and "user_id" in name]
    assert gates
    assert any("gate" in name for name in run.step.optimizer.names)


def test_a_comparison_has_it_as_a_safeguard(prepared, tmp_path):
    own = f"\n[[safeguards]]\nname = 'own'\nset = {json.dumps(MEDIAN)}\n"
    path = write_comparison(tmp_path, prepared, epochs=0.5, more=own)
    config = read_comparison(path)
    chosen = {(workload, "gc"): 0.1 for workload in workloads(config, tmp_path)}
    trial = next(t for t in grid.finals(config, tmp_path, chosen) if t.safeguard == "own")
    assert trial.config.clip[0].kind == "median"
    columns = TrialExecutor(primary=config.primary).run(trial.config)
    assert json.loads(columns["test"])


def workloads(config, folder):
    return {trial.workload for trial in grid.possible(config, folder)}


def test_the_settings_of_it_are_listed():
    told = program("settings", "--plugin=examples.median_clip", "clip.median")
    assert told.returncode == 0
    assert "Each variable's gradient kept to a multiple of the median norm of all." in told.stdout
    assert "| `max_ratio` | number > 0 | `10.0` | of a norm to the median one, no unit. |" in (
        told.stdout
    )


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("examples.nowhere", "'examples.nowhere' cannot be imported: no module 'examples.nowhere'"),
        ("broken_part", "'broken_part' fails: ZeroDivisionError: division by zero"),
        ("lacking_part", "'lacking_part' cannot be imported: no module 'not_installed'"),
    ],
)
def test_a_module_that_cannot_be_imported_is_told_by_name(module, said, tmp_path, monkeypatch):
    (tmp_path / "broken_part.py").write_text("1 / 0\n")
    (tmp_path / "lacking_part.py").write_text("import not_installed\n")
    (tmp_path / "run.toml").write_text(f"plugins = ['{module}']\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(load.ConfigError, match=r"run\.toml: plugins: ") as error:
        load.load(tmp_path / "run.toml", [], RunConfig)
    assert said in str(error.value)


def test_what_an_installed_package_offers_is_there_without_being_named(tmp_path):
    package = tmp_path / "theirs-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[ranker.plugins]\ntheirs = their_parts\n")
    source = (ROOT / "examples" / "median_clip.py").read_text()
    (tmp_path / "their_parts.py").write_text(source.replace('"median"', '"theirs"'))
    told = program("settings", "clip.theirs", path=tmp_path)
    assert "median norm of all" in told.stdout, told.stderr


def program(name, *arguments, path=None):
    environment = os.environ | ({"PYTHONPATH": str(path)} if path else {})
    return subprocess.run(
        [sys.executable, "-m", f"pipelines.{name}", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_program_is_as_quiet_with_a_part_of_ones_own_as_without(tmp_path):
    told = program(
        "train",
        "--config=configs/quick.toml",
        "--set=plugins=['examples.median_clip']",
        "--set=clip=[{kind='median', max_ratio=-1.0}]",
        "--check",
    )
    assert told.returncode == 2
    (line,) = told.stderr.splitlines()
    assert line.startswith("train: --set=clip=[{kind='median', max_ratio=-1.0}]: clip.0: max_ratio")
