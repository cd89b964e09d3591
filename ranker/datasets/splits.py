"""Which rows train, validate and test.

- user-temporal: a user's n events in order of time, ties in file order, k =
  max(1, n // 10): the last k are test, the k before them validation. A user with
  n < 3 cannot give one to each, and trains only.
- global-temporal: two moments, given as dates or as shares of the rows; before the
  first is training, from the second on is test. Events of one second stay together.
- random: a tenth of the rows test, a tenth validation, drawn by the seed.
- random-user: a tenth of the users test, a tenth validation, drawn by the seed; all
  rows of a user stay together.
- window: the last `window_days` before the last event are test, as many before them
  validation, and all before those training: for training that follows time.
- published: the published training file is training; of the published test file half,
  drawn by the seed, is validation, the rest test.
"""

import datetime
from collections.abc import Sequence

import numpy as np

from ranker.datasets.errors import DatasetError
from ranker.datasets.options import Options
from ranker.datasets.order import stable_order

TRAIN, VALIDATION, TEST = range(3)
NAMES = ("train", "validation", "test")
_DAY_SECONDS = 86_400


class Split:
    """Says of each example to which part of the split it goes, TRAIN, VALIDATION or TEST.

    Attributes:
      parts: of each example, int8 [N]; empty where only the blocks tell, since the times are
        computed one by one, or the published files are the split.
      num_rows: how many examples there are; None if nobody counted.
    """

    def __init__(
        self, user: np.ndarray | None, time: Sequence[int] | np.ndarray | None, options: Options
    ) -> None:
        """Splits, as `options.split` and what belongs to it say.

        Args:
          user: numbers of the users, [N]; for user-temporal and random-user alone.
          time: Unix seconds, [N], ascending, ties in file order; None for published.

        Raises:
          DatasetError: if a split is left without rows, or a boundary is none.
        """
        self._options = options
        self.num_rows = None if time is None else len(time)
        self._num_done = 0
        self._random = np.random.default_rng(options.seed)
        self._moments = None
        if time is not None and options.split in ("global-temporal", "window"):
            self._moments = moments(time, options)
        self.parts = np.zeros(0, np.int8)
        if isinstance(time, np.ndarray):
            self.parts = self._of_all(user, time)
            check_sizes(np.bincount(self.parts, minlength=len(NAMES)), options)

    def of(self, num_rows: int, time: np.ndarray, *, file: str = "") -> np.ndarray:
        """Returns the parts of the next examples, [M], in the order of the blocks.

        Args:
          time: Unix seconds, [M].
          file: the published one that they are of, where that is the split.
        """
        if len(self.parts):
            start, self._num_done = self._num_done, self._num_done + num_rows
            return self.parts[start : self._num_done]
        if self._moments is not None:
            return _by_time(time, self._moments)
        parts = np.full(num_rows, TRAIN, np.int8)
        if file == "test":
            parts = (VALIDATION + (self._random.random(num_rows) < 0.5)).astype(np.int8)
        return parts

    def knows(self, part: np.ndarray) -> np.ndarray:
        """Returns whether later examples may know of those of these parts, bool [M]."""
        return (part == TRAIN) | (self._options.past == "all")

    def _of_all(self, user: np.ndarray | None, time: np.ndarray) -> np.ndarray:
        if self._moments is not None:
            return _by_time(time, self._moments)
        if user is not None and self._options.split == "user-temporal":
            return _by_user(user)
        if user is not None and self._options.split == "random-user":
            return _users_at_random(int(user.max()) + 1, self._options.seed)[user]
        return _at_random(len(time), self._options.seed)


def check_sizes(sizes: Sequence[int] | np.ndarray, options: Options) -> None:
    """Raises DatasetError if one of the three parts, of these sizes [3], has no rows."""
    if not all(sizes):
        counts = ", ".join(f"{name} {size}" for name, size in zip(NAMES, sizes, strict=True))
        raise DatasetError(f"split {describe(options)!r} leaves a part without rows: {counts}")


def describe(options: Options) -> str:
    """Returns the rule in words, for the manifest."""
    return {
        "user-temporal": "user-temporal: of a user's n events in order of time (ties in file "
        "order) the last k = max(1, n // 10) are test, the k before them validation; "
        "n < 3: all train",
        "global-temporal": f"global-temporal: validation from {options.boundaries[0]}, "
        f"test from {options.boundaries[-1]}",
        "random": f"random: a tenth validation, a tenth test, seed {options.seed}",
        "random-user": "random-user: the rows of a tenth of the users validation, of a tenth "
        f"test, seed {options.seed}",
        "window": f"window: the last {options.window_days:g} days are test, as many before "
        "them validation, all before those train",
        "published": "published: the published training file is training; of the published "
        f"test file half, drawn by seed {options.seed}, is validation, the rest test",
    }[options.split]


def _by_time(time: np.ndarray, begins: tuple[float, float]) -> np.ndarray:
    validation, test = begins
    return ((time >= validation).astype(np.int8) + (time >= test)).astype(np.int8)


def _by_user(user: np.ndarray) -> np.ndarray:
    sizes = np.bincount(user)
    k = np.where(sizes < 3, 0, np.maximum(1, sizes // 10))
    of_users = np.stack([sizes - 2 * k, k, k], axis=1)  # one user after the other
    names = np.array([TRAIN, VALIDATION, TEST], np.int8)
    by_user = np.repeat(np.tile(names, len(sizes)), of_users.ravel())
    parts = np.empty(len(user), np.int8)
    parts[stable_order(user)] = by_user
    return parts


def _users_at_random(num_users: int, seed: int) -> np.ndarray:
    return _at_random(num_users, seed, tenth=max(1, num_users // 10) if num_users > 2 else 0)


def _at_random(num_rows: int, seed: int, *, tenth: int | None = None) -> np.ndarray:
    parts = np.full(num_rows, TRAIN, np.int8)
    tenth = num_rows // 10 if tenth is None else tenth
    drawn = np.random.default_rng(seed).permutation(num_rows)[: 2 * tenth]
    parts[drawn[:tenth]] = TEST
    parts[drawn[tenth:]] = VALIDATION
    return parts


def moments(time: Sequence[int] | np.ndarray, options: Options) -> tuple[float, float]:
    """Returns the first moments of validation and of test, of a split by time.

    Args:
      time: Unix seconds, ascending. [N]

    Raises:
      DatasetError: if a boundary is none, or validation does not begin before test.
    """
    if options.split == "window":
        length = options.window_days * _DAY_SECONDS
        end = int(time[-1]) + 1
        return end - 2 * length, end - length
    validation, test = (_moment(text, time) for text in options.boundaries)
    if not validation < test:
        raise DatasetError(
            f"boundaries {','.join(options.boundaries)}: validation must begin before test"
        )
    return validation, test


def _moment(text: str, time: Sequence[int] | np.ndarray) -> float:
    try:
        share = float(text)
    except ValueError:
        return _date(text)
    if not 0 < share < 1:
        raise DatasetError(f"boundary {text!r} must be a share in (0, 1) or a date YYYY-MM-DD")
    return float(time[int(share * len(time))])


def _date(text: str) -> float:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError as error:
        raise DatasetError(
            f"boundary {text!r} must be a share in (0, 1) or a date YYYY-MM-DD"
        ) from error
    return datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC).timestamp()
