"""Workers of one machine: the environment that each is started in."""

import json
import sys
import types

import pytest

from ranker.cli import local


@pytest.mark.parametrize(
    ("files", "given", "names"),
    [
        (["nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"], None, ["0", "1"]),
        (["nvidia3"], None, ["0"]),  # of a container that has one of a machine's
        (["nvidia0", "nvidia1"], "1,GPU-8f6d", ["1", "GPU-8f6d"]),
        (["nvidia0", "nvidia1"], "1,-1,0", ["1"]),
        (["nvidia0"], "", []),
        ([], "0,1", []),
    ],
)
def test_gpus_are_those_of_the_machine_that_the_user_lets_be_seen(files, given, names, tmp_path):
    for name in files:
        (tmp_path / name).touch()
    environment = {} if given is None else {"CUDA_VISIBLE_DEVICES": given}
    assert local.gpus(environment, tmp_path) == names


@pytest.fixture
def started(monkeypatch):
    """What each process that is started sees, with the GPUs "4" and "7" on this machine."""
    found = []

    def start(command, env):
        found.append(env)
        return types.SimpleNamespace(wait=lambda: 0)

    monkeypatch.setattr(local.subprocess, "Popen", start)
    monkeypatch.setattr(local.signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(local, "gpus", lambda environment: ["4", "7"])
    monkeypatch.setattr(sys, "argv", ["train", "--workers=2"])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    monkeypatch.delenv("TF_CONFIG", raising=False)
    return found


def test_each_worker_sees_its_own_gpu(started):
    assert local.start(2) == 0
    assert [each["CUDA_VISIBLE_DEVICES"] for each in started] == ["4", "7"]
    assert [json.loads(each["TF_CONFIG"])["task"]["index"] for each in started] == [0, 1]


def test_more_workers_than_gpus_are_refused_unless_there_are_none(started, monkeypatch, capsys):
    assert local.start(3) == 2
    assert "--workers=3: 2 GPUs here: take 2 workers at most" in capsys.readouterr().err
    assert not started
    monkeypatch.setattr(local, "gpus", lambda environment: [])
    assert local.start(3) == 0
    assert [each["CUDA_VISIBLE_DEVICES"] for each in started] == ["4,7"] * 3
