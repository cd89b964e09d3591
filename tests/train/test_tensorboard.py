"""TensorBoard's files: the scalars that TensorFlow itself would write, and events as text."""

import json
import math

import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from ranker.train import Evaluation, StepReport, TensorBoard

METRICS = {"like": {"auc": 0.75, "rows": 9, "warm": {"auc": 0.5}}, "rating": {"rmse": math.inf}}


def records(folder):
    """Returns (step, tag, plugin, value) of every value in the only file of `folder`."""
    (path,) = folder.iterdir()
    return [
        (event.step, v.tag, v.metadata.plugin_data.plugin_name, tf.make_ndarray(v.tensor).item())
        for event in EventFileLoader(str(path)).Load()
        for v in event.summary.value
    ]


def reports(num):
    """Returns reports of `num` attempts, one of them refused, of two tasks and one variable."""
    shapes = dict.fromkeys(StepReport._fields, np.zeros((num, 0)))
    numbers = np.arange(num, dtype=np.float32)
    return StepReport(
        **shapes
        | {"attempt": np.arange(num), "step": np.arange(num), "total": numbers / 3}
        | {"losses": np.stack([numbers / 7, numbers * np.nan], axis=1)}
        | {"learning_rates": np.stack([numbers / 9, numbers / 11], axis=1)}
        | {"gradient_norm": numbers / 5}
        | {"watched": numbers[:, np.newaxis], "limits": np.full((num, 1), np.inf)}
        | {"factors": 1 / (1 + numbers[:, np.newaxis])}
    )


def test_what_is_written_is_what_tf_summary_writes(tmp_path):
    names = {"tasks": ("like", "rating"), "variables": ("bottom/0/kernel",)}
    names |= {"groups": ("dense", "embeddings"), "watched": ("norm",)}
    board = TensorBoard(tmp_path / "ours", every=2, **names)
    board.reports(reports(5), 0.1)
    board.evaluation(5, 4, Evaluation(1 / 3, METRICS))
    board.close()
    with tf.summary.create_file_writer(str(tmp_path / "theirs")).as_default():
        for k in (1, 3):
            tf.summary.scalar("loss/total", np.float32(k) / np.float32(3), k)
            tf.summary.scalar("loss/like", np.float32(k) / np.float32(7), k)
            tf.summary.scalar("loss/rating", math.nan, k)
            tf.summary.scalar("gradient_norm", np.float32(k) / np.float32(5), k)
            tf.summary.scalar("clip_factor/bottom/0/kernel", 1 / np.float32(1 + k), k)
            tf.summary.scalar("learning_rate/dense", np.float32(k) / np.float32(9), k)
            tf.summary.scalar("learning_rate/embeddings", np.float32(k) / np.float32(11), k)
            tf.summary.scalar("watched/norm", float(k), k)
            tf.summary.scalar("limit/norm", math.inf, k)
        tf.summary.scalar("validation/loss", 1 / 3, 4)
        tf.summary.scalar("validation/like/auc", 0.75, 4)
        tf.summary.scalar("validation/rating/rmse", math.inf, 4)
    ours, theirs = records(tmp_path / "ours"), records(tmp_path / "theirs")
    assert repr(ours) == repr(theirs)
    assert len(ours) == 21


def test_an_event_is_text(tmp_path):
    names = dict.fromkeys(("tasks", "variables", "groups", "watched"), ())
    board = TensorBoard(tmp_path / "ours", every=2, **names)
    board.event({"kind": "refused", "attempt": 5, "step": 4, "loss": math.nan})
    board.close()
    ((step, tag, plugin, value),) = records(tmp_path / "ours")
    assert (step, tag, plugin) == (4, "event/refused", "text")
    assert json.loads(value)["loss"] == "nan"
