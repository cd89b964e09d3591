"""Whole runs with recovery: survived, halted, killed and resumed; and one that needs none."""

import json

import numpy as np
import pytest
from small_jobs import MODEL, SMALL, Killed, logs, read_settings, run, write_settings

from ranker import train, wiring
from ranker.replay import replay
from ranker.spec import load
from ranker.train import Recovery, RecoveryController, RecoveryState, StepReport

pytestmark = pytest.mark.runs

CONFIG = (
    SMALL
    + MODEL
    + """[optimizer.dense]
rule = {{kind = "sgd"}}
[optimizer.embeddings]
rule = {{kind = "sgd"}}
[guard]
max_refusals = 5
max_incidents = 99
[guard.recovery]
clip = {{kind = "clippy", targets = "all"}}
clip_attempts = 20
rate_factor = 0.5
recovery_attempts = 40
settle_attempts = 5
healthy_attempts = 15
max_rollbacks = 2
[train]
max_attempts = 110
attempts_per_call = 4
log_every_attempts = 1
evaluate_every_attempts = 110
checkpoint_every_attempts = 10
"""
)
# Three updates throw the variables so far out that no later loss is finite.
SHORT = "{kind = 'rate_scale', factor = 5e4, start = 42, stop = 47}"
ONE = "{kind = 'not_finite', task = 'rating', share = 0.3, start = 80, stop = 81}"
LASTING = "{kind = 'not_finite', task = 'rating', share = 0.3, start = 42, stop = 999}"
LADDER = Recovery(
    max_refusals=3, within_attempts=9, settle_attempts=1, clip_attempts=4, rate_factor=0.5,
    recovery_attempts=9, healthy_attempts=9, max_rollbacks=2,
)  # fmt: skip


def after(workdir, *, kill=0, stop=0):
    """Returns what kills, or stops saving, at the first call boundary at or after an attempt."""

    def is_stopping():
        tried = len((workdir / "metrics.jsonl").read_text().splitlines())
        if kill and tried >= kill:
            raise Killed
        return 0 < stop <= tried

    return is_stopping


def told(workdir, name="events.jsonl"):
    return [json.loads(line) for line in (workdir / name).read_text().splitlines()]


def escalates(workdir):
    recovery = ("clipping", "rate_lowered", "rolled_back", "halted", "clipping_ended")
    kinds = (*recovery, "rate_recovered", "recovery_ended")
    return [(e["kind"], e["attempt"]) for e in told(workdir) if e["kind"] in kinds]


def left(workdir, attempt=110):
    """Returns what a run leaves: its logs, its recovery, and the bits of its variables."""
    folder = workdir / f"checkpoints/{attempt:012d}"
    found: dict = {**logs(workdir)}
    found["recovery"] = json.loads((folder / "state.json").read_text())["recovery"]
    with np.load(folder / "variables.npz") as arrays:
        return found | {name: arrays[name].tobytes() for name in arrays.files}


@pytest.fixture(scope="module")
def read(prepared, tmp_path_factory):
    path = tmp_path_factory.mktemp("recovery") / "config.toml"
    write_settings(path, CONFIG, prepared)
    return lambda *overrides: read_settings(path, *overrides)


@pytest.fixture(scope="module")
def short(read, tmp_path_factory):
    """A run that a short fault would have killed: its settings, directory and result."""
    config = read(f"inject=[{SHORT}, {ONE}]")
    workdir = tmp_path_factory.mktemp("short") / "run"
    result = run(config, workdir)
    (workdir / "config.toml").write_text(load.dump(config))
    return config, workdir, result


