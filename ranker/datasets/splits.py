"""Which rows train, validate and test.

- user-temporal: a user's n events in order of time, ties in file order, k =
  max(1, n // 10): the last k are test, the k before them validation. A user with
  n < 3 cannot give one to each, and trains only.
- global-temporal: two moments, given as dates or as shares of the rows; before the
  first is training, from the second on is test. Events of one second stay together.
- random: a tenth of the rows test, a tenth validation, drawn by the seed.
- window: the last `window_days` before the last event are test, as many before them
  validation, and all before those training: for training that follows time.
- published: the published training file is training; of the published test file half,
  drawn by the seed, is validation, the rest test. The dataset's loader does this.
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


def split_rows(user: np.ndarray, time: np.ndarray, *, options: Options) -> np.ndarray:
    """Returns, int8 [N], TRAIN, VALIDATION or TEST for each row.

    Args:
      user: numbers of the users, [N].
      time: Unix seconds, [N], ascending, ties in file order.
      options: `split` and what belongs to it.

    Raises:
      DatasetError: if a split is left without rows, or a boundary is none.
    """
    if options.split == "user-temporal":
        parts = _by_user(user)
    elif options.split == "random":
        parts = _at_random(len(time), options.seed)
    else:
        validation, test = moments(time, options)
        parts = ((time >= validation).astype(np.int8) + (time >= test)).astype(np.int8)
    check_sizes(np.bincount(parts, minlength=3), options)
    return parts


def check_sizes(sizes: Sequence[int] | np.ndarray, options: Options) -> None:
    """Raises DatasetError if one of the three parts has no rows."""
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
        "window": f"window: the last {options.window_days:g} days are test, as many before "
        "them validation, all before those train",
        "published": "published: the published training file is training; of the published "
        f"test file half, drawn by seed {options.seed}, is validation, the rest test",
    }[options.split]


def _by_user(user: np.ndarray) -> np.ndarray:
    sizes = np.bincount(user)
    k = np.where(sizes < 3, 0, np.maximum(1, sizes // 10))
    of_users = np.stack([sizes - 2 * k, k, k], axis=1)  # one user after the other
    names = np.array([TRAIN, VALIDATION, TEST], np.int8)
    by_user = np.repeat(np.tile(names, len(sizes)), of_users.ravel())
    parts = np.empty(len(user), np.int8)
    parts[stable_order(user)] = by_user
    return parts


def _at_random(num_rows: int, seed: int) -> np.ndarray:
    parts = np.full(num_rows, TRAIN, np.int8)
    tenth = num_rows // 10
    drawn = np.random.default_rng(seed).permutation(num_rows)[: 2 * tenth]
    parts[drawn[:tenth]] = TEST
    parts[drawn[tenth:]] = VALIDATION
    return parts


def moments(time: Sequence[int] | np.ndarray, options: Options) -> tuple[float, float]:
    """Returns the first moments of validation and of test, of a split by time.

    Args:
      time: Unix seconds, ascending.

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
