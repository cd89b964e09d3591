"""A world of users and items in which the chance of every label is known.

The score of task k for user u, item i and time t in [0, 1) is

    score_k = sqrt(c) shared + sqrt(1 - c) own_k, kept within -4 and 4,
    shared  = (a_u + b_i cos(pi t / 2) + w_i sin(pi t / 2) + z_u . v_i / sqrt(D)) / sqrt(3),
    own_k   = (a_uk + b_ik + z_u . v_ik / sqrt(D)) / sqrt(3),

where every a, b, v, w, z is drawn from N(0, 1). At any time each score has variance 1 and
any two of them have correlation c, over worlds. What an item is worth drifts from b to w,
and which items are shown drifts too. A binary label is 1 with the chance
sigmoid(intercept + 1.6 score); the regression's is 3.5 + 0.8 score + N(0, 0.8^2).
"""

import dataclasses

import numpy as np

from ranker.datasets.synthetic.movielens_like.draws import normal, uniform

INTERCEPTS = {"like": 0.0, "finish": -1.6, "share": -4.0}
RATING = "rating"
TASKS = (*INTERCEPTS, RATING)
WIDTH = 4  # D
MAX_SCORE = 4.0
NOISE = 0.8  # standard deviation of the regression's label given its score
LOWEST, HIGHEST = -7.0, 14.0  # no rating reaches them: 3.5 -+ (0.8 * 4 + 0.8 * 8.6)
_SLOPE = 1.6
_MEAN, _RATING_SLOPE = 3.5, 0.8
_USER_SKEW, _ITEM_SKEW = 1.7, 2.0  # a few users and items have most of the rows
_MOVED = 0.3  # share of the items by which the popular ones move on, from first to last row


@dataclasses.dataclass(frozen=True)
class Drawn:
    """Rows: who met what, what could be expected, and what came of it.

    Attributes:
      user, item: their numbers, int32 [N].
      score: by task, [N].
      chance: by binary task, of label 1, [N]; of the regression the mean of its label.
      label: by task, float32 [N].
    """

    user: np.ndarray
    item: np.ndarray
    score: dict[str, np.ndarray]
    chance: dict[str, np.ndarray]
    label: dict[str, np.ndarray]


class World:
    """Users and items with their hidden values."""

    def __init__(self, *, users: int, items: int, correlation: float, seed: int) -> None:
        """Draws the hidden values: about 100 bytes a user and 250 an item."""
        self.num_users, self.num_items = users, items
        self._correlation, self._seed = correlation, seed
        self._shared_user = self._values("user", users, 1 + WIDTH)
        self._own_user = self._values("user/own", users, len(TASKS))
        self._shared_item = self._values("item", items, 2 + WIDTH)
        self._own_item = self._values("item/own", items, len(TASKS) * (1 + WIDTH))

    def taste(self) -> np.ndarray:
        """Returns what hides behind each user's taste, z; float64 [U, D]."""
        return self._shared_user[:, 1:]

    def kind(self) -> np.ndarray:
        """Returns what hides behind each item's kind, v; float64 [I, D]."""
        return self._shared_item[:, 2:]

    def draw(self, row: np.ndarray, time: np.ndarray) -> Drawn:
        """Returns the rows of numbers `row`, int64 [N], at `time`, in [0, 1)."""
        u, i = (uniform(self._seed, name, row) for name in ("row/user", "row/item"))
        user = np.minimum((u**_USER_SKEW * self.num_users).astype(np.int32), self.num_users - 1)
        position = (i**_ITEM_SKEW + _MOVED * time) * self.num_items
        item = (position.astype(np.int64) % self.num_items).astype(np.int32)
        return self.outcome(row, user, item, time)

    def outcome(
        self, row: np.ndarray, user: np.ndarray, item: np.ndarray, time: np.ndarray
    ) -> Drawn:
        """Returns what came of it that `user` met `item` at `time`, int32 and float64 [N].

        Args:
          row: numbers of the rows, int64 [N]: what is drawn for a row depends on its number.
        """
        score = self.scores(user, item, time)
        chance, label = {}, {}
        for task, intercept in INTERCEPTS.items():
            chance[task] = 1.0 / (1.0 + np.exp(-(intercept + _SLOPE * score[task])))
            drawn = uniform(self._seed, f"row/{task}", row)
            label[task] = (drawn < chance[task]).astype(np.float32)
        chance[RATING] = _MEAN + _RATING_SLOPE * score[RATING]
        noise = NOISE * normal(self._seed, f"row/{RATING}", row)
        label[RATING] = (chance[RATING] + noise).astype(np.float32)
        return Drawn(user, item, score, chance, label)

    def scores(self, user: np.ndarray, item: np.ndarray, time: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the score of each task, [N]."""
        of_user, of_item = self._shared_user[user], self._shared_item[item]
        taste = of_user[:, 1:]
        angle = 0.5 * np.pi * time
        worth = of_item[:, 0] * np.cos(angle) + of_item[:, 1] * np.sin(angle)
        shared = (of_user[:, 0] + worth + _product(taste, of_item[:, 2:])) / np.sqrt(3.0)
        own_user, own_item = self._own_user[user], self._own_item[item]
        scores = {}
        for k, task in enumerate(TASKS):
            begin = k * (1 + WIDTH)
            own = own_user[:, k] + own_item[:, begin]
            own += _product(taste, own_item[:, begin + 1 : begin + 1 + WIDTH])
            mixed = np.sqrt(self._correlation) * shared
            mixed += np.sqrt(1.0 - self._correlation) * own / np.sqrt(3.0)
            scores[task] = np.clip(mixed, -MAX_SCORE, MAX_SCORE)
        return scores

    def _values(self, name: str, count: int, width: int) -> np.ndarray:
        values = np.empty((count, width))
        for column in range(width):  # one at a time: what is held beside them stays small
            values[:, column] = normal(self._seed, name, np.arange(count) * width + column)
        return values


def _product(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns one . other / sqrt(D), [N]; column by column, so that N changes no bit of it."""
    total = one[:, 0] * other[:, 0]
    for d in range(1, WIDTH):
        total = total + one[:, d] * other[:, d]
    return total / np.sqrt(WIDTH)
