"""Training on from another run: bit for bit, with vocabularies that grew, and what is refused."""

import shutil

import numpy as np
import pytest
from small_jobs import MODEL, SMALL, Killed, at_call, logs, read_settings, run, write_settings
from tiny_dataset import NUM_ITEMS, write_tiny

from ranker import job, train, wiring
from ranker.replay import replay
from ranker.schema import read_schema
from ranker.train import CheckpointError, Growth, RunDirectoryError

CONFIG = (
    SMALL.replace("batch_size", 'order = "time", batch_size')
    + MODEL
    + """shallow = {{factors = 2}}
encoding = {{kind = "vocabulary", num_unknown = 2}}
[optimizer.dense]
rule = {{kind = "adam"}}
schedule = {{kind = "cosine", warmup_steps = 10, decay_steps = 60}}
[optimizer.embeddings]
schedule = {{kind = "inverse_sqrt", warmup_steps = 8}}
[[clip]]
kind = "zclip"
[[clip]]
kind = "autoclip"
window = 8
[guard]
spike_filter = {{window = 16, minimum = 8}}
detect = {{}}
[train]
epochs = 1
attempts_per_call = 5
log_every_attempts = 1
"""
)
OWN = ("attempts", "guard/refused", "guard/refused_in_a_row")


@pytest.fixture(scope="module")
def at(tmp_path_factory):
    """A finished run of one epoch in `run`, its data in `data`, its settings in config.toml."""
    folder = tmp_path_factory.mktemp("from")
    (folder / "data").mkdir()
    write_tiny(folder / "data")
    write_settings(folder / "config.toml", CONFIG, folder / "data")
    begin(read_settings(folder / "config.toml"), folder / "run")
    return folder


@pytest.fixture
def read(at):
    return lambda *overrides: read_settings(at / "config.toml", *overrides)


@pytest.fixture(scope="module")
def grown(at):
    """Data whose items lost 5 and gained 31 and 99, with a new order of the first."""
    folder = at / "grown"
    shutil.copytree(at / "data", folder)
    items = [2, 1, *(i for i in range(3, NUM_ITEMS + 1) if i != 5), 99, 31]
    (folder / "vocabularies/item_id.txt").write_text("".join(f"{i}\n" for i in items))
    schema = folder / "schema.toml"
    schema.write_text(schema.read_text().replace("item_id = 30", f"item_id = {len(items)}"))
    assert read_schema(schema).vocabularies["item_id"] == len(items) == 31
    return folder


def begin(config, workdir, **how):
    workdir.mkdir(exist_ok=True)
    job.open_run_directory(config, workdir, command=[])
    return run(config, workdir, **how)


def arrays(checkpoint):
    with np.load(checkpoint / "variables.npz") as found:
        return dict(found)


def events(workdir, kind):
    return [event for event in logs(workdir)["events.jsonl"] if event["kind"] == kind]


def from_run(at, *more):
    return (f"train.start_from={at / 'run'}", *more)


def test_training_on_is_as_if_the_run_had_not_ended(at, read, tmp_path):
    result = begin(read(*from_run(at, "train.max_attempts=15")), tmp_path / "next")
    begin(read("train.epochs=2", "train.max_attempts=40"), tmp_path / "whole")
    got = arrays(tmp_path / "next/checkpoints/000000000015")
    wanted = arrays(tmp_path / "whole/checkpoints/000000000040")
    assert got.pop("optimizer/schedule_start") == 0
    assert got.keys() == wanted.keys()
    for name in wanted.keys() - {*OWN}:
        assert got[name].tobytes() == wanted[name].tobytes(), name
    assert (result["step"], result["attempts"], result["best_attempt"]) == (40, 15, 15)
    before = train.read_result(at / "run")
    start = result["start"]
    assert (start["attempt"], start["step"]) == (before["best_attempt"], before["step"]) == (25, 25)
    for name in ("config_sha256", "config_but_length_sha256", "data"):
        assert start[name] == before[name]
    assert wiring.load_run(tmp_path / "next").start == start
    (event,) = events(tmp_path / "next", "begun_from")
    assert (event["step"], event["from_attempt"], event["begun_anew"]) == (25, 25, [])
    assert event["vocabularies"]["item_id"] == {"kept": 30, "new": 0, "left": 0}


