"""Numbers of a user's and an item's past: how many, how liked, how long ago.

A mean is drawn towards a prior as if PRIOR_WEIGHT of its ratings were the prior: a
user's and an item's towards the mean of all ratings before the event (before the very
first, towards the middle of the scale), the others towards the user's own. So a new
user has the mean of the day, not 0.
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
MEANS = ("user_mean", "item_mean", "user_recent_mean", "user_genre_mean")


class PastNumbers:
    """Makes the numeric columns of any (user, item, time).

    `*_count` are the ratings before, `*_mean` their mean, `user_recent_mean` that of the
    user's last RECENT, `user_genre_mean` the mean over the item's genres of the user's
    ratings of each. `*_age_seconds` is the time since the first rating before the event,
    `user_idle_seconds` since the last; 0 if there was none.
    """

    def __init__(self, data: Interactions) -> None:
        """Sorts the past of all users, items, and users by genre."""
        self._data = data
        stars = np.rint(data.rating / data.step).astype(np.int32)
        nobody = np.zeros(len(data.time), np.int32)
        self._by_user = _Ratings(data.user, data.time, stars, num_groups=len(data.users.ids))
        self._by_item = _Ratings(data.item, data.time, stars, num_groups=len(data.items.ids))
        self._by_all = _Ratings(nobody, data.time, stars, num_groups=1)
        genres = data.items.columns["genres"]
        words = genres.values.dictionary_encode()
        self._genre = words.indices.to_numpy()
        self._num_genres = max(len(words.dictionary), 1)
        self._genre_offsets = genres.offsets.to_numpy()
        row, group = self._pairs(data.user, data.item)
        self._by_genre = _Ratings(
            group, data.time[row], stars[row], num_groups=len(data.users.ids) * self._num_genres
        )

    def features(self) -> tuple[Feature, ...]:
        """Returns what the columns are, in their order."""
        low, high = self._data.lowest, self._data.highest
        counts = [_number(name, log1p=True, minimum=0.0) for name in (*COUNTS, *AGES)]
        return (*counts, *(_number(name, minimum=low, maximum=high) for name in MEANS))

    def make(self, events: Events) -> dict[str, pa.Array]:
        """Returns the columns, by name, of M events."""
        user, item, time = events
        prior = self._prior(time)
        of_user, of_item = self._by_user.at(user, time), self._by_item.at(item, time)
        user_mean = self._mean(*of_user.all(), prior)
        columns = {
            "user_count": of_user.all()[0],
            "item_count": of_item.all()[0],
            "user_age_seconds": of_user.since_first(time),
            "user_idle_seconds": of_user.since_last(time),
            "item_age_seconds": of_item.since_first(time),
            "user_mean": user_mean,
            "item_mean": self._mean(*of_item.all(), prior),
            "user_recent_mean": self._mean(*of_user.last(RECENT), user_mean),
            "user_genre_mean": self._genre_mean(events, user_mean),
        }
        return {name: pa.array(column.astype(np.float32)) for name, column in columns.items()}

    def _prior(self, time: np.ndarray) -> np.ndarray:
        middle = (self._data.lowest + self._data.highest) / 2
        count, total = self._by_all.at(np.zeros(len(time), np.int32), time).all()
        return np.where(count > 0, self._data.step * total / np.maximum(count, 1), middle)

    def _mean(self, count: np.ndarray, total: np.ndarray, prior: np.ndarray) -> np.ndarray:
        return (self._data.step * total + PRIOR_WEIGHT * prior) / (count + PRIOR_WEIGHT)

    def _genre_mean(self, events: Events, user_mean: np.ndarray) -> np.ndarray:
        row, group = self._pairs(events.user, events.item)
        past = self._by_genre.at(group, events.time[row]).all()
        num_genres = np.bincount(row, minlength=len(user_mean))
        total = np.bincount(row, self._mean(*past, user_mean[row]), minlength=len(user_mean))
        return np.where(num_genres > 0, total / np.maximum(num_genres, 1), user_mean)

    def _pairs(self, user: np.ndarray, item: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns, for each genre of each event's item, the event's place and (user, genre)."""
        starts, ends = self._genre_offsets[item], self._genre_offsets[item + 1]
        lengths = ends - starts
        row = np.repeat(np.arange(len(item)), lengths)
        within = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        genre = self._genre[starts[row] + within]
        return row, user[row].astype(np.int64) * self._num_genres + genre


class _Ratings:
    """The ratings of groups, in whole steps of the scale."""

    def __init__(
        self, group: np.ndarray, time: np.ndarray, stars: np.ndarray, *, num_groups: int
    ) -> None:
        self.past = Past(group, time, num_groups=num_groups)
        self.time = time[self.past.order]
        self.sum = PastSum(self.past, stars)

    def at(self, group: np.ndarray, time: np.ndarray) -> "_Moments":
        return _Moments(self, group, self.past.until(group, time))


class _Moments:
    """The past of M (group, time)s."""

    def __init__(self, ratings: _Ratings, group: np.ndarray, until: np.ndarray) -> None:
        self._ratings, self._group, self._until = ratings, group, until
        self._count = ratings.past.count(group, until)

    def all(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the number of ratings and their sum, [M]."""
        return self._count, self._ratings.sum.until(self._group, self._until)

    def last(self, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns number and sum of the last `most` ratings."""
        count = np.minimum(self._count, most)
        before = self._ratings.sum.until(self._group, self._until - count)
        return count, self._ratings.sum.until(self._group, self._until) - before

    def since_first(self, time: np.ndarray) -> np.ndarray:
        """Returns the seconds since the group's first rating, 0 if it had none."""
        return self._since(time, self._until - self._count)

    def since_last(self, time: np.ndarray) -> np.ndarray:
        """Returns the seconds since the group's last rating, 0 if it had none."""
        return self._since(time, self._until - 1)

    def _since(self, time: np.ndarray, place: np.ndarray) -> np.ndarray:
        last = len(self._ratings.time) - 1
        then = self._ratings.time[np.clip(place, 0, last)] if last >= 0 else time
        return np.where(self._count > 0, time - then, 0)


def _number(
    name: str, *, minimum: float, maximum: float | None = None, log1p: bool = False
) -> Feature:
    return Feature(
        name=name, kind="numeric", dtype="float32", log1p=log1p, minimum=minimum, maximum=maximum
    )
