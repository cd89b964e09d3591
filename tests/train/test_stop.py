"""Signals that ask to stop: noted once, and those that are ignored stay so."""

import ctypes
import os
import signal
import threading
import time

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


def test_the_first_signal_is_answered_while_a_call_goes_on_that_is_not_python():
    mutex, libc = ctypes.create_string_buffer(128), ctypes.CDLL(None)
    until = (ctypes.c_long * 2)(int(time.time()) + 600, 0)
    lines = []

    def say(line: str) -> None:
        lines.append(line)
        libc.pthread_mutex_unlock(mutex)

    with StopSignals(say) as signals:
        libc.pthread_mutex_lock(mutex)
        killers = [
            threading.Thread(target=os.kill, args=(os.getpid(), number))
            for number in (signal.SIGTERM, signal.SIGINT)
        ]
        for killer in killers:
            killer.start()
            if killer is killers[0]:  # held until `say` lets go; Python sees no signal meanwhile
                assert libc.pthread_mutex_timedlock(mutex, until) == 0
            killer.join()
        assert signals.received == signal.SIGTERM
    assert lines == ["SIGTERM received: stopping once what is being done is saved"]
    assert signal.set_wakeup_fd(-1) == -1


def test_a_line_that_nobody_reads_changes_nothing():
    def say(line: str) -> None:
        raise BrokenPipeError(line)

    with StopSignals(say) as signals:
        os.kill(os.getpid(), signal.SIGINT)
        assert signals.received == signal.SIGINT


def test_a_hangup_that_nohup_has_ignored_stays_ignored():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with StopSignals() as signals:
        os.kill(os.getpid(), signal.SIGHUP)
        assert signals.received is None
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