def test_killed_and_resumed_without_the_old_run(at, read, tmp_path):
    shutil.copytree(at / "run", tmp_path / "old")
    config = read(f"train.start_from={tmp_path / 'old'}", "train.max_attempts=15")
    with pytest.raises(Killed):
        begin(config, tmp_path / "next", is_stopping=at_call(kill_at=2))
    assert train.has_begun(tmp_path / "next")
    shutil.rmtree(tmp_path / "old")
    result = begin(config, tmp_path / "next")
    whole = begin(read(*from_run(at, "train.max_attempts=15")), tmp_path / "whole")
    assert result["metrics"] == whole["metrics"]
    for name in ("best", "000000000015"):
        got, wanted = (arrays(tmp_path / w / "checkpoints" / name) for w in ("next", "whole"))
        assert {n: v.tobytes() for n, v in got.items()} == {
            n: v.tobytes() for n, v in wanted.items()
        }
    assert len(events(tmp_path / "next", "begun_from")) == 1
    assert result["start"] == whole["start"] | {"from": str(tmp_path / "old")}
    other = read(*from_run(at, "train.max_attempts=15"))
    with pytest.raises(RunDirectoryError, match=r"train\.start_from: "):
        begin(other, tmp_path / "next")


def test_rows_go_by_their_values(at, read, grown, tmp_path):
    config = read(*from_run(at, f"data.path={grown}"))
    fresh = {n: v.numpy() for n, v in wiring.build_run(config).step.variables.items()}
    with pytest.raises(Killed):
        begin(config, tmp_path / "next", is_stopping=at_call(kill_at=1))
    before = arrays(at / "run/checkpoints/best")
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


def test_growth_by_hand():
    growth = Growth.of(["b", "a", "c"], ["a", "d", "b"], num_unknown=1)
    before, fresh = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([[5.0], [6.0], [7.0], [8.0]])
    np.testing.assert_array_equal(growth.taken(before, fresh), [[2.0], [6.0], [1.0], [4.0]])
    assert growth.counts == {"kept": 2, "new": 1, "left": 1}
    longer = Growth.of(["b"], ["b", "c"], num_unknown=2)
    np.testing.assert_array_equal(longer.taken(np.arange(3), np.arange(4) + 9), [0, 10, 1, 2])
    with pytest.raises(ValueError, match=r"of \(3, 4\) rows must be given, got shapes"):
        longer.taken(np.arange(4), np.arange(4))
    nothing = Growth.of([], ["a"], num_unknown=1)
    np.testing.assert_array_equal(nothing.taken(np.array([7]), np.array([1, 2])), [1, 7])


@pytest.mark.parametrize(
    ("slots", "schedule", "step", "start"),
    [("keep", "restart", 25, 25), ("reset", "keep", 0, -25), ("reset", "restart", 0, 0)],
)
def test_slots_and_schedules_begin_anew_each_by_itself(
    at, read, tmp_path, slots, schedule, step, start
):
    how = (f"train.start_slots={slots}", f"train.start_schedule={schedule}")
    config = read(*from_run(at, *how, "clip.0.max_z=9.0"))
    with pytest.raises(Killed):
        begin(config, tmp_path / "next", is_stopping=at_call(kill_at=1))
    got = arrays(tmp_path / "next/checkpoints/000000000000")
    before = arrays(at / "run/checkpoints/best")
    assert (got["optimizer/step"], got["optimizer/schedule_start"]) == (step, start)
    name = "optimizer/embedding/user_id/accumulator"
    assert np.array_equal(got[name], before[name]) == (slots == "keep")
    assert slots == "keep" or (got[name] == np.float32(0.1)).all()
    assert got["optimizer/clip/0/num_norms"] == 0 < got["optimizer/clip/1/num_norms"]
    (event,) = events(tmp_path / "next", "begun_from")
    anew = ["optimizer/clip/0", *(["slots"] if slots == "reset" else [])]
    assert event["begun_anew"] == anew
    begin(config, tmp_path / "next", is_stopping=at_call(stop_at=2))
    lines = logs(tmp_path / "next")["metrics.jsonl"]
    begin(read("train.max_attempts=30", "train.epochs=2"), tmp_path / "whole")
    whole = logs(tmp_path / "whole")["metrics.jsonl"]
    wanted = whole[0] if schedule == "restart" else next(r for r in whole if r["attempt"] == 26)
    assert lines[0]["learning_rates"] == wanted["learning_rates"]


