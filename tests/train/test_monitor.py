"""What chooses the best checkpoint must exist on the rows that it is measured on."""

import dataclasses

import numpy as np
import pytest
from tiny_dataset import tiny_schema

from ranker.input import Batch, Split
from ranker.train import check_measurable

USERS = np.array([1, 1, 2, 2, 3])
MONITORS = (
    "loss", "like.auc", "like.gauc", "like.log_loss", "like.normalized_entropy", "like.ece",
    "rating.rmse", "rating.mae",
)  # fmt: skip
LIKES = {
    "both classes": ([0, 1, 1, 0, 1], [1, 1, 1, 1, 1]),
    "only positive": ([1, 1, 1, 1, 1], [1, 1, 1, 1, 1]),
    "only negative": ([0, 0, 0, 0, 0], [1, 1, 1, 1, 1]),
    "one class but for masked rows": ([0, 1, 1, 1, 1], [0, 1, 1, 1, 1]),
    "no user with both": ([1, 1, 0, 0, 1], [1, 1, 1, 1, 1]),
    "no label": ([0, 1, 1, 0, 1], [0, 0, 0, 0, 0]),
}
ABSENT = {
    "both classes": set(),
    "only positive": {"like.auc", "like.gauc", "like.normalized_entropy"},
    "only negative": {"like.auc", "like.gauc", "like.normalized_entropy"},
    "one class but for masked rows": {"like.auc", "like.gauc", "like.normalized_entropy"},
    "no user with both": {"like.gauc"},
    "no label": {name for name in MONITORS if name.startswith("like.")},
}


def split(likes, like_weights, rating_weights=(1, 1, 1, 1, 1)):
    labels = {"like": np.float32(likes), "rating": np.float32([1, 2, 3, 4, 5])}
    weights = {"like": np.float32(like_weights), "rating": np.float32(rating_weights)}
    return Split(
        Batch({}, labels, weights), users=USERS, is_warm=USERS > 1, times=np.zeros(5, np.int64)
    )


@pytest.mark.parametrize("rows", LIKES)
@pytest.mark.parametrize("monitor", MONITORS)
def test_a_number_that_the_rows_do_not_define_is_refused(rows, monitor):
    def check():
        check_measurable(monitor, tiny_schema(), split(*LIKES[rows]), where="there")

    if monitor not in ABSENT[rows]:
        check()
        return
    with pytest.raises(ValueError, match=f"^train.monitor '{monitor}' does not exist on there: "):
        check()


@pytest.mark.parametrize("monitor", ["loss", "rating.rmse"])
def test_without_any_label_nothing_exists(monitor):
    rows = split(*LIKES["no label"], rating_weights=[0, 0, 0, 0, 0])
    with pytest.raises(ValueError, match=f"train.monitor '{monitor}'.* on there: no "):
        check_measurable(monitor, tiny_schema(), rows, where="there")


def test_text_users_are_users():
    rows = dataclasses.replace(split(*LIKES["both classes"]), users=USERS.astype(str))
    check_measurable("like.gauc", tiny_schema(), rows, where="there")
