"""Sampled items: there at the moment, unrated, distinct, and as many as there are."""

import itertools

import numpy as np
import pytest

from ranker.datasets.past.forward import Events
from ranker.datasets.past.negatives import Sampled, Unrated


def _events(rows) -> Events:
    user, item, time = np.array(sorted(rows, key=lambda row: row[2]), np.int64).T
    return Events(user.astype(np.int32), item.astype(np.int32), time)


def _random_rows(seed: int, *, num_users: int, num_items: int, num_times: int):
    random = np.random.default_rng(seed)
    pairs = random.permutation(num_users * num_items)[: num_users * num_items // 2]
    return [(p // num_items, p % num_items, int(random.integers(num_times))) for p in pairs]


@pytest.mark.parametrize("num_items", [1, 3, 50])
@pytest.mark.parametrize(("catalogue", "num_times"), [(6, 5), (40, 1000), (40, 1)])
def test_samples_are_unrated_and_there(catalogue, num_times, num_items):
    rows = _random_rows(1, num_users=5, num_items=catalogue, num_times=num_times)
    data = _events(rows)
    random = np.random.default_rng(0)
    items, origin = Unrated(data).sample(data.user, data.time, num_items=num_items, random=random)
    for i, (user, time) in enumerate(zip(data.user, data.time, strict=True)):
        there = {item for _, item, t in rows if t <= time}
        rated = {item for u, item, t in rows if u == user and t <= time}
        mine = items[origin == i].tolist()
        assert len(set(mine)) == len(mine) == min(num_items, len(there - rated))
        assert set(mine) <= there - rated
    assert (np.diff(origin) >= 0).all()


def test_every_unrated_item_is_drawn_alike():
    data = _events([(0, item, 0) for item in range(10)] + [(1, 3, 0), (1, 4, 0)])
    user, time = np.ones(8_000, np.int32), np.zeros(8_000, np.int64)
    items, _ = Unrated(data).sample(user, time, num_items=1, random=np.random.default_rng(0))
    counts = np.bincount(items, minlength=10)
    assert counts[[3, 4]].tolist() == [0, 0]
    # 1000 each, standard deviation 30: five of them
    assert np.abs(np.delete(counts, [3, 4]) - 1000).max() < 150


def test_an_item_rated_later_may_be_drawn_and_one_to_come_may_not():
    data = _events([(0, 0, 0), (1, 1, 5), (0, 1, 9), (1, 2, 10)])
    unrated = Unrated(data)
    at = Events(np.zeros(3, np.int32), np.zeros(3, np.int32), np.array([4, 5, 9]))
    items, origin = unrated.sample(at.user, at.time, num_items=3, random=np.random.default_rng(0))
    assert (items.tolist(), origin.tolist()) == ([1], [1])


@pytest.mark.parametrize("cuts", [[], [1, 2, 30], [20]])
def test_samples_follow_their_row_and_are_the_seeds_wherever_windows_are_cut(cuts, monkeypatch):
    monkeypatch.setattr("ranker.datasets.past.negatives._CHUNK_ROWS", 7)
    data = _events(_random_rows(2, num_users=4, num_items=30, num_times=60))
    parts = np.random.default_rng(0).integers(0, 3, len(data.user))

    def joined(seed: int, cuts: list[int]) -> list[np.ndarray]:
        sampled = Sampled(data, parts, num_items=2, seed=seed)
        found = []
        for start, end in itertools.pairwise([0, *cuts, len(data.user)]):
            of_window = (data.user[start:end], data.item[start:end], data.time[start:end])
            events, owner, is_rated = sampled.join(Events(*of_window), start=start)
            found.append((*events, owner + start, is_rated))
        return [np.concatenate(column) for column in zip(*found, strict=True)]

    user, item, time, owner, is_rated = joined(0, cuts)
    assert owner[is_rated].tolist() == list(range(len(data.user)))
    assert (np.bincount(owner) == 3).sum() > 40  # itself and two
    np.testing.assert_array_equal(item[is_rated], data.item)
    np.testing.assert_array_equal(user, data.user[owner])
    np.testing.assert_array_equal(time, data.time[owner])
    assert is_rated[np.flatnonzero(np.diff(owner, prepend=-1))].all()
    np.testing.assert_array_equal(item, joined(0, [])[1])
    assert (item[:20] != joined(1, cuts)[1][:20]).any()
