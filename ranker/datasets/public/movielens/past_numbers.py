"""Numbers of a user's and an item's past: how many, how liked, how long ago.

A mean is drawn towards a prior as if PRIOR_WEIGHT of its ratings were the prior: a
user's and an item's towards the mean of all ratings before the event (before the very
first, towards the middle of the scale). So a new user has the mean of the day, not 0.

A rating's *residual* is what it has above its item's mean of that moment: how the user
rates, whatever he happened to rate. A user's mean residual is drawn towards 0, that of
his last ratings or of a genre towards the user's.

What is of a user's genre is of the row's item too, so its value at the start of a held-out
split is a column of its own: what it would be, had the user rated nothing since.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from ranker.datasets.columns import numeric
from ranker.datasets.past.forward import Ages, Events, Tails, Totals, Window
from ranker.datasets.public.movielens.interactions import Interactions
from ranker.datasets.splits import TEST, VALIDATION
from ranker.schema import Feature

PRIOR_WEIGHT = 5.0  # ratings
RECENT = 10  # a user's last so many ratings are his mood
COUNTS = ("user_count", "item_count")
AGES = ("user_age_seconds", "user_idle_seconds", "item_age_seconds")
MEANS = ("user_mean", "item_mean")
GENRE = "user_genre_residual"
RESIDUALS = ("user_residual", "user_recent_residual", GENRE)
FROZEN = f"{GENRE}_frozen"
_RESIDUAL_UNIT = 1e-3  # stars: residuals are added up as whole numbers, exactly


def numbers_of(data: Interactions) -> tuple[Feature, ...]:
    """Returns what the columns are, in their order."""
    low, high = data.lowest, data.highest
    counts = [_number(name, 0.0, log1p=True) for name in (*COUNTS, *AGES)]
    means = [_number(name, low, high) for name in MEANS]
    residuals = [_number(name, low - high, high - low) for name in RESIDUALS]
    residuals[-1] = dataclasses.replace(residuals[-1], frozen=FROZEN)
    return (*counts, *means, *residuals)


class PastNumbers:
    """Makes the numeric columns of events, going forward in time.

    `*_count` are the ratings before, `*_mean` their mean. `user_residual` is the mean
    residual of the user's ratings, `user_recent_residual` that of the last RECENT,
    `user_genre_residual` the mean over the item's genres of that of each.
    `*_age_seconds` is the time since the first rating before the event,
    `user_idle_seconds` since the last; 0 if there was none.
    """

    def __init__(self, data: Interactions, *, began: np.ndarray | None = None) -> None:
        """Knows of no rating yet; of `data` it takes the scale, users and items.

        Args:
          began: when each user's first event of each part of the split is, [3, users];
            None to make no column of frozen values.
        """
        self._data = data
        num_users, num_items = len(data.users.ids), len(data.items.ids)
        genres = data.items.columns["genres"]
        words = genres.values.dictionary_encode()
        self._genre = words.indices.to_numpy()
        self._num_genres = max(len(words.dictionary), 1)
        self._genre_offsets = genres.offsets.to_numpy()
        self._of_all, self._of_item = Totals(1), Totals(num_items)
        self._of_user = Totals(num_users)
        self._residuals = _Residuals(num_users, self._num_genres)
        self._began = began
        self._held_out = {
            part: _Residuals(num_users, self._num_genres)
            for part in (VALIDATION, TEST)
            if began is not None
        }
        self._recent = Tails(num_users, max_length=RECENT)
        self._user_ages, self._item_ages = Ages(num_users), Ages(num_items)

    def advance(
        self,
        events: Events,
        rating: np.ndarray,
        *,
        is_known: np.ndarray,
        part: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """Returns the columns, by name, of the next M events, then remembers those known.

        Args:
          events: in order of time, no second divided between two calls.
          rating: stars; of what is not known, anything finite. [M]
          is_known: whose rating those after it may know. [M]
          part: of the split, of each; needed for the frozen values. [M]
        """
        user, item, time = events
        unit = self._data.step
        stars = np.rint(rating / unit).astype(np.int32)
        by_user, by_item = (Window(group, time, is_known=is_known) for group in (user, item))
        prior = self._prior(time, stars, is_known=is_known)
        user_count, user_sum = self._of_user.advance(by_user, stars)
        item_count, item_sum = self._of_item.advance(by_item, stars)
        item_mean = _mean(unit * item_sum, item_count, prior)
        user_age, user_idle = self._user_ages.advance(by_user, time)
        item_age, _ = self._item_ages.advance(by_item, time)
        above = np.rint((rating - item_mean) / _RESIDUAL_UNIT).astype(np.int32)
        pairs = self._pairs(user, item)
        by_genre = Window(pairs.group, time[pairs.row], is_known=is_known[pairs.row])
        residual, of_genre = self._residuals.advance(by_user, by_genre, above, pairs)
        columns = {
            "user_count": user_count,
            "item_count": item_count,
            "user_age_seconds": user_age,
            "user_idle_seconds": user_idle,
            "item_age_seconds": item_age,
            "user_mean": _mean(unit * user_sum, user_count, prior),
            "item_mean": item_mean,
            "user_residual": residual,
            "user_recent_residual": self._recent_residual(by_user, above, residual),
            GENRE: of_genre,
        }
        if part is not None and self._began is not None:
            columns[FROZEN] = self._frozen(events, part, by_user, by_genre, above, pairs)
        return {name: column.astype(np.float32) for name, column in columns.items()}

    def _prior(self, time: np.ndarray, stars: np.ndarray, *, is_known: np.ndarray) -> np.ndarray:
        """Returns the mean of all ratings before each time."""
        everybody = Window(np.zeros(len(time), np.int32), time, is_known=is_known)
        count, total = self._of_all.advance(everybody, stars)
        middle = np.full(len(time), (self._data.lowest + self._data.highest) / 2)
        weight = np.where(count > 0, 0.0, 1.0)
        return _mean(self._data.step * total, count, middle, weight=weight)

    def _recent_residual(
        self, by_user: Window, above: np.ndarray, residual: np.ndarray
    ) -> np.ndarray:
        values, until, length = self._recent.advance(by_user, above)
        sums = np.concatenate([[0], np.cumsum(values, dtype=np.int64)])
        total = sums[until] - sums[until - length]
        return _mean(_RESIDUAL_UNIT * total, length, residual)

    def _frozen(
        self,
        events: Events,
        part: np.ndarray,
        by_user: Window,
        by_genre: Window,
        above: np.ndarray,
        pairs: "_Pairs",
    ) -> np.ndarray:
        """Returns the residual of the user's genres at the user's first event of the part."""
        assert self._began is not None
        frozen = np.zeros(len(part))
        for number, residuals in self._held_out.items():
            is_before = events.time < self._began[number][events.user]
            windows = by_user.only(is_before), by_genre.only(is_before[pairs.row])
            _, of_genre = residuals.advance(*windows, above, pairs)
            frozen = np.where(part == number, of_genre, frozen)
        return frozen

    def _pairs(self, user: np.ndarray, item: np.ndarray) -> "_Pairs":
        """Returns, for each genre of each event's item, the event's index and (user, genre)."""
        starts, ends = self._genre_offsets[item], self._genre_offsets[item + 1]
        lengths = ends - starts
        row = np.repeat(np.arange(len(item)), lengths)
        within = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        genre = self._genre[starts[row] + within]
        return _Pairs(row, user[row].astype(np.int64) * self._num_genres + genre)


class _Pairs(NamedTuple):
    """Events by the genres of their items: an event's index, and its user and a genre. [P]"""

    row: np.ndarray
    group: np.ndarray