REFUSED = {
    "model.embedding_width=5": r"another model: model\.embedding_width: 4 -> 5$",
    "model.encoding.num_unknown=3": r"model\.encoding\.num_unknown: 2 -> 3",
    'data.features=["user_id","item_id","gender"]': r"features: \['user_id', .*\] -> \['user_id'",
    'data.tasks=["like"]': r"tasks: \['like', 'rating'\] -> \['like'\]",
    'optimizer.dense.rule={kind="sgd"}': (
        r"optimizer\.dense\.rule: 'adam' -> 'sgd' \(train\.start_slots = \"reset\""
    ),
    'optimizer.embeddings.rule={kind="rmsprop"}': r"optimizer\.embeddings\.rule: 'adagrad' ->",
}


@pytest.mark.parametrize("change", REFUSED)
def test_another_model_is_refused_by_name(at, read, tmp_path, change):
    config = read(*from_run(at, change))
    with pytest.raises(RunDirectoryError, match=REFUSED[change]):
        begin(config, tmp_path / "next")
    assert not (tmp_path / "next/checkpoints").exists()
    (mistake,) = wiring.find_mistakes(config)
    assert mistake.startswith("train.start_from: ")


def test_what_may_differ_is_taken_all_the_same(at, read, tmp_path):
    changes = (
        "seed=8", "model.dropout=0.1", "optimizer.dense.learning_rate=0.01", "guard.detect=none",
        'clip=[{kind="global_norm"}]', "train.start_slots=reset", "data.batch_size=32",
        'optimizer.dense.rule={kind="sgd"}', "objective.task_weights.like=2.0",
    )  # fmt: skip
    config = read(*from_run(at, *changes))
    assert wiring.find_mistakes(config) == []
    with pytest.raises(Killed):
        begin(config, tmp_path / "next", is_stopping=at_call(kill_at=1))
    got = arrays(tmp_path / "next/checkpoints/000000000000")
    before = arrays(at / "run/checkpoints/best")
    model = [name for name in before if name.startswith("model/")]
    assert all(got[name].tobytes() == before[name].tobytes() for name in model)
    assert got["guard/num_recent"] == before["guard/num_recent"] == 25
    (event,) = events(tmp_path / "next", "begun_from")
    parts = ["guard/detector", "optimizer/clip/0", "optimizer/clip/1", "slots"]
    assert event["begun_anew"] == parts


