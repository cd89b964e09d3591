"""TensorBoard's files: the scalars that TensorFlow itself would write, and events as text."""

import json
import math

import numpy as np
import tensorflow as tf
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from ranker.optim import Scalars
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
    told = {
        "loss/like": numbers / 7,
        "loss/rating": numbers * np.nan,
        "learning_rate/dense": numbers / 9,
        "watched/norm": numbers,
        "limit/norm": np.full(num, np.inf, np.float32),
        "my_part/conflicts": numbers / 11,
        "gradient_norm": numbers / 5,
    }
    scalars = Scalars(tuple(told), np.stack(list(told.values()), axis=1))
    known = {"attempt": np.arange(num), "step": np.arange(num), "total": numbers / 3}
    return StepReport(**shapes | known | {"scalars": scalars})


def test_what_is_written_is_what_tf_summary_writes(tmp_path):
    board = TensorBoard(tmp_path / "ours", every=2)
    board.reports(reports(5), 0.1)
    board.evaluation(5, 4, Evaluation(1 / 3, METRICS))
    board.close()
    with tf.summary.create_file_writer(str(tmp_path / "theirs")).as_default():
        for k in (1, 3):
            tf.summary.scalar("loss/total", np.float32(k) / np.float32(3), k)
            tf.summary.scalar("loss/like", np.float32(k) / np.float32(7), k)
            tf.summary.scalar("loss/rating", math.nan, k)
            tf.summary.scalar("learning_rate/dense", np.float32(k) / np.float32(9), k)
            tf.summary.scalar("watched/norm", float(k), k)
            tf.summary.scalar("limit/norm", math.inf, k)
            tf.summary.scalar("my_part/conflicts", np.float32(k) / np.float32(11), k)
            tf.summary.scalar("gradient_norm", np.float32(k) / np.float32(5), k)
        tf.summary.scalar("validation/loss", 1 / 3, 4)
        tf.summary.scalar("validation/like/auc", 0.75, 4)
        tf.summary.scalar("validation/rating/rmse", math.inf, 4)
    ours, theirs = records(tmp_path / "ours"), records(tmp_path / "theirs")
    assert repr(ours) == repr(theirs)
    assert len(ours) == 19


def test_an_event_is_text(tmp_path):
    board = TensorBoard(tmp_path / "ours", every=2)
    board.event({"kind": "refused", "attempt": 5, "step": 4, "loss": math.nan})
    board.close()
    ((step, tag, plugin, value),) = records(tmp_path / "ours")
    assert (step, tag, plugin) == (4, "event/refused", "text")
    assert json.loads(value)["loss"] == "nan"
