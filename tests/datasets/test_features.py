"""The feature columns: by hand, and that nothing at or after an event reaches it."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from movielens_columns import WithHistories

from ranker.datasets.past.forward import Events
from ranker.datasets.public.movielens.columns import MAX_TAGS, features_of
from ranker.datasets.public.movielens.examples import HISTORIES, _began, windows
from ranker.datasets.public.movielens.interactions import Entities, Interactions, Tags
from ranker.datasets.public.movielens.past_numbers import FROZEN

NUM_USERS, NUM_ITEMS = 4, 6


def _interactions(rows, tags=(), *, step: float = 0.5) -> Interactions:
    """Returns interactions of rows (user, item, stars, time) in order of time."""
    user, item, rating, time = np.array(sorted(rows, key=lambda row: row[3])).T
    tagged = np.array(tags, np.int64).reshape(-1, 3)
    genres = pa.array([["Drama"], [], ["War", "Drama"], [], [], ["War"]])
    return Interactions(
        user=user.astype(np.int32),
        item=item.astype(np.int32),
        rating=rating.astype(np.float32),
        time=time.astype(np.int64),
        users=Entities(ids=np.arange(NUM_USERS) + 100, columns={}),
        items=Entities(ids=np.arange(NUM_ITEMS) + 200, columns={"genres": genres}),
        tags=Tags(
            item=tagged[:, 0].astype(np.int32),
            word=tagged[:, 1].astype(np.int32),
            time=tagged[:, 2],
            names=pa.array([f"word {i}" for i in range(20)]),
        ),
        lowest=step,
        highest=5.0,
        step=step,
    )


def _made(data: Interactions, events: list[tuple[int, int, int]], **options) -> dict[str, list]:
    """Returns the columns of events that only ask, among the data that is known."""
    history = options.get("history", 50)
    columns = WithHistories(data, history=history)
    asked = Events(*np.array(events).T)
    known = Events(data.user, data.item, data.time)
    user, item, time = (np.concatenate(pair) for pair in zip(known, asked, strict=True))
    order = np.argsort(time, kind="stable")
    rating = np.concatenate([data.rating, np.ones(len(events), np.float32)])[order]
    is_known = order < len(data.time)
    together = Events(user[order], item[order], time[order])
    made = columns.advance(together, rating, is_known=is_known)
    features = features_of(data, histories=HISTORIES, history_length=history)
    assert sorted(made) == sorted(feature.name for feature in features)
    places = np.argsort(order)[len(data.time) :]
    return {name: [column[place] for place in places] for name, column in made.items()}


def test_by_hand():
    day = 86_400
    data = _interactions(
        [
            (0, 0, 5.0, 100),
            (0, 1, 4.0, 200),
            (0, 2, 3.5, 200),  # in the same second: neither knows of the other
            (1, 0, 1.0, 300),
            (0, 3, 4.5, 5 * day + 7 * 3600),
        ],
        tags=[(0, 3, 250), (0, 4, 299), (0, 3, 260), (0, 5, 300)],
    )
    late = 5 * day + 7 * 3600
    made = _made(data, [(0, 0, 100), (0, 2, 200), (1, 0, 300), (0, 3, late)])
    assert made["user_id"] == [100, 100, 101, 100]
    assert made["item_id"] == [200, 202, 200, 203]
    assert made["genres"] == [["Drama"], ["War", "Drama"], ["Drama"], []]
    assert made["hour"] == [0, 0, 0, 7]
    assert made["weekday"] == [3, 3, 3, 1]  # 1970-01-01 was a Thursday, the 6th a Tuesday
    assert made["user_count"] == [0, 1, 0, 3]
    assert made["item_count"] == [0, 0, 1, 0]
    assert made["liked_items"] == [[], [200], [], [201, 200]]  # 3.5 stars are no like
    assert made["tags"] == [[], [], ["word 4", "word 3"], []]  # once each, latest first
    # Prior: the middle 2.75; then 5; then (5 + 4 + 3.5) / 3 = 4.1667; then 13.5 / 4 = 3.375.
    expected = [2.75, 5.0, 12.5 / 3, (12.5 + 5 * 3.375) / 8]
    np.testing.assert_allclose(made["user_mean"], expected, rtol=1e-6)
    expected = [2.75, 5.0, (5 + 5 * 12.5 / 3) / 6, 3.375]
    np.testing.assert_allclose(made["item_mean"], expected, rtol=1e-6)
    assert made["disliked_items"] == [[], [], [], [202]]
    assert made["user_age_seconds"] == [0, 100, 0, late - 100]
    assert made["user_idle_seconds"] == [0, 100, 0, late - 200]
    assert made["item_age_seconds"] == [0, 0, 200, 0]


def test_residuals_by_hand():
    rows = [(0, 0, 5.0, 100), (0, 1, 4.0, 200), (0, 2, 3.0, 200), (1, 5, 1.0, 300)]
    made = _made(_interactions(rows), [(0, 2, 400), (0, 5, 400), (0, 3, 400), (1, 0, 300)])
    # Above the items' means of their moments: 5 - 2.75, 4 - 5, 3 - 5; user 1: none before.
    user = (2.25 - 1.0 - 2.0) / 8
    np.testing.assert_allclose(made["user_residual"], [user, user, user, 0.0], rtol=1e-6)
    recent = (2.25 - 1.0 - 2.0 + 5 * user) / 8
    expected = [recent, recent, recent, 0.0]
    np.testing.assert_allclose(made["user_recent_residual"], expected, rtol=1e-6)
    # Item 2 is War, seen once (-2), and Drama, seen twice (2.25 and -2); item 3 nothing.
    war, drama = (-2.0 + 5 * user) / 6, (0.25 + 5 * user) / 7
    expected = [(war + drama) / 2, war, user, 0.0]
    np.testing.assert_allclose(made["user_genre_residual"], expected, rtol=1e-6)


def test_the_recent_residual_forgets():
    # Twelve items seen once each: the first two far above the mean of the day, 10 below.
    rows = [(0, 0, 5.0, 1), (0, 1, 1.0, 2), *((0, 2, 1.0, 10 + i) for i in range(10))]
    made = _made(_interactions(rows), [(0, 3, 1000)])
    prior = [2.75] + [5.0] + [(6.0 + i) / (2 + i) for i in range(10)]
    means = prior[:2] + [(i + 5 * prior[2 + i]) / (i + 5) for i in range(10)]
    above = np.round([row[2] - mean for row, mean in zip(rows, means, strict=True)], 3)
    user = above.sum() / 17
    expected = (above[2:].sum() + 5 * user) / 15
    np.testing.assert_allclose(made["user_recent_residual"], [expected], atol=2e-4)


def test_only_the_last_of_a_long_past_are_kept():
    likes = [(0, i % NUM_ITEMS, 4.0, 10 * i) for i in range(9)]
    tags = [(1, i, 10 * i) for i in range(MAX_TAGS + 3)]
    made = _made(_interactions(likes, tags), [(0, 1, 1000)], history=4)
    assert made["liked_items"] == [[202, 201, 200, 205]]
    assert made["tags"] == [[f"word {i}" for i in range(MAX_TAGS + 2, 2, -1)]]


def test_features_say_what_the_columns_are():
    data = _interactions([(0, 0, 5.0, 100)], tags=[(0, 3, 1)], step=1.0)
    features = {f.name: f for f in features_of(data, histories=HISTORIES, history_length=7)}
    assert features["genres"].is_multivalued
    assert features["genres"].max_length == 2
    assert features["liked_items"].vocabulary == "item_id"
    assert features["liked_items"].max_length == 7
    assert features["liked_items"].dtype == "int64"
    assert features["tags"].dtype == "string"
    assert (features["user_mean"].minimum, features["user_mean"].maximum) == (1.0, 5.0)
    assert features["item_count"].log1p
    assert not features["item_mean"].log1p
    without = dataclasses.replace(data, tags=None)
    without = features_of(without, histories=HISTORIES, history_length=7)
    assert "tags" not in {f.name for f in without}


@pytest.mark.parametrize("seed", range(4))
def test_no_event_at_or_after_a_moment_changes_a_feature_of_that_moment(seed):
    """Whatever is removed, added or changed from t on, rows at t stay bit for bit as they were.

    Times are few, so that most moments have several events of the same user and item.
    """
    random = np.random.default_rng(seed)

    def draw(num_rows: int, first: int) -> list[tuple[int, int, float, int]]:
        return [
            (
                int(random.integers(NUM_USERS)),
                int(random.integers(NUM_ITEMS)),
                float(random.integers(1, 11) / 2),
                int(random.integers(first, 8)),
            )
            for _ in range(num_rows)
        ]

    rows = draw(60, 0)
    tags = [(i, w, t) for _, i, w, t in ((u, i, int(r * 2), t) for u, i, r, t in draw(20, 0))]
    for moment in range(8):
        asked = [(u, i, moment) for u in range(NUM_USERS) for i in range(NUM_ITEMS)]
        expected = _made(_interactions(rows, tags), asked, history=5)
        past = [row for row in rows if row[3] < moment]
        for other in (draw(1, moment), draw(30, moment)):
            other_tags = [tag for tag in tags if tag[2] < moment] + [(1, 2, moment), (2, 3, 7)]
            found = _made(_interactions(past + other, other_tags), asked, history=5)
            assert found == expected


def test_what_happened_before_does_reach_it():
    """The twin of the test above: or that one would pass with no past at all."""
    rows = [(0, 0, 4.0, 1), (0, 1, 2.0, 1), (1, 0, 3.0, 3)]
    asked = [(0, 0, 4)]
    changed = [(0, 0, 2.0, 1), *rows[1:]]
    found, other = _made(_interactions(rows), asked), _made(_interactions(changed), asked)
    different = {name for name in found if found[name] != other[name]}
    residuals = {"user_residual", "user_recent_residual", "user_genre_residual"}
    means = {"user_mean", "item_mean", *residuals}
    assert different == {"liked_items", "disliked_items", *means}
    other = _made(_interactions(rows[1:]), asked)
    different = {name for name in found if found[name] != other[name]}
    counts = {"user_count", "item_count"}  # the user's other rating is as old
    assert different == {"liked_items", *means, "item_age_seconds", *counts}


def _random(seed: int, num_rows: int = 60) -> Interactions:
    """Returns interactions in which several are often of one second."""
    generator = np.random.default_rng(seed)
    pairs = generator.permutation(NUM_USERS * NUM_ITEMS * 8)[:num_rows]
    rows = [
        (p % NUM_USERS, p // NUM_USERS % NUM_ITEMS, generator.integers(1, 11) / 2, t)
        for p, t in zip(pairs, np.sort(generator.integers(0, 40, num_rows)), strict=True)
    ]
    return _interactions(rows, tags=[(0, i, 10 * i) for i in range(4)])


@pytest.mark.parametrize("seed", range(4))
def test_a_feature_says_whose_past_it_is_of(seed):
    """What one user did before becomes another's: what changes is of the user's past."""
    data = _random(seed)
    is_moved = (data.user == 0) & (data.time < 30)
    moved = dataclasses.replace(data, user=np.where(is_moved, 3, data.user).astype(np.int32))
    asked = [(0, item, 30) for item in range(NUM_ITEMS)]
    one, other = _made(data, asked), _made(moved, asked)
    changed = {name for name in one if one[name] != other[name]}
    features = features_of(data, histories=HISTORIES, history_length=9)
    of_user = {f.name for f in features if f.past_of == "user_id"}
    assert changed == of_user


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("knows_all", [True, False])
@pytest.mark.parametrize("is_in_order", [True, False])
def test_frozen_values_are_those_of_a_request_when_the_split_began(is_in_order, knows_all, size):
    data = _random(5)
    generator = np.random.default_rng(0)
    part = generator.integers(0, 3, len(data.time)).astype(np.int8)
    part = np.sort(part) if is_in_order else part
    is_known = (part == 0) | knows_all
    columns = WithHistories(data, history=9, began=_began(data, part))
    frozen = np.zeros(len(part))
    for window in windows(data.time, size):
        events = Events(data.user[window], data.item[window], data.time[window])
        made = columns.advance(
            events, data.rating[window], is_known=is_known[window], part=part[window]
        )
        frozen[window] = made[FROZEN]
    # Known is what is known; asked is at the moment of the user's first row of the part.
    known = dataclasses.replace(
        data, **{n: getattr(data, n)[is_known] for n in ("user", "item", "rating", "time")}
    )
    for number in (1, 2):
        rows = np.flatnonzero(part == number)
        first = {u: data.time[rows][data.user[rows] == u].min() for u in set(data.user[rows])}
        asked = [(data.user[row], data.item[row], first[data.user[row]]) for row in rows]
        order = np.argsort([time for *_, time in asked], kind="stable")
        made = _made(known, [asked[place] for place in order])
        np.testing.assert_array_equal(
            frozen[rows[order]].astype(np.float32), np.float32(made["user_genre_residual"])
        )
    assert (frozen[part == 0] == 0).all()
