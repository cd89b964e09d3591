"""The past of an event, against a search that a child could check."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker.datasets.past import Past, PastValues

EVENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6), st.integers(1, 9)), min_size=1)


def _columns(events):
    return (np.array(column) for column in zip(*events, strict=True))


@settings(max_examples=100, deadline=None)
@given(events=EVENTS, asked=EVENTS, length=st.integers(1, 4))
def test_answers_are_those_of_a_search(events, asked, length):
    group, time, value = _columns(events)
    groups, times, _ = _columns(asked)
    past = Past(group, time, num_groups=5)
    until = past.until(groups, times)
    counts = past.count(groups, until)
    values, offsets = PastValues(past, value, max_length=length).before(groups, times)
    for i, (g, t, _) in enumerate(asked):
        before = [e for e in sorted(events, key=lambda e: e[1]) if e[0] == g and e[1] < t]
        assert counts[i] == len(before)
        latest = [e[2] for e in before][::-1][:length]
        assert values[offsets[i] : offsets[i + 1]].tolist() == latest


@pytest.mark.parametrize("time", [0, 2**32 - 1])
def test_times_keep_to_their_groups_at_the_ends_of_the_range(time):
    past = Past(np.array([0, 1, 2]), np.array([time] * 3), num_groups=3)
    groups = np.array([0, 1, 2])
    assert past.count(groups, past.until(groups, np.array([time] * 3))).tolist() == [0, 0, 0]
    assert past.count(groups, past.until(groups, np.array([2**32] * 3))).tolist() == [1, 1, 1]


def test_a_group_without_events_has_no_past():
    past = Past(np.array([0]), np.array([5]), num_groups=2)
    values, offsets = PastValues(past, np.array([7]), max_length=3).before(
        np.array([1, 0]), np.array([9, 9])
    )
    assert (values.tolist(), offsets.tolist()) == ([7], [0, 0, 1])
