"""The order of the examples, and that a batch is known by its number alone."""

import threading

import numpy as np
import pytest

from ranker.input import Batch, Split, Stream, prefetch


def numbered(num_rows, times=None):
    """Returns a split whose label says which row it is."""
    labels = {"t": np.arange(num_rows, dtype=np.float32)}
    ones = np.ones(num_rows, np.float32)
    times = np.arange(num_rows)[::-1] if times is None else times
    return Split(Batch({}, labels, {"t": ones}), ones, ones > 0, times)


def rows(stack):
    return stack.labels["t"].astype(int)


@pytest.mark.parametrize("order", ["shuffled", "blocks", "time", "window"])
def test_every_pass_has_every_row_once(order):
    stream = Stream(
        numbered(10), batch_size=4, seed=3, order=order, window_examples=3, buffer_examples=10
    )
    seen = rows(stream.stack(0, 10)).reshape(-1)
    for start in range(0, 40, 10):
        assert sorted(seen[start : start + 10]) == list(range(10))


def test_a_batch_is_the_same_whatever_was_read_before():
    stream = Stream(numbered(10), batch_size=4, seed=3)
    whole = rows(stream.stack(0, 9))
    fresh = Stream(numbered(10), batch_size=4, seed=3)
    np.testing.assert_array_equal(rows(fresh.stack(5, 2)), whole[5:7])
    np.testing.assert_array_equal(rows(stream.stack(2, 1))[0], whole[2])


def test_passes_and_seeds_differ():
    first = rows(Stream(numbered(50), batch_size=50, seed=1).stack(0, 2))
    other = rows(Stream(numbered(50), batch_size=50, seed=2).stack(0, 1))
    assert (first[0] != first[1]).any()
    assert (first[0] != other[0]).any()


def test_time_goes_from_old_to_new():
    stream = Stream(
        numbered(6, times=np.array([5, 3, 9, 1, 3, 0])), batch_size=6, seed=0, order="time"
    )
    assert rows(stream.stack(0, 1))[0].tolist() == [5, 3, 1, 4, 0, 2]


def test_windows_keep_time_between_them_and_shuffle_inside():
    stream = Stream(
        numbered(100, times=np.arange(100)),
        batch_size=100,
        seed=0,
        order="window",
        window_examples=10,
    )
    order = rows(stream.stack(0, 1))[0]
    np.testing.assert_array_equal(order // 10, np.arange(100) // 10)
    assert (order != np.arange(100)).any()


def test_prefetch_gives_what_stack_gives_and_raises_what_it_raises():
    stream = Stream(numbered(10), batch_size=4, seed=3)
    calls = [(0, 2), (2, 1), (3, 4)]
    with prefetch(stream, calls) as stacks:
        for (first, num), stack in zip(calls, stacks, strict=True):
            np.testing.assert_array_equal(rows(stack), rows(stream.stack(first, num)))

    class Broken:
        def stack(self, first, num):
            raise ValueError(f"row {first} is bad")

    with (
        prefetch(Broken(), [(7, 1)]) as stacks,
        pytest.raises(ValueError, match="row 7 is bad"),
    ):
        next(stacks)


def test_prefetch_starts_at_once_and_ends_with_its_context():
    asked = threading.Event()

    class Asked:
        def stack(self, first, num):
            asked.set()
            return first

    with prefetch(Asked(), [(n, 1) for n in range(9)]):
        assert asked.wait(timeout=600)  # for ever, if it fails
    assert "prefetch" not in {thread.name for thread in threading.enumerate()}


def test_bad_orders_are_refused():
    with pytest.raises(ValueError, match="order 'random' is none of shuffled, blocks"):
        Stream(numbered(3), batch_size=1, seed=0, order="random")
    with pytest.raises(ValueError, match="window_examples must be >= 1, got 0"):
        Stream(numbered(3), batch_size=1, seed=0, order="window")


@pytest.mark.parametrize("error", [ValueError, KeyError, TypeError])
def test_an_error_in_the_thread_never_hangs_the_one_who_waits(error):
    class Broken:
        def stack(self, first, num):
            if first < 3:
                return first
            raise error(f"row {first}")

    calls = [(n, 1) for n in range(9)]
    with prefetch(Broken(), calls, depth=1) as stacks, pytest.raises(error, match="row 3"):
        list(stacks)
    with prefetch(Broken(), calls, depth=2) as stacks:
        assert next(stacks) == 0  # then it ends with the queue full and an error to come
