"""Training on from another run: bit for bit, and with vocabularies that grew."""

import hashlib
import re
import shutil

import numpy as np
import pytest
from begun_runs import arrays, begin, change_file, events, from_run
from small_jobs import Killed, at_call, logs, read_settings
from tiny_dataset import NUM_ITEMS

from ranker import train, wiring
from ranker.schema import read_schema
from ranker.train import RunDirectoryError
from ranker.train.checkpoint_files import Saved, read_checkpoint, save_checkpoint
from ranker.wiring.beginning import find_source, start_from

pytestmark = pytest.mark.runs

OWN = ("attempts", "guard/refused", "guard/refused_in_a_row")


@pytest.fixture
def read(ended):
    return lambda *overrides: read_settings(ended / "config.toml", *overrides)


@pytest.fixture(scope="module")
def grown(ended):
    """Data whose items lost 5 and gained 31 and 99, with a new order of the first."""
    folder = ended / "grown"
    shutil.copytree(ended / "data", folder)
    items = [2, 1, *(i for i in range(3, NUM_ITEMS + 1) if i != 5), 99, 31]
    (folder / "vocabularies/item_id.txt").write_text("".join(f"{i}\n" for i in items))
    schema = folder / "schema.toml"
    schema.write_text(schema.read_text().replace("item_id = 30", f"item_id = {len(items)}"))
    assert read_schema(schema).vocabularies["item_id"] == len(items) == 31
    return folder


@pytest.fixture(scope="module")
def trained_on(ended, tmp_path_factory):
    """A run of 15 attempts from `ended`, and its result."""
    workdir = tmp_path_factory.mktemp("trained_on") / "run"
    config = read_settings(ended / "config.toml", *from_run(ended, "train.max_attempts=15"))
    return workdir, begin(config, workdir)


@pytest.fixture(scope="module")
def whole(ended, tmp_path_factory):
    """A run of 40 attempts that did not end after the first 25."""
    workdir = tmp_path_factory.mktemp("whole") / "run"
    how = ("train.epochs=2", "train.max_attempts=40")
    begin(read_settings(ended / "config.toml", *how), workdir)
    return workdir


def test_training_on_is_as_if_the_run_had_not_ended(ended, trained_on, whole):
    workdir, result = trained_on
    got = arrays(workdir / "checkpoints/000000000015")
    wanted = arrays(whole / "checkpoints/000000000040")
    assert got.pop("optimizer/schedule_start") == 0
    assert got.keys() == wanted.keys()
    for name in wanted.keys() - {*OWN}:
        assert got[name].tobytes() == wanted[name].tobytes(), name
    assert (result["step"], result["attempts"], result["best_attempt"]) == (40, 15, 15)
    before = train.read_result(ended / "run")
    start = result["start"]
    assert (start["attempt"], start["step"]) == (before["best_attempt"], before["step"]) == (25, 25)
    for name in ("config_sha256", "config_but_length_sha256", "data"):
        assert start[name] == before[name]
    assert wiring.load_run(workdir).start == start
    (event,) = events(workdir, "begun_from")
    assert (event["step"], event["from_attempt"], event["begun_anew"]) == (25, 25, [])
    assert event["vocabularies"]["item_id"] == {"kept": 30, "new": 0, "left": 0}


def test_killed_and_resumed_without_the_old_run(ended, read, trained_on, tmp_path):
    shutil.copytree(ended / "run", tmp_path / "old")
    config = read(f"train.start_from={tmp_path / 'old'}", "train.max_attempts=15")
    with pytest.raises(Killed):
        begin(config, tmp_path / "next", is_stopping=at_call(kill_at=2))
    assert train.has_begun(tmp_path / "next")
    shutil.rmtree(tmp_path / "old")
    result = begin(config, tmp_path / "next")
    undisturbed, whole = trained_on
    assert result["metrics"] == whole["metrics"]
    for name in ("best", "000000000015"):
        got, wanted = (
            arrays(run / "checkpoints" / name) for run in (tmp_path / "next", undisturbed)
        )
        assert {n: v.tobytes() for n, v in got.items()} == {
            n: v.tobytes() for n, v in wanted.items()
        }
    assert len(events(tmp_path / "next", "begun_from")) == 1
    assert result["start"] == whole["start"] | {"from": str(tmp_path / "old")}
    other = read(*from_run(ended, "train.max_attempts=15"))
    with pytest.raises(RunDirectoryError, match=r"train\.start_from: "):
        begin(other, tmp_path / "next")


