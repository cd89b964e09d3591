"""The guard's verdict: exact, in a stated order, with the place of the first bad value."""

from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from ranker.guard import ACCEPTED, BAD_CHANGE, BAD_GRADIENT, BAD_LOSS, BAD_STATISTIC, Guard


class Gradient(NamedTuple):
    rows: tf.Tensor | None
    values: tf.Tensor
    index: int


class Change(NamedTuple):
    rows: tf.Tensor | None
    after: tf.Tensor
    unclipped: tf.Tensor
    slots: tuple
    factor: tf.Tensor
    index: int


class Proposed(NamedTuple):
    gradients: tuple
    changes: tuple
    writes: tuple = ()

    def scalar(self, name, value):
        """Takes what the guard tells; see test_transaction for what becomes of it."""


IDS = [70, 30, 9_000_000_000]
NAN, INF = np.nan, np.inf


def proposal(bad=None, place=None, value=NAN):
    """Returns a proposal of a dense [3, 2] and of rows [3, 2], with `value` at `place`.

    Args:
      bad: "gradient", "unclipped", "after" or "slot", after the variable's number: "1 slot".
      place: the element that gets `value`, and, if it is an update, factor 0 as a clipper
        would leave.
    """
    gradients, changes = [], []
    for number, rows in enumerate((None, tf.constant(IDS, tf.int64))):
        arrays = {}
        for name in ("gradient", "unclipped", "after", "slot"):
            arrays[name] = np.ones((3, 2), np.float32)
            if bad == f"{number} {name}":
                arrays[name][place] = value
        erased = bad in (f"{number} gradient", f"{number} unclipped") and not np.isfinite(value)
        index = 5 * number + 2  # places in the optimizer need not be consecutive
        gradients.append(Gradient(rows, tf.constant(arrays["gradient"]), index))
        changes.append(
            Change(
                rows,
                tf.constant(arrays["after"]),
                tf.constant(arrays["unclipped"]),
                ((None, tf.constant(arrays["slot"])),),
                tf.constant(0.0 if erased else 0.5),
                index,
            )
        )
    return Proposed(tuple(gradients), tuple(changes))


def judge(losses, proposed, *, is_compiled=False):
    guard = Guard(max_refusals=3)
    if not is_compiled:
        verdict = guard.judge(tf.constant(losses), proposed)
    else:
        verdict = tf.function(lambda: guard.judge(tf.constant(losses), proposed))()
    return tuple(part.numpy() for part in verdict[:5])


GOOD = [0.3, 1.2]


@pytest.mark.parametrize("is_compiled", [False, True])
def test_accepts_what_is_finite(is_compiled):
    assert judge(GOOD, proposal(), is_compiled=is_compiled) == (True, ACCEPTED, -1, -1, -1)


@pytest.mark.parametrize("name", ["gradient", "unclipped", "after", "slot"])
def test_accepts_any_finite_number_even_if_sums_overflow(name):
    for value in (1e30, -3e38):
        proposed = proposal(f"1 {name}", (slice(None), 1), value)
        assert judge([3e38, 3e38], proposed) == (True, ACCEPTED, -1, -1, -1)


@pytest.mark.parametrize(
    ("value", "is_compiled"), [(NAN, False), (INF, False), (-INF, False), (NAN, True)]
)
@pytest.mark.parametrize(
    ("bad", "reason", "variable", "row"),
    [
        ("0 gradient", BAD_GRADIENT, 2, 2),
        ("1 gradient", BAD_GRADIENT, 7, 9_000_000_000),
        ("0 unclipped", BAD_CHANGE, 2, 2),
        ("1 unclipped", BAD_CHANGE, 7, 9_000_000_000),
        ("0 after", BAD_CHANGE, 2, 2),
        ("1 slot", BAD_CHANGE, 7, 9_000_000_000),
    ],
)
def test_names_the_first_bad_place(bad, reason, variable, row, value, is_compiled):
    got = judge(GOOD, proposal(bad, (2, 1), value), is_compiled=is_compiled)
    assert got == (False, reason, -1, variable, row)


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_names_the_first_bad_task(value):
    assert judge([0.3, value, value], proposal()) == (False, BAD_LOSS, 1, -1, -1)


def test_a_loss_comes_first_and_the_variable_is_still_named():
    got = judge([NAN, 0.1], proposal("1 gradient", (0, 0)))
    assert got == (False, BAD_LOSS, 0, 7, 70)


def test_a_factor_that_is_nan_is_looked_into():
    proposed = proposal()
    broken = proposed.changes[1]._replace(
        factor=tf.constant(NAN), unclipped=tf.constant([[1.0, 1.0], [INF, 1.0], [1.0, 1.0]])
    )
    got = judge(GOOD, proposed._replace(changes=(proposed.changes[0], broken)))
    assert got == (False, BAD_CHANGE, -1, 7, 30)


def test_a_factor_of_0_on_finite_updates_is_accepted():
    proposed = proposal()
    kept = proposed.changes[1]._replace(factor=tf.constant(0.0))
    assert judge(GOOD, proposed._replace(changes=(proposed.changes[0], kept)))[0]


def test_scalars_and_empty_rows_have_places_too():
    scalar = Gradient(None, tf.constant(INF), 0)
    empty = Gradient(tf.zeros([0], tf.int64), tf.zeros([0, 2]), 1)
    change = Change(None, tf.constant(INF), tf.constant(INF), (), tf.constant(1.0), 0)
    none = Change(empty.rows, empty.values, empty.values, (), tf.constant(1.0), 1)
    assert judge(GOOD, Proposed((empty,), (none,)))[0]
    got = judge(GOOD, Proposed((empty, scalar), (none, change)))
    assert got == (False, BAD_GRADIENT, -1, 0, 0)


@pytest.mark.parametrize("is_compiled", [False, True])
def test_halts_after_so_many_refusals_in_a_row(is_compiled):
    guard = Guard(max_refusals=2)
    halted = []

    def attempt(loss):
        guard.record(guard.judge(tf.stack([0.5, loss]), proposal()))
        return guard.halted()

    attempt = tf.function(attempt) if is_compiled else attempt
    for loss in (NAN, 0.1, NAN, INF, 0.2):
        halted.append(bool(attempt(tf.constant(loss))))
    # One, none, one, two in a row, none again.
    assert halted == [False, False, False, True, False]
    assert {name: int(v) for name, v in guard.variables.items()} == {
        "refused": 3,
        "refused_in_a_row": 0,
    }


@pytest.mark.parametrize("bad", [0, -1])
def test_must_allow_at_least_one_refusal(bad):
    with pytest.raises(ValueError, match=f"max_refusals must be >= 1, got {bad}"):
        Guard(max_refusals=bad)


@pytest.mark.parametrize("is_compiled", [False, True])
def test_refuses_a_statistic_that_is_not_finite_and_counts_no_step(is_compiled):
    counted = (None, tf.constant(7, tf.int64))
    for value, expected in ((INF, BAD_STATISTIC), (1e38, ACCEPTED)):
        proposed = proposal()._replace(writes=(counted, (None, tf.constant([1.0, value]))))
        accept, reason, *_ = judge([0.5], proposed, is_compiled=is_compiled)
        assert (accept, reason) == (expected == ACCEPTED, expected)
