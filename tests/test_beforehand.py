"""What can be known of a run before it: every mistake in names, and one batch tried."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_jobs import MODEL, SMALL, read_settings, write_settings

from ranker import job, train, wiring
from ranker.spec import load
from ranker.spec.run import RunConfig

MISTAKES = {
    "train.monitor=like.aux": "train.monitor 'like.aux' is none of loss, like.auc",
    "train.monitor=rating.auc": "train.monitor 'rating.auc' is none of loss, like.auc",
    "objective.task_weights.click=1.0": "no task 'click' to weigh; there are: like, rating",
    "model.logit_residuals={click='like'}": "cannot tie 'click' to 'like'; tasks: like, rating",
    "model.esmm_products={like='click'}": "'click'",
    "model.wide.biases=['age']": "no feature 'age' to have a bias; there are: user_id",
    "model.wide={factors=2, histories=['genres']}": "no feature 'genres' to have a place among",
}
INJECTORS = {
    "{kind='label_flip', task='click', start=0, stop=2}": "'click'",
    "{kind='noise', feature='age', start=0, stop=2}": "'age'",
    "{kind='gradient_spike', variable='nothing/*', start=0, stop=2}": "'nothing/*'",
    "{kind='embedding_scale', table='age', start=0}": "'age'",
}


@pytest.fixture
def read(prepared, tmp_path):
    path = write_settings(tmp_path / "config.toml", SMALL + MODEL, prepared)
    return lambda *overrides: read_settings(path, *overrides)


def test_settings_that_fit_have_no_mistake(read):
    assert wiring.find_mistakes(read()) == []
    assert wiring.find_mistakes(read("inject=[{kind='rate_scale', start=0, stop=2}]")) == []


@pytest.mark.parametrize("override", MISTAKES)
def test_a_name_that_the_schema_lacks_is_a_mistake(read, override):
    (said,) = wiring.find_mistakes(read(override))
    assert MISTAKES[override] in said


def test_every_mistake_is_told_at_once(read):
    said = wiring.find_mistakes(read(*MISTAKES))
    expected = [text for name, text in MISTAKES.items() if name != "train.monitor=like.aux"]
    assert len(said) == len(expected)
    assert all(any(text in one for one in said) for text in expected)


def test_every_feature_and_task_that_is_not_there_is_told_at_once(read):
    with pytest.raises(ValueError, match=r"data.features: no 'a', 'b' in .*; data.tasks: no 'c'"):
        wiring.find_mistakes(
            read("data.features=['a','user_id','item_id','b']", "data.tasks=['c']")
        )


def test_every_injector_is_told_with_its_place(read):
    said = wiring.find_mistakes(read(f"inject=[{', '.join(INJECTORS)}]"))
    for place, (text, found) in enumerate(zip(INJECTORS.values(), said, strict=True)):
        assert found.startswith(f"inject.{place}: ")
        assert text in found


@pytest.mark.slow  # a step is compiled
def test_a_rehearsal_tells_what_a_run_would_find_and_writes_nothing(read, prepared, tmp_path):
    before = sorted(tmp_path.rglob("*")), sorted(prepared.rglob("*"))
    found = wiring.rehearse(read("train.epochs=2"))
    assert (sorted(tmp_path.rglob("*")), sorted(prepared.rglob("*"))) == before
    assert found["rows"]["train"] == {"read": 400, "rejected": 0}
    assert found["attempts"] == 50
    assert set(found["losses"]) == {"like", "rating"}
    assert found["refused"] == {}
    bad = "inject=[{kind='not_finite', task='rating', share=0.5, start=0, stop=1}]"
    refused = wiring.rehearse(read(bad))["refused"]
    assert (refused["reason"], refused["task"]) == ("loss not finite", "rating")


@pytest.mark.parametrize("labels", [0.0, None])
def test_a_monitor_that_validation_does_not_define_ends_the_run_before_it(
    read, prepared, tmp_path, labels
):
    folder = tmp_path / "data"
    shutil.copytree(prepared, folder)
    path = folder / "validation.parquet"
    table = pq.read_table(path)
    column = pa.array([labels] * len(table), pa.float32())
    place = table.schema.get_field_index("like")
    pq.write_table(table.set_column(place, "like", column), path)
    config = read(f"data.path='{folder}'", "train.monitor='like.auc'")
    with pytest.raises(ValueError, match=r"'like.auc' does not exist on .*validation.parquet"):
        wiring.rehearse(config)
    (tmp_path / "run").mkdir()
    with pytest.raises(ValueError, match=r"'like.auc' does not exist on .*validation.parquet"):
        job.run_job(config, tmp_path / "run", is_stopping=lambda: False, say=lambda _: None)
    result = json.loads((tmp_path / "run/RESULT.json").read_text())
    assert result["status"] == "failed"
    assert result["reason"].startswith("train.monitor 'like.auc' does not exist")
    assert not (tmp_path / "run/checkpoints").exists()


LEFT = {
    "nothing": {},
    "a failure": {"RESULT.json": '{"status": "failed"}'},
    "half a result": {"RESULT.json": '{"sta'},
    "logs that a killed start began": {"metrics.jsonl": "", "events.jsonl": "{}\n"},
    "half a checkpoint": {"checkpoints/.best.writing/state.json": ""},
}
KEPT = {
    "a checkpoint": {"checkpoints/000000000005/state.json": ""},
    "the best alone": {"checkpoints/best/state.json": ""},
    "the best before a kill": {"checkpoints/.best.replaced/state.json": ""},
    "a refused batch": {"incidents/6.parquet": ""},
    "an end": {"RESULT.json": '{"status": "diverged", "attempts": 9}'},
}


@pytest.mark.parametrize("files", [*LEFT.values(), *KEPT.values()], ids=[*LEFT, *KEPT])
def test_only_what_was_attempted_binds_to_its_settings(read, tmp_path, files):
    workdir = tmp_path / "run"
    workdir.mkdir()
    job.open_run_directory(read("seed=1"), workdir, command=["first"])
    for name, text in files.items():
        (workdir / name).parent.mkdir(parents=True, exist_ok=True)
        (workdir / name).write_text(text)
    if files in KEPT.values():
        with pytest.raises(train.RunDirectoryError, match="seed: 1 -> 2"):
            job.open_run_directory(read("seed=2"), workdir, command=["second"])
        return
    job.open_run_directory(read("seed=2"), workdir, command=["second"])
    assert load.load(workdir / "config.toml", [], RunConfig).seed == 2
    assert json.loads((workdir / "environment.json").read_text())["command"] == ["second"]