def test_rows_go_by_their_values(ended, read, grown, tmp_path):
    config = read(*from_run(ended, f"data.path={grown}"))
    fresh = {n: v.numpy() for n, v in wiring.build_run(config).step.variables.items()}
    with pytest.raises(Killed):
        begin(config, tmp_path / "next", is_stopping=at_call(kill_at=1))
    before = arrays(ended / "run/checkpoints/best")
    got = arrays(tmp_path / "next/checkpoints/000000000000")
    rows = [1, 0, 2, 3, *range(5, 30)]  # of values that go on: 2, 1, 3, 4, 6 and on
    tables = [n for n in got if n.split("/")[-1] in ("item_id", "liked_items", "accumulator")]
    items = [n for n in tables if "item_id" in n]
    assert len(items) == 6
    for name in items:
        np.testing.assert_array_equal(got[name][:29], before[name][rows])
        np.testing.assert_array_equal(got[name][29:31], fresh[name][29:31])
        np.testing.assert_array_equal(got[name][31:], before[name][30:])
        assert got[name].shape[0] == 33
    np.testing.assert_array_equal(got["model/embedding/user_id"], before["model/embedding/user_id"])
    (event,) = events(tmp_path / "next", "begun_from")
    assert event["vocabularies"]["item_id"] == {"kept": 29, "new": 2, "left": 1}
    assert event["vocabularies"]["gender"] == {"kept": 2, "new": 0, "left": 0}
    assert begin(config, tmp_path / "next")["status"] == "completed"


@pytest.mark.parametrize(
    ("slots", "schedule", "step", "start"),
    [("keep", "restart", 25, 25), ("reset", "keep", 0, -25), ("reset", "restart", 0, 0)],
)
def test_slots_and_schedules_begin_anew_each_by_itself(
    ended, read, whole, tmp_path, slots, schedule, step, start
):
    how = (f"train.start_slots={slots}", f"train.start_schedule={schedule}")
    config = read(*from_run(ended, *how, "clip.0.max_z=9.0"))
    begin(config, tmp_path / "next", is_stopping=at_call(stop_at=1))
    got = arrays(tmp_path / "next/checkpoints/000000000000")
    before = arrays(ended / "run/checkpoints/best")
    assert (got["optimizer/step"], got["optimizer/schedule_start"]) == (step, start)
    name = "optimizer/embedding/user_id/accumulator"
    assert np.array_equal(got[name], before[name]) == (slots == "keep")
    assert slots == "keep" or (got[name] == np.float32(0.1)).all()
    assert got["optimizer/clip/0/num_norms"] == 0 < got["optimizer/clip/1/num_norms"]
    (event,) = events(tmp_path / "next", "begun_from")
    anew = ["optimizer/clip/0", *(["slots"] if slots == "reset" else [])]
    assert event["begun_anew"] == anew
    lines = logs(tmp_path / "next")["metrics.jsonl"]
    of_whole = logs(whole)["metrics.jsonl"]
    at = 1 if schedule == "restart" else 26
    (wanted,) = (line for line in of_whole if line["attempt"] == at and "loss" in line)
    assert lines[0]["learning_rates"] == wanted["learning_rates"]


def test_what_may_differ_is_taken_all_the_same(ended, read, tmp_path):
    changes = (
        "seed=8", "model.dropout=0.1", "optimizer.dense.learning_rate=0.01", "guard.detect=none",
        'clip=[{kind="global_norm"}]', "train.start_slots=reset", "data.batch_size=32",
        'optimizer.dense.rule={kind="sgd"}', "objective.task_weights.like=2.0",
    )  # fmt: skip
    config = read(*from_run(ended, *changes))
    assert wiring.find_mistakes(config) == []
    with pytest.raises(Killed):
        begin(config, tmp_path / "next", is_stopping=at_call(kill_at=1))
    got = arrays(tmp_path / "next/checkpoints/000000000000")
    before = arrays(ended / "run/checkpoints/best")
    model = [name for name in before if name.startswith("model/")]
    assert all(got[name].tobytes() == before[name].tobytes() for name in model)
    assert got["guard/num_entered"] == before["guard/num_entered"] == 25
    (event,) = events(tmp_path / "next", "begun_from")
    parts = ["guard/detector", "optimizer/clip/0", "optimizer/clip/1", "slots"]
    assert event["begun_anew"] == parts


