"""Numbers of a user's and an item's past: how many, how liked, how long ago.

A mean is drawn towards a prior as if PRIOR_WEIGHT of its ratings were the prior: a
user's and an item's towards the mean of all ratings before the event (before the very
first, towards the middle of the scale). So a new user has the mean of the day, not 0.

A rating's *residual* is what it has above its item's mean of that moment: how the user
rates, whatever he happened to rate. A user's mean residual is drawn towards 0, that of
his last ratings or of a genre towards the user's.
"""

import numpy as np
import pyarrow as pa

from ranker.datasets.interactions import Events, Interactions
from ranker.datasets.past import Past, PastSum
from ranker.schema import Feature

PRIOR_WEIGHT = 5.0  # ratings
RECENT = 10  # a user's last so many ratings are his mood
COUNTS = ("user_count", "item_count")
AGES = ("user_age_seconds", "user_idle_seconds", "item_age_seconds")
MEANS = ("user_mean", "item_mean")
RESIDUALS = ("user_residual", "user_recent_residual", "user_genre_residual")
_RESIDUAL_UNIT = 1e-3  # stars: residuals are added up as whole numbers, exactly


class PastNumbers:
    """Makes the numeric columns of any (user, item, time).

    `*_count` are the ratings before, `*_mean` their mean. `user_residual` is the mean
    residual of the user's ratings, `user_recent_residual` that of the last RECENT,
    `user_genre_residual` the mean over the item's genres of that of each.
    `*_age_seconds` is the time since the first rating before the event,
    `user_idle_seconds` since the last; 0 if there was none.
    """

    def __init__(self, data: Interactions) -> None:
        """Sorts the past of all users, items, and users by genre."""
        self._data = data
        user, item, time = data.user, data.item, data.time
        num_users, num_items = len(data.users.ids), len(data.items.ids)
        stars = np.rint(data.rating / data.step).astype(np.int32)
        nobody = np.zeros(len(time), np.int32)
        self._by_all = _Sums(nobody, time, stars, unit=data.step, num_groups=1)
        self._by_item = _Sums(item, time, stars, unit=data.step, num_groups=num_items)
        self._by_user = _Sums(user, time, stars, unit=data.step, num_groups=num_users)
        item_mean = self._by_item.at(item, time).mean(self._prior(time))
        above = np.rint((data.rating - item_mean) / _RESIDUAL_UNIT).astype(np.int32)
        self._residuals = _Sums(user, time, above, unit=_RESIDUAL_UNIT, num_groups=num_users)
        genres = data.items.columns["genres"]
        words = genres.values.dictionary_encode()
        self._genre = words.indices.to_numpy()
        self._num_genres = max(len(words.dictionary), 1)
        self._genre_offsets = genres.offsets.to_numpy()
        row, group = self._pairs(user, item)
        self._by_genre = _Sums(
            group,
            time[row],
            above[row],
            unit=_RESIDUAL_UNIT,
            num_groups=num_users * self._num_genres,
        )

    def features(self) -> tuple[Feature, ...]:
        """Returns what the columns are, in their order."""
        low, high = self._data.lowest, self._data.highest
        counts = [_number(name, log1p=True, minimum=0.0) for name in (*COUNTS, *AGES)]
        means = [_number(name, minimum=low, maximum=high) for name in MEANS]
        residuals = [_number(n, minimum=low - high, maximum=high - low) for n in RESIDUALS]
        return (*counts, *means, *residuals)

    def make(self, events: Events) -> dict[str, pa.Array]:
        """Returns the columns, by name, of M events."""
        user, item, time = events
        of_user, of_item = self._by_user.at(user, time), self._by_item.at(item, time)
        residuals = self._residuals.at(user, time)
        residual = residuals.mean(np.zeros(len(user)))
        prior = self._prior(time)
        columns = {
            "user_count": of_user.count,
            "item_count": of_item.count,
            "user_age_seconds": of_user.since_first(time),
            "user_idle_seconds": of_user.since_last(time),
            "item_age_seconds": of_item.since_first(time),
            "user_mean": of_user.mean(prior),
            "item_mean": of_item.mean(prior),
            "user_residual": residual,
            "user_recent_residual": residuals.mean(residual, last=RECENT),
            "user_genre_residual": self._genre_residual(events, residual),
        }
        return {name: pa.array(column.astype(np.float32)) for name, column in columns.items()}

    def _prior(self, time: np.ndarray) -> np.ndarray:
        """Returns the mean of all ratings before each time."""
        middle = (self._data.lowest + self._data.highest) / 2
        past = self._by_all.at(np.zeros(len(time), np.int32), time)
        return past.mean(np.full(len(time), middle), weight=np.where(past.count > 0, 0.0, 1.0))

    def _genre_residual(self, events: Events, residual: np.ndarray) -> np.ndarray:
        row, group = self._pairs(events.user, events.item)
        of_genre = self._by_genre.at(group, events.time[row]).mean(residual[row])
        num_genres = np.bincount(row, minlength=len(residual))
        total = np.bincount(row, of_genre, minlength=len(residual))
        return np.where(num_genres > 0, total / np.maximum(num_genres, 1), residual)

    def _pairs(self, user: np.ndarray, item: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns, for each genre of each event's item, the event's place and (user, genre)."""
        starts, ends = self._genre_offsets[item], self._genre_offsets[item + 1]
        lengths = ends - starts
        row = np.repeat(np.arange(len(item)), lengths)
        within = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        genre = self._genre[starts[row] + within]
        return row, user[row].astype(np.int64) * self._num_genres + genre


class _Sums:
    """A whole number of units for each event, added up over the past of its group."""

    def __init__(
        self,
        group: np.ndarray,
        time: np.ndarray,
        value: np.ndarray,
        *,
        unit: float,
        num_groups: int,
    ) -> None:
        self.past = Past(group, time, num_groups=num_groups)
        self.time = time[self.past.order]
        self.sum = PastSum(self.past, value)
        self.unit = unit

    def at(self, group: np.ndarray, time: np.ndarray) -> "_Moments":
        return _Moments(self, group, self.past.until(group, time))


class _Moments:
    """The past of M (group, time)s; `count` is its number of events, [M]."""

    def __init__(self, sums: _Sums, group: np.ndarray, until: np.ndarray) -> None:
        self._sums, self._group, self._until = sums, group, until
        self.count = sums.past.count(group, until)

    def mean(
        self,
        prior: np.ndarray,
        *,
        weight: np.ndarray | float = PRIOR_WEIGHT,
        last: int | None = None,
    ) -> np.ndarray:
        """Returns the mean of the past, or its `last` events, and of `weight` times `prior`."""
        count = self.count if last is None else np.minimum(self.count, last)
        total = self._total(self._until) - self._total(self._until - count)
        return (self._sums.unit * total + weight * prior) / (count + weight)

    def since_first(self, time: np.ndarray) -> np.ndarray:
        """Returns the seconds since the group's first event, 0 if it had none."""
        return self._since(time, self._until - self.count)

    def since_last(self, time: np.ndarray) -> np.ndarray:
        """Returns the seconds since the group's last event, 0 if it had none."""
        return self._since(time, self._until - 1)

    def _total(self, until: np.ndarray) -> np.ndarray:
        return self._sums.sum.until(self._group, until)

    def _since(self, time: np.ndarray, place: np.ndarray) -> np.ndarray:
        last = len(self._sums.time) - 1
        then = self._sums.time[np.clip(place, 0, last)] if last >= 0 else time
        return np.where(self.count > 0, time - then, 0)


def _number(
    name: str, *, minimum: float, maximum: float | None = None, log1p: bool = False
) -> Feature:
    return Feature(
        name=name, kind="numeric", dtype="float32", log1p=log1p, minimum=minimum, maximum=maximum
    )