def change_file(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_statistics_that_shifted_are_refused(at, read, tmp_path):
    shutil.copytree(at / "data", tmp_path / "data")
    change_file(tmp_path / "data/schema.toml", "mean = 1.5", "mean = 1.25")
    change_file(tmp_path / "data/schema.toml", "mean = 0.6", "mean = 0.5")
    config = read(*from_run(at, f"data.path={tmp_path / 'data'}"))
    said = (
        r"has other statistics than .*: mean of user_count: 1\.5 -> 1\.25; mean of like: 0\.6 -> "
        r"0\.5: prepare the data with --vocabulary_from="
    )
    with pytest.raises(RunDirectoryError, match=said):
        begin(config, tmp_path / "next")


def test_a_checkpoint_of_a_run_that_is_not_over_must_be_named(at, read, tmp_path):
    old = tmp_path / "old"
    begin(read("train.checkpoint_every_attempts=5"), old, is_stopping=at_call(stop_at=2))
    assert begin(read("train.checkpoint_every_attempts=5"), old, is_stopping=at_call(stop_at=1))
    with pytest.raises(RunDirectoryError, match=r"old: preempted, not completed: finish it, or na"):
        begin(read(f"train.start_from={old}"), tmp_path / "next")
    with pytest.raises(
        RunDirectoryError, match=r"checkpoints/7x: no checkpoint; there are best, 0"
    ):
        begin(read(f"train.start_from={old}/checkpoints/7x"), tmp_path / "next")
    with pytest.raises(CheckpointError, match=r"checkpoints/000000000007: missing"):
        begin(read(f"train.start_from={old}/checkpoints/000000000007"), tmp_path / "next")
    there = sorted(p.name for p in (old / "checkpoints").glob("[0-9]*"))
    named = read(f"train.start_from={old}/checkpoints/{there[-1]}")
    result = begin(named, tmp_path / "next")
    assert (result["status"], result["start"]["attempt"]) == ("completed", int(there[-1]))


def test_runs_that_are_gone_damaged_or_busy_are_sentences(at, read, tmp_path):
    with pytest.raises(FileNotFoundError, match="no run here"):
        begin(read(f"train.start_from={tmp_path / 'none'}"), tmp_path / "next")
    (mistake,) = wiring.find_mistakes(read(f"train.start_from={tmp_path / 'none'}"))
    assert "none/config.toml: no run here" in mistake
    with pytest.raises(RunDirectoryError, match="is this run's own directory"):
        begin(read(f"train.start_from={tmp_path / 'next'}"), tmp_path / "next")
    old = tmp_path / "old"
    shutil.copytree(at / "run", old)
    config = read(f"train.start_from={old}")
    with train.hold(old), pytest.raises(ValueError, match="old: another job is running in it"):
        begin(config, tmp_path / "next")
    change_file(old / "vocabularies/gender.txt", "M\nF\n", "F\nM\n")
    with pytest.raises(
        RunDirectoryError, match=r"vocabularies/gender\.txt changed\. Put back what was there, or b"
    ):
        begin(config, tmp_path / "next")
    (old / "schema.toml").unlink()
    with pytest.raises(FileNotFoundError, match=r"old/schema\.toml"):
        begin(config, tmp_path / "next")
    shutil.copy(at / "run/schema.toml", old)
    shutil.copy(at / "run/vocabularies/gender.txt", old / "vocabularies")
    for path in (old / "checkpoints").glob("*"):
        (path / "variables.npz").write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"variables\.npz.*no other checkpoint holds"):
        begin(config, tmp_path / "next")
    assert not (tmp_path / "next/checkpoints").exists()


def test_the_new_run_keeps_its_own_data_apart(at, read, grown, tmp_path):
    """A run tied to its settings and data stays so, whatever it began from."""
    shutil.copytree(grown, tmp_path / "data")
    config = read(*from_run(at, f"data.path={tmp_path / 'data'}", "train.max_attempts=5"))
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


def test_an_attempt_of_before_the_kept_checkpoints_is_not_replayed(at, read, tmp_path):
    config = read(
        *from_run(at, "train.checkpoint_every_attempts=5"),
        'inject=[{kind="not_finite",task="rating",share=0.9,start=2,stop=3}]',
    )
    begin(config, tmp_path / "next")
    (incident,) = (tmp_path / "next/incidents").glob("*.parquet")
    with pytest.raises(
        ValueError, match=r"no checkpoint of before attempt \d+ is kept, and the ru"
    ):
        replay(tmp_path / "next", int(incident.stem), say=lambda line: None)


def test_how_to_begin_needs_what_to_begin_from(read):
    for how in ("train.start_slots=reset", "train.start_schedule=restart"):
        with pytest.raises(ValueError, match=r"needs start_from, which is empty"):
            read(how)
    assert read().train.start_from == ""
