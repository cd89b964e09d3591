"""A run is tied to its data and its settings: whatever changes under it is refused by name."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from small_jobs import MODEL, SMALL, at_call, read_settings, run, write_settings
from tiny_dataset import write_tiny

from ranker import job, train, wiring
from ranker.files import DamagedError
from ranker.input import digests
from ranker.replay import replay
from ranker.train import RunDirectoryError

pytestmark = pytest.mark.runs

CONFIG = (
    SMALL
    + MODEL
    + """[train]
max_attempts = 20
attempts_per_call = 5
evaluate_every_attempts = 10
checkpoint_every_attempts = 10
"""
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A finished run: its data and its directory, to be copied."""
    folder = tmp_path_factory.mktemp("identity")
    (folder / "data").mkdir()
    write_tiny(folder / "data")
    write_settings(folder / "config.toml", CONFIG, "data")
    return folder


@pytest.fixture
def at(whole, tmp_path, monkeypatch):
    """A copy of that run, in the working directory, so that its settings stay the same."""
    if not (whole / "run").exists():
        monkeypatch.chdir(whole)
        start(read_settings(whole / "config.toml"), whole / "run")
    shutil.copytree(whole, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def start(config, workdir, **how):
    workdir.mkdir(exist_ok=True)
    job.open_run_directory(config, workdir, command=[])
    return run(config, workdir, **how)


def swap_lines(path):
    first, second, *rest = path.read_text().splitlines()
    path.write_text("\n".join([second, first, *rest]) + "\n")


def edit(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def rewrite(path, change):
    pq.write_table(change(pq.read_table(path)), path)


def flip_labels(table):
    place = table.schema.get_field_index("like")
    flipped = pc.subtract(pa.scalar(1, pa.float32()), table.column("like"))
    return table.set_column(place, "like", flipped)


CHANGES = {
    "vocabularies/user_id.txt": swap_lines,
    "vocabularies/genres.txt": swap_lines,
    "schema.toml": lambda path: edit(path, "mean = 1.5", "mean = 1.25"),
    "test.parquet": lambda path: rewrite(path, flip_labels),
    "validation.parquet": lambda path: rewrite(path, lambda table: table.slice(len(table) // 2)),
    "train.parquet": lambda path: rewrite(path, lambda table: table.take(list(range(399, -1, -1)))),
}


@pytest.mark.parametrize("name", CHANGES)
def test_data_that_changed_are_named_by_every_reader(at, name):
    CHANGES[name](at / "data" / name)
    config = read_settings(at / "config.toml")
    logs = (at / "run/metrics.jsonl").read_bytes()
    doors = [
        lambda: run(config, at / "run"),
        lambda: wiring.load_run(at / "run", splits=wiring.SPLITS),
        lambda: wiring.finished(config, at / "run"),
    ]
    result = (at / "run/RESULT.json").read_bytes()
    for door in doors:
        (at / "run/RESULT.json").write_bytes(result)
        with pytest.raises(RunDirectoryError, match=f"it is of other data: {name} changed"):
            door()
    assert (at / "run/metrics.jsonl").read_bytes() == logs
    is_used = name not in ("train.parquet", "validation.parquet")
    if is_used:
        with pytest.raises(RunDirectoryError, match=f"{name} changed"):
            wiring.load_run(at / "run", splits=("test",))
    else:  # rows that are not read need not be there
        assert wiring.load_run(at / "run", splits=("test",)).identity is not None


def test_a_run_that_was_stopped_does_not_go_on_over_other_data(at):
    config = read_settings(at / "config.toml")
    shutil.rmtree(at / "run")
    assert start(config, at / "run", is_stopping=at_call(stop_at=1))["status"] == "preempted"
    CHANGES["train.parquet"](at / "data/train.parquet")
    with pytest.raises(RunDirectoryError, match=r"other data: train\.parquet changed"):
        start(config, at / "run")
    reason = train.read_result(at / "run")["reason"]
    assert "train.parquet changed" in reason


def test_checkpoints_that_are_gone_are_missing_and_not_damaged(at):
    shutil.rmtree(at / "run/checkpoints")
    with pytest.raises(train.CheckpointError, match=r"checkpoints/best: missing; no other"):
        wiring.load_run(at / "run")


def test_a_user_of_the_run_is_told_what_may_be_done(at):
    CHANGES["test.parquet"](at / "data/test.parquet")
    with pytest.raises(
        RunDirectoryError, match=r"test\.parquet changed\. Put back what was there$"
    ):
        wiring.load_run(at / "run", splits=("test",))
    with pytest.raises(RunDirectoryError, match=r"test\.parquet changed\. Take --data=FOLDER$"):
        wiring.load_run(at / "run", splits=("test",), way_out="Take --data=FOLDER")


def test_where_the_data_lie_is_no_part_of_what_a_run_is(at):
    config = read_settings(at / "config.toml")
    moved = read_settings(at / "config.toml", "data.path=elsewhere")
    (at / "data").rename(at / "elsewhere")
    schema = wiring.read_used_schema(moved)
    assert not wiring.identify(moved, schema).difference(train.read_result(at / "run"))
    assert wiring.settings_sha256(moved) == wiring.settings_sha256(config)
    assert wiring.settings_sha256(read_settings(at / "config.toml", "seed=8")) != (
        wiring.settings_sha256(config)
    )


def test_other_rows_are_read_on_purpose_and_other_vocabularies_are_not(at):
    shutil.copytree(at / "data", at / "other")
    CHANGES["test.parquet"](at / "other/test.parquet")
    there = wiring.load_run(at / "run", data=at / "other")
    assert there.path("test") == at / "other/test.parquet"
    swap_lines(at / "other/vocabularies/item_id.txt")
    with pytest.raises(RunDirectoryError, match=r"vocabularies/item_id\.txt changed"):
        wiring.load_run(at / "run", data=at / "other")


def test_data_that_changed_while_the_run_went_on_end_it_before_the_export(at):
    config = read_settings(at / "config.toml")
    shutil.rmtree(at / "run")

    def is_stopping():
        CHANGES["test.parquet"](at / "data/test.parquet")
        return False

    with pytest.raises(RunDirectoryError, match=r"data: changed while the run went on, and .*test"):
        start(config, at / "run", is_stopping=is_stopping)
    assert "test.parquet" in train.read_result(at / "run")["reason"]


def test_lost_settings_are_taken_again_and_others_are_refused(at):
    config = read_settings(at / "config.toml")
    (at / "run/config.toml").unlink()
    with pytest.raises(
        RunDirectoryError, match=r"config\.toml is missing, and the checkpoints are"
    ):
        start(read_settings(at / "config.toml", "seed=8"), at / "run")
    assert not (at / "run/config.toml").exists()
    assert start(config, at / "run")["status"] == "completed"


def test_settings_edited_in_the_run_directory_are_refused(at):
    edit(at / "run/config.toml", "seed = 7", "seed = 8")
    with pytest.raises(RunDirectoryError, match="not of this run: it is of other settings"):
        wiring.load_run(at / "run")


@pytest.mark.parametrize("change", [lambda text: "", lambda text: text + "# mine\n"])
def test_settings_that_the_run_did_not_write_so_are_refused_by_name(at, change):
    path = at / "run/config.toml"
    path.write_text(change(path.read_text()))
    with pytest.raises(RunDirectoryError, match=r"run/config\.toml: not as the run wrote it"):
        wiring.load_run(at / "run")


def of_an_earlier_version(text):
    """Returns the settings as they were written when some had other names."""
    lines = [line for line in text.splitlines() if not line.startswith(("plugins", "metrics"))]
    old = "\n".join(lines).replace("epochs = ", "passes = ")
    start, end = old.index("[objective.binary]"), old.index("[optimizer]")
    plain = 'regression = "squared"\nhuber_delta = 1.0\n'
    return old[:start].replace("[objective]\n", f"[objective]\n{plain}") + old[end:]


def test_a_run_of_an_earlier_version_is_refused_in_a_sentence_by_every_reader(at):
    path = at / "run/config.toml"
    path.write_text(of_an_earlier_version(path.read_text()))
    said = r"^run/config\.toml: not .*earlier version|^run/config\.toml: not of this version"
    config = read_settings(at / "config.toml")
    for read in (
        lambda: wiring.load_run(Path("run")),
        lambda: job.open_run_directory(config, Path("run"), command=[]),
        lambda: replay(Path("run"), None, say=lambda line: None),
    ):
        with pytest.raises(RunDirectoryError, match=said):
            read()


def test_a_damaged_result_is_written_anew_and_not_believed(at):
    config = read_settings(at / "config.toml")
    before = wiring.finished(config, at / "run")
    assert before is not None
    edit(at / "run/RESULT.json", '"status": "completed"', '"status": "diverged"')
    assert wiring.finished(config, at / "run") is None
    again = start(config, at / "run")
    assert again["metrics"] == before["metrics"]
    assert wiring.finished(config, at / "run") == again


def test_a_log_that_is_gone_is_told_and_one_that_lost_its_end_refused(at):
    config = read_settings(at / "config.toml")
    log = at / "run/metrics.jsonl"
    whole_log = log.read_bytes()
    log.write_bytes(whole_log[:-1])
    with pytest.raises(DamagedError, match=r"metrics\.jsonl: not as .*: it lost its end"):
        run(config, at / "run")
    assert log.read_bytes() == whole_log[:-1]
    log.unlink()
    assert run(config, at / "run")["status"] == "completed"
    (event,) = map(json.loads, (at / "run/events.jsonl").read_text().splitlines())
    assert (event["kind"], event["file"], event["attempt"]) == ("log_lost", "metrics.jsonl", 20)


def test_a_run_that_committed_nothing_is_not_completed(at):
    config = read_settings(
        at / "config.toml",
        "guard.max_refusals=1000",
        "inject=[{kind='not_finite', start=0, stop=99, task='rating', share=1.0}]",
    )
    result = start(config, at / "none")
    assert (result["status"], result["step"]) == ("diverged", 0)
    assert result["reason"] == "every attempt was refused, so nothing was trained"
    again = run(config, at / "none")
    assert (again["status"], again["reason"]) == ("diverged", result["reason"])


def test_an_unfinished_run_and_one_whose_export_is_gone_are_not_finished(at):
    config = read_settings(at / "config.toml")
    result = train.read_result(at / "run")
    for change in ({"status": "preempted"}, {"config_sha256": "0"}, {"export": "export/1"}):
        train.write_result(at / "run", result | change)
        assert wiring.finished(config, at / "run") is None
    shutil.rmtree(at / "data")
    train.write_result(at / "run", result)
    assert wiring.finished(config, at / "run") == result


def test_prepared_files_that_changed_are_refused_by_a_new_run(at):
    config = read_settings(at / "config.toml")
    schema = wiring.read_used_schema(config)
    prepared = json.dumps({"digests": digests(at / "data", schema)})
    (at / "data/manifest.json").write_text(prepared)
    assert wiring.identify(config, schema).data == json.loads(prepared)["digests"]
    CHANGES["train.parquet"](at / "data/train.parquet")
    with pytest.raises(ValueError, match=r"changed since it was prepared: train\.parquet; prepare"):
        start(config, at / "new")
    assert "train.parquet" in train.read_result(at / "new")["reason"]
