"""Labels from which nothing can be learnt are refused before training, by every door."""

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sample_comparison import read_comparison, write_comparison
from small_jobs import MODEL, SMALL, read_settings, run, write_settings

from ranker import wiring
from ranker.compare import experiment
from ranker.input import digests

TASKS = ("like", "rating")


@pytest.fixture
def data(prepared, tmp_path):
    return shutil.copytree(prepared, tmp_path / "data")


def relabel(data, split="train", **labels):
    """Gives all rows of a split one label a task, or none."""
    path = data / f"{split}.parquet"
    table = pq.read_table(path)
    for task, label in labels.items():
        column = pa.array([label] * len(table), pa.float32())
        table = table.set_column(table.schema.get_field_index(task), task, column)
    pq.write_table(table, path)


def weigh(data, weight):
    path = data / "train.parquet"
    table = pq.read_table(path)
    pq.write_table(table.append_column("weight", pa.array(np.full(len(table), weight))), path)
    schema = data / "schema.toml"
    text = schema.read_text()
    assert 'weight = ""' in text
    schema.write_text(text.replace('weight = ""', 'weight = "weight"'))
    for name in ("validation", "test"):
        other = data / f"{name}.parquet"
        rows = pq.read_table(other)
        pq.write_table(rows.append_column("weight", pa.array(np.ones(len(rows)))), other)


def compare(data, tmp_path, *overrides):
    experiment.compare(
        read_comparison(write_comparison(tmp_path, data), *overrides),
        tmp_path,
        tmp_path / "compared",
        command=[],
        is_stopping=lambda: False,
        on_run=lambda progress: pytest.fail(f"{progress} began"),
        say=lambda line: pytest.fail(line),
    )


def doors(data, tmp_path, *overrides):
    """Yields what must refuse, by the names of the programs."""
    path = write_settings(tmp_path / "config.toml", SMALL + MODEL, data)
    config = read_settings(path, *overrides)
    yield lambda: run(config, tmp_path / "run")
    yield lambda: wiring.rehearse(config)
    settings = ", ".join(f"'{text}'" for text in overrides)
    yield lambda: compare(data, tmp_path, f"set=[{settings}]")


def require_refused(data, tmp_path, said, *overrides):
    for door in doors(data, tmp_path, *overrides):
        with pytest.raises(ValueError, match=said):
            door()
    assert not (tmp_path / "run/checkpoints").exists()


@pytest.mark.parametrize("stream", ["never", "always"])
def test_tasks_without_a_label_are_named(data, tmp_path, stream):
    relabel(data, like=None, rating=None)
    said = "train.parquet: no row has a label of task 'like'; no row has a label of task 'rating'"
    order = ["data.order=blocks", f"data.stream={stream}"]
    require_refused(data, tmp_path, said, *order)


@pytest.mark.parametrize("stream", ["never", "always"])
def test_a_task_whose_rows_weigh_nothing_is_named(data, tmp_path, stream):
    weigh(data, 0.0)
    order = ["data.order=blocks", f"data.stream={stream}"]
    require_refused(data, tmp_path, "no row has a label of task 'like'", *order)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_a_binary_task_of_one_class_is_named(data, tmp_path, label):
    relabel(data, like=label)
    said = f"train.parquet: every label of task 'like' is {label:g}: nothing can be learnt"
    require_refused(data, tmp_path, said)


def test_a_task_that_weighs_nothing_need_not_have_labels(data, tmp_path):
    relabel(data, like=None, rating=3.0)  # of a regression one value will do
    path = write_settings(tmp_path / "config.toml", SMALL + MODEL, data)
    config = read_settings(path, "objective.task_weights.like=0")
    assert wiring.rehearse(config)["losses"]["rating"] > 0


def test_weights_that_are_all_0_are_refused_at_the_settings_too(data, tmp_path):
    weights = [f"objective.task_weights.{task}=0" for task in TASKS]
    said = "objective.task_weights are 0 for every task, like, rating"
    require_refused(data, tmp_path, said, *weights)
    config = read_settings(tmp_path / "config.toml", *weights)
    assert wiring.find_mistakes(config) == [said]


def test_a_primary_that_validation_does_not_define_is_one_refusal_before_any_run(data, tmp_path):
    relabel(data, "validation", like=1.0)
    with pytest.raises(ValueError, match=r"^primary 'like\.auc' does not exist on .*validation"):
        compare(data, tmp_path)


def test_prepared_files_that_changed_are_refused_by_every_door(data, tmp_path):
    schema = wiring.read_used_schema(
        read_settings(write_settings(tmp_path / "config.toml", SMALL + MODEL, data))
    )
    written = str({"digests": digests(data, schema)}).replace("'", '"')
    (data / "manifest.json").write_text(written)
    config = read_settings(tmp_path / "config.toml")
    assert wiring.find_mistakes(config) == []
    relabel(data, "test", rating=2.0)
    said = "data: changed since it was prepared: test.parquet; prepare the data again"
    require_refused(data, tmp_path, said)
    assert [said in mistake for mistake in wiring.find_mistakes(config)] == [True]
    (data / "test.parquet").unlink()  # what is not there yet is no mistake in the settings
    assert wiring.find_mistakes(config) == []