FORMER = {
    r"(?m)^epochs =": "passes =",
    r"(?m)^rejected_rows =": "bad_rows =",
    r"(?m)^max_rejected_rows =": "max_bad_rows =",
    r"\[model\.wide\]": "[model.shallow]",
    r'biases = \["user", "item"\]': 'biases = ["user_id", "item_id"]',
    r"(?m)^max_incidents = .*\n": "",
}


def as_of_an_earlier_version(workdir, digest):
    """Changes a run into one of before some settings had their names, and one was there.

    Args:
      digest: of its settings, that its checkpoints have.
    """
    path = workdir / "config.toml"
    text = path.read_text()
    for pattern, former in FORMER.items():
        text, count = re.subn(pattern, former, text)
        assert count == 1, pattern
    path.write_text(text)
    text = re.sub(r'(?m)^path = ".*"$', 'path = ""', text)
    if digest == "config_but_length_sha256":
        text = re.sub(r"(?m)^passes = .*$", "passes = 20.0", text)
    for folder in (workdir / "checkpoints").iterdir():
        arrays, state = read_checkpoint(folder)
        run = {"data": state["run"]["data"], digest: hashlib.sha256(text.encode()).hexdigest()}
        former = {name.replace("/wide/", "/shallow/"): value for name, value in arrays.items()}
        save_checkpoint(folder, Saved(former, state | {"run": run}))


@pytest.mark.parametrize("digest", ["config_sha256", "config_but_length_sha256"])
def test_a_run_of_an_earlier_version_is_begun_from_and_its_former_names_are_told(
    ended, read, tmp_path, digest
):
    shutil.copytree(ended / "run", tmp_path / "old")
    as_of_an_earlier_version(tmp_path / "old", digest)
    run = wiring.build_run(read(f"train.start_from={tmp_path / 'old'}"))
    with pytest.warns(FutureWarning, match="is now called") as told:
        start_from(run, find_source(run.config, run.schema))
    said = [str(each.message).removeprefix(f"{tmp_path}/old/config.toml: ") for each in told]
    assert said == [
        "data.bad_rows is now called data.rejected_rows",
        "data.max_bad_rows is now called data.max_rejected_rows",
        "model.shallow is now called model.wide",
        "train.passes is now called train.epochs",
    ]
    before = arrays(ended / "run/checkpoints/best")
    for name in before.keys() - {*OWN}:
        assert run.step.variables[name].numpy().tobytes() == before[name].tobytes(), name
    change_file(tmp_path / "old/config.toml", "seed = 7", "seed = 8")
    with pytest.warns(FutureWarning, match="is now called"):
        source = find_source(run.config, run.schema)
    with pytest.raises(RunDirectoryError, match=r"other settings: sha256 .*begin from another"):
        start_from(run, source)


def test_the_new_run_keeps_its_own_data_apart(ended, read, grown, tmp_path):
    """A run tied to its settings and data stays so, whatever it began from."""
    shutil.copytree(grown, tmp_path / "data")
    config = read(*from_run(ended, f"data.path={tmp_path / 'data'}", "train.max_attempts=5"))
    begin(config, tmp_path / "next")
    assert (tmp_path / "next/vocabularies/item_id.txt").read_bytes() == (
        grown / "vocabularies/item_id.txt"
    ).read_bytes()
    change_file(tmp_path / "data/vocabularies/item_id.txt", "2\n1\n3\n", "1\n2\n3\n")
    with pytest.raises(RunDirectoryError, match=r"vocabularies/item_id\.txt changed"):
        wiring.load_run(tmp_path / "next")
    # A third run begins from this one although its data are gone.
    shutil.rmtree(tmp_path / "data")
    third = read(f"train.start_from={tmp_path / 'next'}", f"data.path={grown}")
    result = begin(third, tmp_path / "third")
    assert (result["start"]["step"], result["step"]) == (30, 55)
