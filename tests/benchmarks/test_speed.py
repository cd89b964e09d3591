"""The speed test: the rows are the same for all, its goals are what it prints."""

import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from without_flags import load

from benchmarks.peers import ours, worker, workload
from ranker.input import Encoder, read_split, read_vocabularies
from ranker.schema import read_schema

speed = load("speed")


def test_rows_are_drawn_again_alike_and_are_ids_or_padding_at_the_end():
    rows, again = workload.rows(200), workload.rows(200)
    for name, size in workload.SINGLE.items():
        assert rows.single[name].min() >= 1
        assert rows.single[name].max() <= size
        np.testing.assert_array_equal(rows.single[name], again.single[name])
    for values in rows.lists.values():
        is_value = values > 0
        assert is_value[:, 0].all()
        assert (np.diff(is_value.astype(int), axis=1) <= 0).all()
        assert not is_value.all()
    assert all(0.3 < labels.mean() < 0.7 for labels in rows.labels.values())


def test_this_project_is_given_the_same_rows(tmp_path):
    rows = workload.rows(100)
    ours.write(tmp_path, rows)
    schema = read_schema(tmp_path / "schema.toml")
    vocabularies = read_vocabularies(tmp_path, schema)
    encoder = Encoder(schema, vocabularies)
    split = read_split(
        tmp_path / "train.parquet", schema, encoder, known_users=vocabularies["user_id"]
    )
    for name, values in (rows.single | rows.lists).items():
        known = np.array([*map(int, vocabularies[schema.feature(name).vocabulary]), 0])
        found = split.rows.features[name]
        is_known = np.isin(values, known)  # a film of a history may be in no row as the film shown
        np.testing.assert_array_equal(
            known[found][is_known & (values > 0)], values[is_known & (values > 0)]
        )
        assert ((found == -1) == (values == 0)).all()
    for task, labels in rows.labels.items():
        np.testing.assert_array_equal(split.rows.labels[task], labels)


def test_a_worker_trains_once_to_be_ready_and_once_a_line(monkeypatch, capfd):
    trained = []
    module = types.ModuleType("benchmarks.peers.fake")
    module.turn = lambda batch_size, *others: lambda: trained.append((batch_size, *others))
    monkeypatch.setitem(sys.modules, "benchmarks.peers.fake", module)
    monkeypatch.setattr(sys, "stdin", ["\n", "\n"])
    monkeypatch.setattr("os.dup2", lambda *_: None)
    worker.main(["fake", "64", "bfloat16"])
    ready, *seconds = capfd.readouterr().out.split()
    assert ready == "ready"
    assert trained == [(64, "bfloat16")] * 3
    assert len(list(map(float, seconds))) == 2


def test_goals_are_ratios_within_rounds():
    seconds = {
        speed.OURS: [1.0, 2.0, 3.0],
        speed.PRODUCTS: [0.8, 1.6, 2.4],
        speed.EAGER: [1.1, 2.2, 3.3],
        speed.OURS_BF16: [1.0],
        speed.COMPILED_BF16: [1.5],
    }
    eager, bf16, products = speed.verdicts(seconds)
    assert eager == ("this project is 1.10 times as fast as PyTorch, goal 1.15", False)
    assert bf16[1]
    assert products == ("this project takes 1.25 times its matrix products alone, goal 1.35", True)


def test_a_trainer_that_fails_is_named_with_its_last_word():
    with pytest.raises(
        speed.TrainerError, match=r"none ended with exit code 1: .*benchmarks.peers.no"
    ):
        speed.Worker(speed.Trainer("none", "no"), 64)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--only=nobody"], "speed: --only: no trainer begins so; there are: this project"),
        (["--peers=nowhere/python"], "speed: no Python at nowhere/python"),
    ],
)
def test_a_trainer_or_a_python_that_is_not_there_is_one_line_and_2(flags, said):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.speed", *flags],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
