"""Signals that ask to stop: noted once, and those that are ignored stay so."""

import os
import signal

import pytest

from ranker.train import Stopped, StopSignals

NUMBERS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


@pytest.fixture(autouse=True)
def _as_before():
    before = {number: signal.getsignal(number) for number in NUMBERS}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("again", NUMBERS)
def test_the_first_signal_is_noted_and_others_change_nothing(number, again):
    with StopSignals() as signals:
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), again)
        assert signals.received == number


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_ends_what_can_be_done_again(number):
    with StopSignals() as signals, pytest.raises(Stopped), signals.interruptible():
        os.kill(os.getpid(), number)
    assert signals.received == number


def test_a_hangup_that_nohup_has_ignored_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with StopSignals() as signals:
        os.kill(os.getpid(), signal.SIGHUP)
        assert signals.received is None
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
