"""Copies of rows with a rare positive label: which rows come how often, and with what weight."""

import dataclasses

import numpy as np
import pyarrow.parquet as pq
import pytest
from tiny_dataset import tiny_schema, tiny_table

from ranker import wiring
from ranker.input import (
    Batch,
    Encoder,
    ShardStream,
    StoredSplit,
    Stream,
    read_split,
    read_vocabularies,
)
from ranker.input.oversample import Oversampling
from ranker.spec import load
from ranker.spec.model import ModelSettings
from ranker.spec.run import DataSettings, OversampleSettings, RunConfig

THREE = Oversampling("like", 3)
BUFFER = 150


@pytest.fixture(scope="module")
def encoder(prepared):
    return Encoder(tiny_schema(), read_vocabularies(prepared, tiny_schema()))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("oversampled") / "train.parquet"
    pq.write_table(tiny_table(200, 0), path, row_group_size=40)
    return path


@pytest.fixture(scope="module")
def plain(path, encoder):
    return read_split(path, tiny_schema(), encoder, known_users=[])


def counted(split):
    return (split.rows.labels["like"] > 0) & (split.rows.weights["like"] > 0)


def test_each_sum_of_weighted_losses_is_what_it_was(plain):
    copied = plain.copied(THREE)
    is_positive = counted(plain)
    assert 0 < is_positive.sum() < len(plain)
    assert len(copied) == len(plain) + 2 * is_positive.sum()
    for task in ("like", "rating"):
        sums = []
        for rows in (plain.rows, copied.rows):
            weights = rows.weights[task].astype(float)
            sums.append([weights.sum(), (weights * (1.7 * rows.labels[task] + 0.3)).sum()])
        np.testing.assert_allclose(*sums, rtol=1e-6)
    users = [
        np.bincount(s.rows.features["user_id"], s.rows.weights["rating"]) for s in (plain, copied)
    ]
    np.testing.assert_allclose(*users, rtol=1e-6)


def test_a_row_without_the_label_is_not_copied(plain):
    labels = plain.rows.labels | {"like": np.ones(len(plain), np.float32)}
    split = dataclasses.replace(plain, rows=plain.rows._replace(labels=labels))
    copied = split.copied(THREE)
    missing = split.rows.weights["like"] == 0
    assert 0 < missing.sum() == (copied.rows.weights["like"] == 0).sum()


@pytest.mark.parametrize("order", ["shuffled", "blocks", "window"])
def test_an_epoch_has_every_row_as_often_as_it_should(plain, order):
    copied = plain.copied(THREE)
    stream = Stream(
        copied,
        batch_size=len(copied),
        seed=3,
        order=order,
        window_examples=50,
        buffer_examples=BUFFER,
    )
    once, again = stream.stack(0, 1).at(0), stream.stack(1, 1).at(0)
    for batch in (once, again):
        for part in ("features", "labels", "weights"):
            for name, values in getattr(batch, part).items():
                expected = getattr(copied.rows, part)[name]
                assert sorted(values.tolist()) == sorted(expected.tolist()), name
    assert not np.array_equal(once.labels["rating"], again.labels["rating"])


@pytest.mark.parametrize("order", ["blocks", "window"])
def test_a_split_on_disk_gives_the_same_batches(plain, path, encoder, order):
    stored = StoredSplit(path, tiny_schema(), encoder, oversampling=THREE)
    copied = plain.copied(THREE)
    assert (len(stored), stored.groups) == (len(copied), copied.groups)
    how = {"batch_size": 16, "seed": 3, "order": order, "window_examples": 50}
    streams = [
        s(of, buffer_examples=BUFFER, **how) for s, of in ((Stream, copied), (ShardStream, stored))
    ]
    for first in (0, 9, len(copied) // 16):
        one, other = (stream.stack(first, 3) for stream in streams)
        for arrays, others in zip(one, other, strict=True):
            for name, values in arrays.items():
                np.testing.assert_array_equal(values, others[name], err_msg=name)


def config(data, **settings):
    model = ModelSettings(embedding_width=4, tower_units=(4,), dropout=0.0)
    return RunConfig(data=DataSettings(path=str(data), **settings), model=model)


def test_the_gradient_of_an_epoch_is_what_it_was(prepared):
    plain = wiring.build_run(config(prepared))
    copied = wiring.build_run(
        config(prepared, oversample=OversampleSettings(task="like", factor=4))
    )
    found = []
    for rows in (plain.training().rows, copied.training().rows):
        proposed = plain.step.propose(Batch(*rows))
        of = {g.name: g for g in proposed.transaction.gradients}
        kernels = {name: g.values.numpy() for name, g in of.items() if g.rows is None}
        found.append((len(rows.labels["like"]), proposed.losses.numpy(), kernels))
    (num, losses, kernels), (num_copied, losses_copied, kernels_copied) = found
    assert num_copied > 1.5 * num
    np.testing.assert_allclose(losses_copied, losses, rtol=1e-5)
    for name, values in kernels.items():
        np.testing.assert_allclose(kernels_copied[name], values, rtol=1e-3, atol=1e-6, err_msg=name)


def test_what_cannot_be_oversampled_is_one_sentence(prepared, tmp_path):
    said = "no binary task 'rating'; there are: like"
    wanted = config(prepared, oversample=OversampleSettings(task="rating"))
    assert wiring.find_mistakes(wanted) == [f"data.oversample.task: {said}"]
    (tmp_path / "run.toml").write_text("data = {oversample = {task = 'like'}}")
    for override, said in (
        (
            "data.order=time",
            "order must be shuffled, blocks or window, got 'time', with oversample",
        ),
        ("data.oversample.factor=1", "factor must be >= 2 and <= 1000, got 1"),
        ("data.tasks=['rating']", "data.oversample.task has 'like', which data.tasks leaves out"),
    ):
        with pytest.raises(load.ConfigError, match=said):
            load.load(tmp_path / "run.toml", [override], RunConfig)
