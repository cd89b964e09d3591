"""Runs on a Ray cluster are those of this machine's processes, whatever dies."""

import dataclasses
import functools
import json
import os
import pickle
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sample_comparison import read_comparison, write_comparison

pytest.importorskip("ray", reason="Ray is not installed")

from ranker.cli import where
from ranker.compare import actors, grid
from ranker.compare.actors import Actor, Actors, Head, Runner, connected
from ranker.compare.identity import Data
from ranker.compare.pool import HeadLostError, WorkerLostError, run_trials
from ranker.compare.processes import Processes
from ranker.compare.worker import work

SESSION = Path(__file__).with_name("ray_session.py")
CLOCK = ("seconds", "seconds_per_attempt", "evaluated_seconds")
# Ray binds to the machine's address, unless it has none but that of loopback.
ALONE = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
ALONE += ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


@pytest.fixture(scope="module")
def trials(tmp_path_factory, prepared):
    """Two runs of one graph."""
    path = write_comparison(tmp_path_factory.mktemp("comparison"), prepared)
    return Data().name(grid.finals(read_comparison(path), path.parent, {}))[:2]


def measured(columns):
    """Returns columns as JSON has them, without those that say how long it took."""
    kept = {name: value for name, value in columns.items() if name not in CLOCK}
    return json.loads(json.dumps(kept))


@pytest.mark.slow  # Ray starts, and TensorFlow thrice
def test_runs_are_those_of_processes_bit_for_bit_and_that_of_a_killed_actor_is_repeated(trials):
    try:
        subprocess.run([*ALONE, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("Ray is not let onto the network, and no namespace for it can be made here")
    ended = subprocess.run(
        [*ALONE, sys.executable, SESSION],
        input=pickle.dumps(trials),
        env=os.environ | {"PYTHONPATH": os.getcwd(), "CUDA_VISIBLE_DEVICES": ""},
        stdout=subprocess.PIPE,
        check=True,
    )
    said = json.loads(ended.stdout)
    first, second = (trial.key for trial in trials)
    assert said["begun"] == [first, second, second]
    workers = Processes(functools.partial(work, primary="like.auc"))
    local = {d.trial.key: d.columns for d in run_trials(trials, workers=workers, num_workers=1)}
    assert [key for key, _ in said["done"]] == [first, second]
    for key, columns in said["done"]:
        assert columns["status"] == "completed"
        assert measured(columns) == measured(local[key])
    assert said["sigterm"]
    assert said["lost"].startswith("the head of the Ray cluster at 127.0.0.1:26379 is gone: Conn")
    assert said["addresses"]
    assert all(address.endswith("0100007F") for address in said["addresses"])


def refused(trial, **packages):
    """Returns what a node says of a trial that comes from where `packages` are installed."""
    found = Runner("like.auc", packages).run(trial)
    assert isinstance(found, str)
    node, _, said = found.split(" ", 2)
    assert node == "node"
    return said


def test_a_node_that_is_not_as_the_others_says_how_and_runs_nothing(trials, tmp_path, monkeypatch):
    monkeypatch.setattr("ranker.compare.actors._packages", lambda: {"numpy": "2.4.6"})
    assert refused(trials[0], numpy="2.4.7") == (
        "has numpy 2.4.6 and not 2.4.7: install the same on every node"
    )
    path = trials[0].config.data.path
    other = dataclasses.replace(trials[0], data="0" * 16)
    assert refused(other, numpy="2.4.6") == (
        f"has other data in {path}: put the same there on every node"
    )
    data = dataclasses.replace(trials[0].config.data, path=str(tmp_path))
    missing = dataclasses.replace(
        trials[0], config=dataclasses.replace(trials[0].config, data=data)
    )
    said = refused(missing, numpy="2.4.6")
    assert said.startswith(f"cannot read {tmp_path}: ")
    assert said.endswith(": put the data where every node has them")


def test_a_cluster_that_does_not_answer_is_said_at_once(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(
        ValueError, match=f"no Ray cluster can be reached at {address}: Connection refused"
    ):
        connected("").__enter__()
    with pytest.raises(ValueError, match="at head: an address is host:port"):
        connected("head").__enter__()


def test_a_head_that_is_gone_is_said_and_nothing_more_is_asked_of_ray(monkeypatch):
    asked = []
    monkeypatch.setattr(actors.ray, "wait", lambda running, **how: asked.append(how) or ([], []))
    monkeypatch.setattr(actors.ray, "kill", asked.append)
    monkeypatch.setattr(actors, "_ASK_SECONDS", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        head = Head(address, num_cores=1)
        workers, actor = Actors(head, primary="loss"), Actor("an actor", head)
        actor.running = "a trial"
        workers.ready([actor])
        assert isinstance(actor._lost(actors.RayError("it died")), WorkerLostError)
        actor.end()
    assert len(asked) == 2
    said = f"the head of the Ray cluster at {address} is gone: Connection refused: what is done"
    with pytest.raises(HeadLostError, match=said):
        workers.ready([actor])
    with pytest.raises(HeadLostError):
        workers.start()
    with pytest.raises(HeadLostError):
        actor._lost(actors.RayError("it died"))
    actor.end()
    assert len(asked) == 2


def test_a_connection_that_rays_client_loses_is_a_lost_head(monkeypatch):
    asked = []
    monkeypatch.setattr(actors, "_resolve", lambda address: address)
    monkeypatch.setattr(actors.ray, "init", lambda **how: asked.append("init"))
    monkeypatch.setattr(actors.ray, "cluster_resources", lambda: {"CPU": 2.0})
    monkeypatch.setattr(actors.ray, "shutdown", lambda: asked.append("shutdown"))
    with connected("ray://head:1") as head:
        assert head.num_cores == 2
    with pytest.raises(HeadLostError, match="at ray://head:1 is gone: timed out"):  # noqa: SIM117
        with connected("ray://head:1"):
            raise ConnectionError("timed out")
    assert asked == ["init", "shutdown", "init"]


def test_a_lost_head_ends_the_program_with_a_code_to_retry_before_ray_does(monkeypatch, capsys):
    codes = []
    monkeypatch.setattr(where.os, "_exit", codes.append)
    assert where.refuse(ValueError("no such setting")) == 2
    assert not codes
    where.refuse(HeadLostError("the head is gone"))
    assert codes == [128]
    assert "the head is gone" in capsys.readouterr().err
