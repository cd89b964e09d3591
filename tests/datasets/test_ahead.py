"""Items made ahead by a thread: in order, with their errors, and never left open."""

import threading

import pytest

from ranker.datasets.read.ahead import ahead


def test_items_come_in_order_from_another_thread():
    makers = []

    def items():
        for number in range(50):
            makers.append(threading.current_thread())
            yield number

    assert list(ahead(items())) == list(range(50))
    assert {thread is threading.current_thread() for thread in makers} == {False}


def test_an_error_comes_behind_the_items_before_it():
    def items():
        yield 1
        yield 2
        raise ValueError("the third")

    found = ahead(items())
    assert [next(found), next(found)] == [1, 2]
    with pytest.raises(ValueError, match="the third"):
        next(found)


def test_who_stops_early_closes_the_items_and_few_were_made():
    made, closed = [], []

    def items():
        try:
            for number in range(1000):
                made.append(number)
                yield number
        finally:
            closed.append(threading.active_count())

    found = ahead(items())
    assert next(found) == 0
    found.close()
    assert closed
    assert len(made) <= 4
