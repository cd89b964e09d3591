"""A warm run is the run that the training program makes, whatever ran before it."""

import dataclasses
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sample_comparison import read_comparison, write_comparison

from ranker import job
from ranker.compare import grid
from ranker.compare.trial_executor import TrialExecutor
from ranker.spec import graph_inputs, guard, inject, inject_training

pytestmark = pytest.mark.runs

CLOCK = ("seconds", "seconds_per_attempt", "evaluated_seconds")


@pytest.fixture(scope="module")
def trials(tmp_path_factory, prepared):
    path = write_comparison(tmp_path_factory.mktemp("comparison"), prepared)
    return grid.finals(read_comparison(path), path.parent, {})


def measured(columns):
    return {name: value for name, value in columns.items() if name not in CLOCK}


def runs_of(*configs):
    """Returns the columns of runs one after the other in a new executor."""
    executor = TrialExecutor(primary="rating.rmse")
    return [executor.run(config) for config in configs]


@pytest.fixture(scope="module")
def warm(trials):
    """Runs in one executor: gc at rate 5, gc at 0.05, none at 0.05, and the first again."""
    assert [(t.safeguard, t.rate) for t in (trials[-1], trials[5], trials[1])] == [
        ("gc", 5.0), ("gc", 0.05), ("none", 0.05),
    ]  # fmt: skip
    return runs_of(*(trials[place].config for place in (-1, 5, 1, -1)))


@pytest.fixture(scope="module")
def faulty(trials):
    """Runs in one executor with a fault that begins at attempt 30 and at 0."""
    return runs_of(*(with_fault(trials[1].config, start=start) for start in (30, 0)))


def test_a_run_is_the_same_after_others_as_on_a_new_bench(warm, trials):
    first, _, other, again = warm
    assert measured(again) == measured(first)
    assert measured(other) != measured(first)
    (alone,) = runs_of(trials[1].config)
    assert measured(alone) == measured(other)


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_a_run_is_the_same_after_that_of_another_seed(trials, dropout):
    model = dataclasses.replace(trials[1].config.model, dropout=dropout)
    config = dataclasses.replace(trials[1].config, model=model)
    other = dataclasses.replace(config, seed=config.seed + 7)
    _, after = runs_of(other, config)
    (alone,) = runs_of(config)
    assert measured(alone) == measured(after)


def test_a_run_is_that_of_the_training_program_but_for_rounding(warm, trials, tmp_path):
    columns, trial = warm[1], trials[5]  # at a rate where the last bit does not grow
    job.run_job(
        without_export(trial.config), tmp_path, is_stopping=lambda: False, say=lambda _: None
    )
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    evaluations = [line for line in lines if "validation" in line]
    assert [line["attempt"] for line in evaluations] == columns["evaluated_attempt"][1:]
    ours = json.loads(columns["validation"])[1:]
    for line, metrics in zip(evaluations, ours, strict=True):
        assert line["validation"]["like"]["auc"] == pytest.approx(metrics["like.auc"], abs=1e-4)
        assert line["validation"]["rating"]["rmse"] == pytest.approx(
            metrics["rating.rmse"], rel=1e-4
        )


def without_export(config):
    export = dataclasses.replace(config.export, enabled=False)
    return dataclasses.replace(config, export=export)


def test_the_columns_say_what_was_clipped_and_where(warm):
    _, clipped, unclipped, _ = warm
    assert unclipped["clipped_share"] == 0
    assert clipped["clipped_share"] == 1
    factors = dict(zip(clipped["layers"], clipped["clip_factors"], strict=True))
    assert max(factors["embedding/user_id"]) == 1  # targets dense alone
    assert min(factors["bottom/0/kernel"]) < 1
    scalars = json.loads(clipped["scalars"])
    assert scalars["learning_rate/dense"]["attempt"] == list(range(1, 51))
    assert scalars.keys() == {
        *("learning_rate/dense", "learning_rate/embeddings", "gradient_norm", "update_norm"),
        *("gradient_norm/dense", "gradient_norm/embeddings"),
    }
    assert clipped["steps"] == clipped["planned_attempts"] == clipped["train_attempt"][-1] == 50
    assert clipped["evaluated_attempt"] == [0, 20, 40, 50]


