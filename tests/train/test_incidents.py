"""Refused attempts of a whole run: their events, and the batches that are kept."""

import json
from pathlib import Path

import numpy as np
import pytest
from small_jobs import MODEL, SMALL, Killed, at_call, logs, read_settings, run, write_settings

from ranker import train, wiring
from ranker.input import digests, from_parquet

pytestmark = pytest.mark.runs

CONFIG = (
    SMALL
    + """clip = [{{kind = "clippy", absolute = 1e-4}}]
guard = {{max_incidents = 2}}
"""
    + MODEL
    + """[train]
max_attempts = 12
attempts_per_call = 4
evaluate_every_attempts = 12
checkpoint_every_attempts = 5
[[inject]]
kind = "not_finite"
task = "rating"
share = 0.3
start = 5
stop = 6
[[inject]]
kind = "not_finite"
feature = "user_count"
value = "inf"
share = 0.3
start = 7
stop = 8
[[inject]]
kind = "gradient_spike"
variable = "embedding/user_id"
factor = 1e38
start = 9
stop = 11
"""
)


def events(workdir):
    lines = (workdir / "events.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["kind"] == "refused"]


@pytest.fixture(scope="module")
def config(prepared, tmp_path_factory):
    path = tmp_path_factory.mktemp("incidents") / "config.toml"
    return read_settings(write_settings(path, CONFIG, prepared))


@pytest.fixture(scope="module")
def whole(config, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("whole") / "run"
    assert run(config, workdir)["refused"] == 4
    return workdir


def test_the_event_says_what_went_bad_first_and_what_to_try(whole):
    told = events(whole)
    short = [(e["attempt"], e["first_bad"], e.get("column"), e["variable"]) for e in told]
    assert [row[:3] for row in short] == [
        (6, "label", "rating"),
        (8, "input", "user_count"),
        (10, "update", None),
        (11, "update", None),
    ]
    assert short[2][3] == "embedding/user_id"
    assert set(told[0]["values"]) == {"nan"}
    assert set(told[1]["values"]) == {"inf"}
    assert "labels of rating" in told[0]["try"]
    batch, _ = from_parquet(whole / "incidents" / "6.parquet")
    bad = np.flatnonzero(np.isnan(batch.labels["rating"]))
    assert told[0]["examples"] == bad[: len(told[0]["examples"])].tolist() != []
    assert [event["step"] for event in told] == [5, 6, 7, 7]  # of each, that update is missing


def test_the_event_has_the_last_factors_of_the_variables_clipped_most(whole):
    for event in events(whole):
        assert 1 <= len(event["clip_factors"]) <= 3
        lengths = {len(factors) for factors in event["clip_factors"].values()}
        assert lengths == {min(8, event["attempt"])}


def test_the_first_batches_are_kept_as_they_were_tried(config, whole):
    assert [e.get("incident") for e in events(whole)] == [
        "incidents/6.parquet", "incidents/8.parquet", None, None,
    ]  # fmt: skip
    assert train.kept(whole / "incidents") == [6, 8]
    stream = wiring.build_stream(config, wiring.build_run(config).split("train"))
    regular = stream.stack(5, 1)
    batch, said = from_parquet(whole / "incidents/6.parquet")
    for name, values in regular.features.items():
        assert batch.features[name].tobytes() == values[0].tobytes(), name
        assert batch.features[name].shape == values[0].shape, name
    rows = events(whole)[0]["examples"]
    assert np.isnan(batch.labels["rating"][rows]).all()
    is_same = np.isfinite(batch.labels["rating"])
    assert (batch.labels["rating"][is_same] == regular.labels["rating"][0][is_same]).all()
    assert {name: said[name] for name in ("attempt", "seed", "reason")} == {
        "attempt": "6",
        "seed": "7",
        "reason": "loss not finite",
    }
    made_with = json.loads(said["run"])
    assert made_with["config_sha256"] == wiring.settings_sha256(config)
    assert made_with["data"] == digests(Path(config.data.path), wiring.read_used_schema(config))
    assert json.loads(said["event"])["first_bad"] == "label"


def test_a_resumed_run_tells_and_keeps_the_same(config, whole, tmp_path):
    with pytest.raises(Killed):
        run(
            config, tmp_path / "run", is_stopping=at_call(kill_at=4)
        )  # 8 attempts were tried, 5 are saved
    assert train.kept(tmp_path / "run/incidents") == [6, 8]
    run(config, tmp_path / "run")
    assert logs(tmp_path / "run") == logs(whole)
    for name in ("incidents/6.parquet", "incidents/8.parquet"):
        assert (tmp_path / "run" / name).read_bytes() == (whole / name).read_bytes(), name
    assert train.kept(tmp_path / "run/incidents") == [6, 8]


def test_a_full_disk_leaves_no_half_file(config, tmp_path, files_of_at_most):
    step = wiring.build_run(config).step
    incidents = train.Incidents(
        tmp_path / "incidents", step=step, schema=wiring.read_used_schema(config), most=3,
        metadata={},
    )  # fmt: skip
    stack = wiring.build_stream(config, wiring.build_run(config).split("train")).stack(0, 2)
    event = {"kind": "refused", "attempt": 2, "reason": "loss not finite"}
    factors = np.ones((1, len(step.optimizer.names)), np.float32)
    with files_of_at_most(1000), pytest.raises(OSError, match=r"incidents/2.parquet"):
        incidents.enter(event, stack, index=1, factors=factors)
    assert list((tmp_path / "incidents").iterdir()) == []