class _Residuals:
    """What each user's ratings have above their items' means, in all and by genre."""

    def __init__(self, num_users: int, num_genres: int) -> None:
        self._of_user = Totals(num_users)
        self._of_genre = Totals(num_users * num_genres)

    def advance(
        self, by_user: Window, by_genre: Window, above: np.ndarray, pairs: _Pairs
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the user's mean before each event, and that of its item's genres. [M]"""
        count, total = self._of_user.advance(by_user, above)
        residual = _mean(_RESIDUAL_UNIT * total, count, np.zeros(len(above)))
        count, total = self._of_genre.advance(by_genre, above[pairs.row])
        of_genre = _mean(_RESIDUAL_UNIT * total, count, residual[pairs.row])
        num_genres = np.bincount(pairs.row, minlength=len(residual))
        total = np.bincount(pairs.row, of_genre, minlength=len(residual))
        return residual, np.where(num_genres > 0, total / np.maximum(num_genres, 1), residual)


def _mean(
    total: np.ndarray,
    count: np.ndarray,
    prior: np.ndarray,
    *,
    weight: np.ndarray | float = PRIOR_WEIGHT,
) -> np.ndarray:
    """Returns the mean of `count` values of sum `total`, and of `weight` times the prior."""
    return (total + weight * prior) / (count + weight)


def _number(
    name: str, minimum: float, maximum: float | None = None, *, log1p: bool = False
) -> Feature:
    feature = numeric(name, minimum, maximum, log1p=log1p)
    is_of_user = name.startswith("user_")
    return dataclasses.replace(feature, past_of="user_id") if is_of_user else feature
