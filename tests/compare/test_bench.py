"""A warm run is the run that the training program makes, whatever ran before it."""

import dataclasses
import json

import pytest
from sample_comparison import read_comparison, write_comparison

from ranker import job
from ranker.compare import grid
from ranker.compare.bench import Bench
from ranker.config import inject, knobs

CLOCK = ("seconds", "seconds_per_attempt", "evaluated_seconds")


@pytest.fixture(scope="module")
def trials(tmp_path_factory, prepared):
    path = write_comparison(tmp_path_factory.mktemp("comparison"), prepared)
    return grid.finals(read_comparison(path), path.parent, {})


def measured(columns):
    return {name: value for name, value in columns.items() if name not in CLOCK}


def test_a_run_is_the_same_after_others_as_on_a_new_bench(trials):
    warm = Bench(primary="like.auc")
    first = warm.run(trials[-1].config)  # gc, rate 5, seed 4
    others = [warm.run(trial.config) for trial in (trials[4], trials[0])]
    again = warm.run(trials[-1].config)
    assert measured(again) == measured(first)
    assert measured(others[0]) != measured(first)
    assert measured(Bench(primary="like.auc").run(trials[0].config)) == measured(others[1])


def test_a_run_is_that_of_the_training_program_but_for_rounding(trials, tmp_path):
    for trial in (trials[1], trials[5]):  # at a rate where the last bit does not grow
        assert trial.rate == 0.05
        columns = Bench(primary="like.auc").run(trial.config)
        workdir = tmp_path / trial.key
        workdir.mkdir()
        job.run_job(
            without_export(trial.config),
            workdir,
            is_stopping=lambda: False,
            say=lambda _: None,
        )
        lines = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
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


def test_the_columns_say_what_was_clipped_and_where(trials):
    bench = Bench(primary="like.auc")
    unclipped, clipped = bench.run(trials[0].config), bench.run(trials[4].config)
    assert (trials[0].safeguard, trials[4].safeguard) == ("none", "gc")
    assert unclipped["clipped_share"] == 0
    assert clipped["clipped_share"] == 1
    factors = dict(zip(clipped["layers"], clipped["clip_factors"], strict=True))
    assert max(factors["embedding/user_id"]) == 1  # targets dense alone
    assert min(factors["bottom/0/kernel"]) < 1
    assert clipped["steps"] == clipped["planned_attempts"] == clipped["train_attempt"][-1] == 50
    assert clipped["evaluated_attempt"] == [0, 20, 40, 50]


def test_the_best_evaluation_chooses_what_test_sees(trials):
    bench = Bench(primary="rating.rmse")
    columns = bench.run(trials[0].config)
    evaluations = json.loads(columns["validation"])
    best = min(range(len(evaluations)), key=lambda i: evaluations[i]["rating.rmse"])
    assert best > 0
    assert json.loads(columns["test"])["rating.rmse"] != evaluations[best]["rating.rmse"]


def with_fault(config, *, start):
    fault = inject.TaskWeightInjector(task="rating", factor=50.0, start=start, stop=start + 9)
    return dataclasses.replace(config, inject=(fault,))


def test_runs_that_differ_in_when_a_fault_is_on_share_a_step_and_nothing_else(trials):
    config = trials[0].config
    early, late = with_fault(config, start=0), with_fault(config, start=30)
    assert knobs.form(early) == knobs.form(late)
    warm = Bench(primary="like.auc")
    first, second = warm.run(late), warm.run(early)
    assert measured(Bench(primary="like.auc").run(early)) == measured(second)
    events = [json.loads(run["events"])[0] for run in (first, second)]
    assert [(e["kind"], e["attempt"], e["until"]) for e in events] == [
        ("injected", 31, 39),
        ("injected", 1, 9),
    ]
    plain = warm.run(config)["task_losses"]
    for ours, calm in zip(first["task_losses"], plain, strict=True):
        assert ours[:31] == calm[:31]
        assert ours[32:] != calm[32:]


def test_a_weight_that_a_fault_changed_is_not_in_the_losses(trials):
    config = trials[0].config
    bench = Bench(primary="like.auc")
    weighted, plain = bench.run(with_fault(config, start=0)), bench.run(config)
    for ours, calm in zip(weighted["task_losses"], plain["task_losses"], strict=True):
        assert ours[0] == calm[0]  # before the first update