def test_the_best_evaluation_chooses_what_test_sees(warm):
    columns = warm[2]
    evaluations = json.loads(columns["validation"])
    best = min(range(len(evaluations)), key=lambda i: evaluations[i]["rating.rmse"])
    assert best > 0
    assert json.loads(columns["test"])["rating.rmse"] != evaluations[best]["rating.rmse"]


def with_fault(config, *, start):
    fault = inject_training.TaskWeight(task="rating", factor=50.0, start=start, stop=start + 9)
    return dataclasses.replace(config, inject=(fault,))


def test_runs_that_differ_in_when_a_fault_is_on_share_a_step_and_nothing_else(warm, faulty, trials):
    early, late = (with_fault(trials[1].config, start=start) for start in (0, 30))
    assert graph_inputs.signature(early) == graph_inputs.signature(late)
    (alone,) = runs_of(early)
    assert measured(alone) == measured(faulty[1])
    events = [json.loads(run["events"])[0] for run in faulty]
    assert [(e["kind"], e["attempt"], e["until"]) for e in events] == [
        ("injected", 31, 39),
        ("injected", 1, 9),
    ]
    for ours, calm in zip(faulty[0]["task_losses"], warm[2]["task_losses"], strict=True):
        assert ours[:31] == calm[:31]
        assert ours[32:] != calm[32:]


def test_a_weight_that_a_fault_changed_is_not_in_the_losses(warm, faulty):
    for ours, calm in zip(faulty[1]["task_losses"], warm[2]["task_losses"], strict=True):
        assert ours[0] == calm[0]  # before the first update


def test_a_primary_that_validation_does_not_define_is_refused_before_training(
    trials, prepared, tmp_path
):
    data = shutil.copytree(prepared, tmp_path / "data")
    table = pq.read_table(data / "validation.parquet")
    place = table.schema.get_field_index("like")
    ones = pa.array([1.0] * len(table), pa.float32())
    pq.write_table(table.set_column(place, "like", ones), data / "validation.parquet")
    config = dataclasses.replace(trials[0].config, data=at(trials[0].config.data, data))
    with pytest.raises(ValueError, match=r"'like\.auc' is not defined on validation: one class"):
        TrialExecutor(primary="like.auc").run(config)


def at(settings, data):
    return dataclasses.replace(settings, path=str(data))


def test_a_recovery_is_a_safeguard_like_any_other_and_does_what_it_does_in_a_run(trials, tmp_path):
    """A fault that lasts escalates the whole recovery: the rates fall, and the run goes back."""
    nan = inject.NotFinite(task="rating", share=1.0, start=25, stop=34)
    recovery = guard.Recovery(
        max_refusals=2, within_attempts=9, settle_attempts=1, clip=None, healthy_attempts=5,
        recovery_attempts=9,
    )  # fmt: skip
    settings = guard.GuardSettings(max_refusals=3, recovery=recovery)
    train = dataclasses.replace(trials[1].config.train, checkpoint_every_attempts=5)
    config = dataclasses.replace(trials[1].config, inject=(nan,), guard=settings, train=train)
    first, again = runs_of(config, config)
    assert repr(measured(again)) == repr(measured(first))  # NaN among them
    kinds = [event["kind"] for event in json.loads(first["events"])]
    assert {"rate_lowered", "rolled_back", "rate_recovered"} <= set(kinds)
    assert (first["status"], first["attempts"]) == ("completed", 50)
    workdir = tmp_path / "run"
    workdir.mkdir()
    job.run_job(without_export(config), workdir, is_stopping=lambda: False, say=lambda _: None)
    lines = (workdir / "events.jsonl").read_text().splitlines()
    in_run = [json.loads(line) for line in lines]
    assert [(e["kind"], e["attempt"]) for e in in_run] == [
        (e["kind"], e["attempt"]) for e in json.loads(first["events"])
    ]


def test_a_recovery_that_is_spent_ends_the_trial_as_diverged(trials):
    nan = inject.NotFinite(task="rating", share=1.0, start=25, stop=50)
    recovery = guard.Recovery(clip=None, rate_factor=1.0, max_rollbacks=0)
    settings = guard.GuardSettings(max_refusals=3, recovery=recovery)
    (columns,) = runs_of(
        dataclasses.replace(trials[1].config, inject=(nan,), guard=settings)
    )  # fmt: skip
    assert (columns["status"], columns["attempts"]) == ("diverged", 28)
    assert columns["evaluated_attempt"] == [0, 20, 28]