@pytest.fixture(scope="module")
def healthy(read, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("healthy") / "run"
    assert run(read(), workdir)["status"] == "completed"
    return workdir


def test_a_short_fault_is_survived_stage_by_stage(short):
    _, workdir, result = short
    assert (result["status"], result["attempts"], result["refused"]) == ("completed", 110, 15)
    assert escalates(workdir) == [
        ("clipping", 48),
        ("rate_lowered", 53),
        ("rolled_back", 58),
        ("clipping_ended", 68),
        ("rate_recovered", 100),
        ("recovery_ended", 100),
    ]
    (rolled,) = (e for e in told(workdir) if e["kind"] == "rolled_back")
    assert (rolled["to_attempt"], rolled["step"], rolled["rollbacks_left"]) == (10, 10, 1)
    assert rolled["reason"] == "5 refusals in a row"
    assert result["metrics"]["test"]["rating"]["rmse"] < 1.4


def test_attempts_go_on_counting_and_the_rate_is_not_rolled_back(short):
    _, workdir, _ = short
    lines = [line for line in told(workdir, "metrics.jsonl") if "loss" in line]
    assert [line["attempt"] for line in lines] == list(range(1, 111))
    events = [event["attempt"] for event in told(workdir)]
    assert events == sorted(events)
    rates = {line["attempt"]: line["learning_rates"][0] / 0.05 for line in lines}
    assert [rates[53], rates[54], rates[60]] == pytest.approx([1, 0.5, 0.5])
    # 2 of the 40 healthy attempts that make it whole are in the call that ended at 60.
    assert rates[61] == pytest.approx(0.5 * 2 ** (2 / 40))
    assert rates[101] == pytest.approx(1)
    assert [lines[58 - 1]["step"], lines[59 - 1]["step"]] == [44, 11]


@pytest.mark.slow
def test_without_the_recovery_the_same_fault_ends_the_run(short, tmp_path):
    config, _, _ = short
    guard = dict(vars(config.guard)) | {"recovery": None}
    config = type(config)(**(vars(config) | {"guard": type(config.guard)(**guard)}))
    result = run(config, tmp_path / "run")
    assert (result["status"], result["attempts"]) == ("diverged", 49)
    assert result["reason"] == "too many refusals in a row"
    assert escalates(tmp_path / "run") == [("halted", 49)]


@pytest.mark.slow
def test_a_run_that_goes_on_leaves_what_one_that_never_stopped_does(short, tmp_path):
    (config, workdir, _), again = short, tmp_path / "run"
    # The rollback is at 58: stopped before it and killed, each from where the one before was.
    stopped = run(config, again, is_stopping=after(again, stop=52))
    assert stopped["status"] == "preempted"
    assert 52 <= stopped["attempts"] < 58
    for kill in (56, 64):
        with pytest.raises(Killed):
            run(config, again, is_stopping=after(again, kill=kill))
    assert run(config, again)["status"] == "completed"
    assert left(tmp_path / "run") == left(workdir)


@pytest.mark.slow
@pytest.mark.parametrize("attempt", [57, 81])  # before the rollback, and after it
def test_a_replay_does_what_the_recovery_did(short, attempt):
    _, workdir, _ = short
    found = replay(workdir, attempt, say=lambda line: None)
    assert found.differing == []
    assert found.after["reason"] == "loss not finite"


@pytest.mark.slow
def test_a_lasting_fault_ends_the_run_within_the_budget(read, tmp_path):
    result = run(read(f"inject=[{LASTING}]"), tmp_path / "run")
    assert result["status"] == "diverged"
    # Five refusals an escalation: clip, rate, two rollbacks, and the end.
    assert escalates(tmp_path / "run") == [
        ("clipping", 47), ("rate_lowered", 52), ("rolled_back", 57), ("rolled_back", 62),
        ("halted", 67),
    ]  # fmt: skip
    assert result["reason"] == (
        "5 refusals in a row after 2 rollbacks, after the last stage of recovery"
    )
    assert result["good_checkpoint"] == 10
    saved = json.loads((tmp_path / "run/RESULT.json").read_text())
    assert saved["reason"] == result["reason"]
    assert (tmp_path / "run/checkpoints/000000000010/manifest.json").exists()


@pytest.mark.slow
def test_a_recovery_that_is_not_needed_leaves_every_bit_as_without_it(read, healthy, tmp_path):
    assert run(read("guard.recovery=none"), tmp_path / "run")["status"] == "completed"
    with_recovery, without = left(healthy), left(tmp_path / "run")
    assert without.pop("recovery") == {}
    assert with_recovery.pop("recovery")["good"] > 0
    own = {"recovery/rate_factor", "recovery/is_clipping"}
    assert with_recovery.keys() - without.keys() == own
    for name in own:
        del with_recovery[name]
    assert with_recovery == without


def test_only_what_may_be_gone_back_to_is_kept(healthy):
    numbered = sorted(p.name for p in (healthy / "checkpoints").iterdir() if p.name.isdigit())
    state = json.loads((healthy / "checkpoints/000000000110/state.json").read_text())["recovery"]
    assert (state["good"], state["candidate"]) == (90, 110)
    assert state["previous_good"] == 70
    assert [int(name) for name in numbered] == [70, 90, 100, 110]


@pytest.mark.slow
def test_past_a_damaged_good_checkpoint_a_run_goes_back_to_the_one_before(read, tmp_path):
    workdir = tmp_path / "run"
    good = workdir / "checkpoints/000000000010/variables.npz"

    def damage():
        if good.exists() and len((workdir / "metrics.jsonl").read_text().splitlines()) >= 50:
            good.write_bytes(good.read_bytes()[:-1])
        return False

    result = run(read(f"inject=[{SHORT}]"), workdir, is_stopping=damage)
    assert (result["status"], result["attempts"]) == ("completed", 110)
    damaged, rolled = (e for e in told(workdir) if e["kind"] in ("damaged", "rolled_back"))
    assert (damaged["attempt"], damaged["checkpoint"]) == (58, "000000000010")
    assert "variables.npz" in damaged["reason"]
    assert (rolled["attempt"], rolled["to_attempt"], rolled["step"]) == (58, 0, 0)


def reports(*, attempt):
    """Returns the reports of one refused attempt."""
    shapes = dict.fromkeys(StepReport._fields, np.zeros((1, 0)))
    return StepReport(
        **shapes
        | {"attempt": np.array([attempt - 1]), "accept": np.array([False])}
        | {"symptoms": np.zeros((1, 0), np.int32)}
    )


def test_a_rollback_brings_back_all_but_what_counts_the_run(read, tmp_path):
    step = wiring.build_run(read("clip=[{kind = 'adagc'}]", "guard.spike_filter={}")).step
    checkpoints = train.Checkpoints(tmp_path, keep=2)
    step.attempts.assign(30)
    checkpoints.save(30, step.variables, {})
    before = {name: variable.numpy() for name, variable in step.variables.items()}
    for variable in step.variables.values():
        moved = ~variable.numpy() if variable.dtype.is_bool else variable.numpy() + 7
        variable.assign(moved)
    state = RecoveryState(
        stage=2, escalated=40, good=30, rate_factor=0.25, clip_until=77, num_rollbacks=1
    )
    controller = RecoveryController(LADDER, step, checkpoints, state)
    events, reason = controller.after(reports(attempt=50))  # 7 in a row: the guard has halted
    assert [(e["kind"], e["to_attempt"], e["step"]) for e in events] == [("rolled_back", 30, 0)]
    assert reason == ""
    after = {name: variable.numpy() for name, variable in step.variables.items()}
    differing = {name for name in after if after[name].tobytes() != before[name].tobytes()}
    assert differing == {
        "attempts",
        "guard/refused",
        "recovery/rate_factor",
        "recovery/is_clipping",
    }
    assert (after["attempts"], after["guard/refused"]) == (37, 7)
    assert (after["recovery/rate_factor"], after["recovery/is_clipping"]) == (0.25, True)
    assert controller.state.num_rollbacks == 2
    step.guard.refused_in_a_row.assign(5)
    _, reason = controller.after(reports(attempt=60))
    assert reason == "5 refusals in a row after 2 rollbacks, after the last stage of recovery"


def test_without_a_whole_good_checkpoint_it_halts_and_says_so(read, tmp_path):
    step = wiring.build_run(read()).step
    checkpoints = train.Checkpoints(tmp_path, keep=2)
    for attempt in (20, 30):
        step.attempts.assign(attempt)
        checkpoints.save(attempt, step.variables, {})
    (tmp_path / "000000000030/manifest.json").unlink()
    state = RecoveryState(stage=2, escalated=40, good=30, previous_good=20)
    controller = RecoveryController(LADDER, step, checkpoints, state)
    step.guard.refused_in_a_row.assign(5)
    events, reason = controller.after(reports(attempt=50))
    assert [e["kind"] for e in events] == ["damaged", "rolled_back"]
    assert (events[0]["checkpoint"], events[1]["to_attempt"]) == ("000000000030", 20)
    assert (controller.state.known_good, reason) == ((20,), "")
    (tmp_path / "000000000020/state.json").write_text("{")
    step.guard.refused_in_a_row.assign(5)
    events, reason = controller.after(reports(attempt=60))
    assert [e["kind"] for e in events] == ["damaged", "halted"]
    assert "state.json" in events[0]["reason"]
    assert reason == "5 refusals in a row, and no good checkpoint can be restored"
    assert controller.state.known_good == ()
