"""Splits: by hand, and that each row is in one part and no user's test precedes their training."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker.datasets.errors import DatasetError
from ranker.datasets.options import Options
from ranker.datasets.splits import TEST, TRAIN, VALIDATION, Split, describe

DAY = 86_400


def _split(user, time, **options) -> list[int]:
    options = Options(**{"split": "user-temporal", **options})
    return Split(np.array(user), np.array(time), options).parts.tolist()


def test_the_last_of_each_user_are_test():
    user = [0] * 3 + [1] * 20 + [2] * 29
    time = sorted(range(52))
    parts = np.array(_split(user, time))
    assert parts[:3].tolist() == [TRAIN, VALIDATION, TEST]  # k = max(1, 0)
    assert parts[3:23].tolist() == [TRAIN] * 16 + [VALIDATION] * 2 + [TEST] * 2
    assert parts[23:].tolist() == [TRAIN] * 25 + [VALIDATION] * 2 + [TEST] * 2  # 29 // 10 = 2


def test_ties_are_in_file_order():
    assert _split([0, 1, 0, 1, 0, 1], [7] * 6) == [0, 0, 1, 1, 2, 2]


def test_a_user_of_two_only_trains():
    assert _split([0, 1, 0, 2, 2, 2], range(6)) == [TRAIN] * 3 + [TRAIN, VALIDATION, TEST]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), min_size=3))
def test_a_users_parts_follow_each_other_and_have_their_sizes(rows):
    rows = [(9, 0)] * 3 + rows  # one user, at least, who has all three parts
    user, time = np.array(sorted(rows, key=lambda row: row[1])).T
    parts = Split(user, time, Options(split="user-temporal")).parts
    for one in np.unique(user):
        mine = parts[user == one]
        assert (np.diff(mine) >= 0).all()
        k = max(1, len(mine) // 10) if len(mine) >= 3 else 0
        assert np.bincount(mine, minlength=3).tolist() == [len(mine) - 2 * k, k, k]


def test_shares_of_the_rows_part_the_time_and_keep_seconds_whole():
    time = [0, 1, 2, 3, 4, 5, 5, 5, 5, 9]
    parts = _split([0] * 10, time, split="global-temporal", boundaries=("0.3", "0.7"))
    assert parts == [TRAIN] * 3 + [VALIDATION] * 2 + [TEST] * 5


def test_dates_part_the_time_at_midnight_utc():
    time = [10 * DAY - 1, 10 * DAY, 20 * DAY - 1, 20 * DAY]
    dates = ("1970-01-11", "1970-01-21")
    parts = _split([0] * 4, time, split="global-temporal", boundaries=dates)
    assert parts == [TRAIN, VALIDATION, VALIDATION, TEST]
    assert "1970-01-11" in describe(Options(split="global-temporal", boundaries=dates))


def test_the_last_windows_are_test_and_validation():
    last = 100 * DAY
    time = [0, last - 4 * DAY, last - 4 * DAY + 1, last - 2 * DAY, last - 2 * DAY + 1, last]
    parts = _split([0] * 6, time, split="window", window_days=2.0)
    assert parts == [TRAIN, TRAIN, VALIDATION, VALIDATION, TEST, TEST]


def test_random_is_by_tenths_and_by_seed():
    user, time = np.zeros(1000, int), np.arange(1000)
    first = _split(user, time, split="random", seed=3)
    assert np.bincount(first).tolist() == [800, 100, 100]
    assert first == _split(user, time, split="random", seed=3)
    assert first != _split(user, time, split="random", seed=4)
    assert first != sorted(first)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "window", "window_days": 90.0}, "train 0"),
        ({"split": "random"}, "validation 0"),
        (
            {"split": "global-temporal", "boundaries": ("1990-01-01", "1991-01-01")},
            "validation 0, test 0",
        ),
        ({"split": "global-temporal", "boundaries": ("0.9", "0.8")}, "before test"),
        ({"split": "global-temporal", "boundaries": ("0.8", "1.5")}, "boundary '1.5'"),
        ({"split": "global-temporal", "boundaries": ("nan", "0.5")}, "boundary 'nan'"),
        ({"split": "global-temporal", "boundaries": ("soon", "0.5")}, "boundary 'soon'"),
    ],
)
def test_a_part_without_rows_and_a_senseless_boundary_are_errors(options, message):
    with pytest.raises(DatasetError) as caught:
        _split([0] * 5, [DAY * i for i in range(5)], **options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("split", "latest", "split 'latest' is none of user-temporal"),
        ("boundaries", ("0.5",), "boundaries must be two"),
        ("window_days", 0.0, "window_days must be > 0, got 0.0"),
        ("window_days", float("nan"), "window_days must be > 0, got nan"),
        ("window_days", float("inf"), "window_days must be > 0, got inf"),
        ("seed", -1, "seed must be >= 0, got -1"),
        ("history", 0, "history must be >= 1, got 0"),
        ("negatives", -2, "negatives must be >= 0, got -2"),
        ("max_rejected_rows", 1.0, "max_rejected_rows must be in [0, 1), got 1.0"),
    ],
)
def test_options_are_checked(name, value, message):
    with pytest.raises(DatasetError) as caught:
        Options(**{name: value})
    assert message in str(caught.value)
