"""Going forward in time window by window: the same as a look at everything before an event."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from movielens_columns import WithHistories

from ranker.datasets.past.forward import Ages, Events, Tails, Totals, Window
from ranker.datasets.public.movielens.interactions import Entities, Interactions

# (group, seconds since the event before it, value, known)
EVENTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 9), st.booleans()), min_size=1
)


def _pieces(time: np.ndarray, cuts: list[int]) -> list[slice]:
    """Returns windows that begin at those of the cuts at which a second does."""
    ends = [i for i in sorted({c % len(time) for c in cuts}) if i and time[i] != time[i - 1]]
    return [slice(a, b) for a, b in zip([0, *ends], [*ends, len(time)], strict=True)]


@settings(max_examples=100, deadline=None)
@given(events=EVENTS, cuts=st.lists(st.integers(0, 99)), length=st.integers(1, 4))
def test_answers_are_those_of_a_search_wherever_windows_are_cut(events, cuts, length):
    group, gap, value, is_known = (np.array(column) for column in zip(*events, strict=True))
    time = np.cumsum(gap)
    totals, ages, tails = Totals(4), Ages(4), Tails(4, max_length=length)
    found: list[tuple] = []
    for at in _pieces(time, cuts):
        window = Window(group[at], time[at], is_known=is_known[at])
        counts, sums = totals.advance(window, value[at])
        since_first, since_last = ages.advance(window, time[at])
        values, until, lengths = tails.advance(window, value[at])
        lists = [values[u - n : u].tolist() for u, n in zip(until, lengths, strict=True)]
        found += zip(counts, sums, since_first, since_last, lists, strict=True)
    for i in range(len(events)):
        before = [j for j in range(i) if group[j] == group[i] and time[j] < time[i] and is_known[j]]
        values = [int(value[j]) for j in before]
        first, last = (time[i] - time[before[j]] if before else 0 for j in (0, -1))
        assert found[i] == (len(before), sum(values), first, last, values[-length:])


@settings(max_examples=50, deadline=None)
@given(events=EVENTS, cuts=st.lists(st.integers(0, 99)))
def test_a_window_of_some_is_that_of_events_of_which_only_they_are_known(events, cuts):
    group, gap, value, is_known = (np.array(column) for column in zip(*events, strict=True))
    time, is_meant = np.cumsum(gap), value > 4
    several, once = Totals(4), Totals(4)
    for at in _pieces(time, cuts):
        window = Window(group[at], time[at], is_known=is_known[at]).only(is_meant[at])
        direct = Window(group[at], time[at], is_known=(is_known & is_meant)[at])
        for mine, theirs in zip(
            several.advance(window, value[at]), once.advance(direct, value[at]), strict=True
        ):
            np.testing.assert_array_equal(mine, theirs)


def _naive(rows: list[tuple], event: tuple, genres: list[list[str]]) -> dict[str, object]:
    """Returns the columns of (user, item, _, time) from known rows (user, item, stars, time)."""

    def mean(values, prior, weight=5.0):
        return (sum(values) + weight * prior) / (len(values) + weight)

    def item_mean(item, time):
        everything = [r[2] for r in rows if r[3] < time]
        prior = sum(everything) / len(everything) if everything else 2.75
        return mean([r[2] for r in rows if r[1] == item and r[3] < time], prior), prior

    user, item, _, time = event
    mine = [r for r in rows if r[0] == user and r[3] < time]
    of_item = [r for r in rows if r[1] == item and r[3] < time]
    above = [round((r[2] - item_mean(r[1], r[3])[0]) / 1e-3) * 1e-3 for r in mine]
    residual = mean(above, 0.0)
    of_genres = [
        mean([a for a, r in zip(above, mine, strict=True) if genre in genres[r[1]]], residual)
        for genre in genres[item]
    ]
    return {
        "user_count": len(mine),
        "item_count": len(of_item),
        "user_age_seconds": time - mine[0][3] if mine else 0,
        "user_idle_seconds": time - mine[-1][3] if mine else 0,
        "item_age_seconds": time - of_item[0][3] if of_item else 0,
        "user_mean": mean([r[2] for r in mine], item_mean(item, time)[1]),
        "item_mean": item_mean(item, time)[0],
        "user_residual": residual,
        "user_recent_residual": mean(above[-10:], residual),
        "user_genre_residual": np.mean(of_genres) if of_genres else residual,
        "liked_items": [100 + r[1] for r in mine if r[2] >= 4][::-1][:3],
        "disliked_items": [100 + r[1] for r in mine if r[2] < 4][::-1][:3],
    }


@pytest.mark.parametrize("knows_all", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_columns_are_those_of_a_naive_look_back(seed, knows_all):
    random = np.random.default_rng(seed)
    num_rows, genres = 50, [["Drama"], [], ["War", "Drama"], ["War"]]
    user, item = random.integers(0, 3, num_rows), random.integers(0, 4, num_rows)
    rating = random.integers(1, 11, num_rows) / np.float32(2)
    time = np.cumsum(random.integers(0, 3, num_rows))
    is_known = (random.random(num_rows) < 0.7) | knows_all
    data = Interactions(
        user=user.astype(np.int32),
        item=item.astype(np.int32),
        rating=rating,
        time=time,
        users=Entities(ids=np.arange(3), columns={}),
        items=Entities(ids=np.arange(100, 104), columns={"genres": pa.array(genres)}),
        tags=None,
        lowest=0.5,
        highest=5.0,
        step=0.5,
    )
    columns, found = WithHistories(data, history=3), []
    for at in _pieces(time, random.integers(0, num_rows, 6).tolist()):
        events = Events(data.user[at], data.item[at], time[at])
        made = columns.advance(events, rating[at], is_known=is_known[at])
        found += [dict(zip(made, row, strict=True)) for row in zip(*made.values(), strict=True)]
    rows = list(zip(user.tolist(), item.tolist(), rating.tolist(), time.tolist(), strict=True))
    for i, row in enumerate(rows):
        known = [r for j, r in enumerate(rows) if is_known[j]]
        for name, expected in _naive(known, row, genres).items():
            is_list = isinstance(expected, list)
            expected = expected if is_list else pytest.approx(expected, rel=2e-6, abs=1e-6)
            assert found[i][name] == expected, name
