"""The recovery's policy: by hand, from a call's reports to what is done."""

import dataclasses
import json

import numpy as np
import pytest

from ranker.guard import FULL, HEALTHY, JUMP, MICRO
from ranker.train.recovery import (
    CLIP,
    HALT,
    RATE,
    REFUSE,
    ROLLBACK,
    Recovery,
    RecoveryState,
    Reports,
    decide,
    mark_candidate,
)

LADDER = Recovery(
    max_refusals=3,
    within_attempts=10,
    settle_attempts=10,
    clip_attempts=20,
    rate_factor=0.25,
    recovery_attempts=40,
    healthy_attempts=30,
    max_rollbacks=2,
)


def call(start, num, *, refused=(), symptoms=()):
    """Returns the reports of attempts `start` + 1 to `start` + `num`; symptoms {attempt: kind}."""
    attempt = np.arange(start, start + num)
    found = np.array([[dict(symptoms).get(a + 1, HEALTHY), HEALTHY] for a in attempt])
    return Reports(attempt, ~np.isin(attempt + 1, refused), found)


def kinds(actions):
    return [action.kind for action in actions]


def recovery(**changes):
    return dataclasses.replace(LADDER, **changes)


def test_nothing_wrong_changes_nothing():
    assert decide(LADDER, RecoveryState(), call(0, 10)) == (RecoveryState(refusals=[]), [])


@pytest.mark.parametrize(
    ("refused", "escalates"),
    [
        ((1, 5, 10), True),
        ((1, 5, 11), False),  # 1 and 11 are ten apart: not within ten attempts
        ((9, 10), False),
        ((2, 12, 13, 21), True),
    ],
)
def test_so_many_refusals_within_so_many_attempts_climb(refused, escalates):
    state, actions = decide(LADDER, RecoveryState(), call(0, 25, refused=refused))
    assert (state.stage == CLIP) == escalates
    assert kinds(actions) == (["clipping"] if escalates else [])


def test_refusals_count_from_call_to_call_until_they_are_too_old():
    first, _ = decide(LADDER, RecoveryState(), call(0, 10, refused=(2, 9)))
    assert first.refusals == [2, 9]
    second, actions = decide(LADDER, first, call(10, 1, refused=(11,)))
    assert (second.stage, second.escalated, second.refusals) == (CLIP, 11, ())
    assert actions[0].details == {"until": 31, "reason": "3 refusals within 10 attempts"}
    late, actions = decide(LADDER, first, call(10, 9, refused=(19,)))
    assert (late.refusals, actions) == ([19], [])


def test_each_climb_is_one_rung_and_the_last_is_the_end():
    state, told = RecoveryState(good=5), []
    for start in range(100, 700, 100):
        state, actions = decide(
            LADDER, state, call(start, 10, refused=range(1, 999)), refused_in_a_row=10
        )
        told.append((state.stage, *kinds(actions)))
    assert told == [
        (CLIP, "clipping"),
        (RATE, "rate_lowered"),
        (ROLLBACK, "rolled_back"),
        (ROLLBACK, "rolled_back"),
        (HALT, "halted"),
        (HALT, "halted"),
    ]
    assert state.rate_factor == 0.25
    assert actions[0].details["reason"] == (
        "10 refusals in a row after 2 rollbacks, after the last stage of recovery"
    )


def test_a_rollback_goes_to_the_good_one_and_says_what_is_left():
    state = RecoveryState(stage=RATE, rate_factor=0.25, good=60, candidate=90, clip_until=300)
    after, actions = decide(LADDER, state, call(100, 5), refused_in_a_row=7)
    assert actions[0].details == {
        "to_attempt": 60, "rollbacks_left": 1, "reason": "7 refusals in a row",
    }  # fmt: skip
    assert (after.rate_factor, after.good, after.candidate, after.clip_until) == (
        0.25,
        60,
        None,
        300,
    )


@pytest.mark.parametrize(
    ("changes", "stages"),
    [
        ({"clip": None}, [RATE, ROLLBACK, ROLLBACK, HALT]),
        ({"rate_factor": 1.0}, [CLIP, ROLLBACK, ROLLBACK, HALT]),
        ({"max_rollbacks": 0}, [CLIP, RATE, HALT]),
        ({"clip": None, "rate_factor": 1.0, "max_rollbacks": 0}, [HALT]),
    ],
)
def test_a_rung_that_is_left_out_is_passed(changes, stages):
    state, found = RecoveryState(), []
    for start in range(0, 100 * len(stages), 100):
        state, _ = decide(recovery(**changes), state, call(start, 5), refused_in_a_row=5)
        found.append(state.stage)
    assert found == stages


def test_after_a_climb_the_rung_is_left_to_work():
    state = RecoveryState(stage=CLIP, escalated=100, troubled=100, clip_until=900)
    still, actions = decide(
        LADDER, state, call(100, 10, refused=range(101, 111), symptoms={110: FULL})
    )
    assert (still.stage, still.refusals, actions) == (CLIP, [], [])
    after, actions = decide(LADDER, still, call(110, 1, symptoms={111: FULL}))
    assert (after.stage, kinds(actions)) == (RATE, ["rate_lowered"])
    # But what would stop the run cannot wait.
    again, _ = decide(LADDER, state, call(100, 3), refused_in_a_row=3)
    assert again.stage == RATE


@pytest.mark.parametrize("stage", [REFUSE, CLIP, RATE])
def test_a_jump_clips_and_climbs_no_higher(stage):
    state = RecoveryState(stage=stage)
    after, actions = decide(LADDER, state, call(50, 5, symptoms={54: JUMP, 55: JUMP}))
    assert (after.stage, after.clip_until) == (max(stage, CLIP), 75)
    assert kinds(actions) == ["clipping"]
    longer, actions = decide(LADDER, after, call(55, 5, symptoms={60: JUMP}))
    assert (longer.clip_until, actions) == (80, [])


def test_a_jump_that_came_back_within_the_call_is_trouble_but_no_reason():
    state = RecoveryState(candidate=40)
    after, actions = decide(LADDER, state, call(50, 5, symptoms={52: JUMP, 53: MICRO}))
    assert (after.stage, after.troubled, after.candidate, actions) == (REFUSE, 55, None, [])


@pytest.mark.parametrize(
    ("stage", "kind"), [(REFUSE, "rate_lowered"), (CLIP, "rate_lowered"), (RATE, "rolled_back")]
)
def test_full_divergence_lowers_the_rate_then_rolls_back(stage, kind):
    _, actions = decide(LADDER, RecoveryState(stage=stage), call(50, 5, symptoms={55: FULL}))
    assert kinds(actions) == [kind]
    assert actions[0].details["reason"] == "full divergence"


def test_the_rate_recovers_over_so_many_healthy_attempts_and_no_others():
    state = RecoveryState(stage=RATE, escalated=100, troubled=100, rate_factor=0.25)
    half, _ = decide(LADDER, state, call(100, 20))
    assert half.rate_factor == pytest.approx(0.5)  # 0.25 * 4 ** (20 / 40)
    fewer, _ = decide(LADDER, half, call(120, 20, refused=(121, 131), symptoms={133: MICRO}))
    assert fewer.rate_factor == pytest.approx(0.5 * 4 ** (18 / 40))
    whole, actions = decide(LADDER, half, call(120, 30))
    assert (whole.rate_factor, kinds(actions)) == (1.0, ["rate_recovered", "recovery_ended"])


def test_the_clipper_goes_off_and_the_recovery_is_left_once_nothing_was_wrong_for_long():
    state = RecoveryState(stage=CLIP, escalated=100, troubled=100, clip_until=120)
    on, actions = decide(LADDER, state, call(100, 19))
    assert (on.clip_until, actions) == (120, [])
    off, actions = decide(LADDER, on, call(119, 1))
    assert (off.stage, off.clip_until, kinds(actions)) == (CLIP, 0, ["clipping_ended"])
    left, actions = decide(LADDER, off, call(120, 10))
    assert (left.stage, kinds(actions)) == (REFUSE, ["recovery_ended"])


def test_a_checkpoint_is_good_once_it_was_healthy_for_long_enough():
    state = mark_candidate(LADDER, RecoveryState(), 20)
    assert state.candidate == 20
    assert mark_candidate(LADDER, state, 30) == state  # one at a time
    early, _ = decide(LADDER, state, call(20, 29))
    assert (early.good, early.candidate) == (0, 20)
    good, _ = decide(LADDER, early, call(49, 1, refused=(50,)))
    assert (good.good, good.previous_good, good.candidate) == (20, 0, None)
    assert mark_candidate(LADDER, good, 20) == good
    assert mark_candidate(LADDER, good, 50).candidate == 50
    later, _ = decide(LADDER, mark_candidate(LADDER, good, 60), call(80, 10))
    assert later.known_good == (60, 20)


@pytest.mark.parametrize("what", ["jump", "full", "refusals", "halt"])
def test_trouble_before_that_keeps_it_from_being_good(what):
    state = RecoveryState(good=5, candidate=20)
    trouble = {
        "jump": {"symptoms": {50: JUMP}},
        "full": {"symptoms": {50: FULL}},
        "refusals": {"refused": (48, 49, 50)},
        "halt": {},
    }[what]
    halts = {"refused_in_a_row": 9} if what == "halt" else {}
    after, _ = decide(LADDER, state, call(20, 30, **trouble), **halts)
    assert (after.known_good, after.candidate) == ((5,), None)


def test_without_rollbacks_no_checkpoint_waits():
    assert mark_candidate(recovery(max_rollbacks=0), RecoveryState(), 20).candidate is None


def test_the_standing_survives_json():
    state = RecoveryState(refusals=[3, 4], rate_factor=0.1 + 0.2, candidate=7, stage=RATE)
    assert RecoveryState(**json.loads(json.dumps(dataclasses.asdict(state)))) == state
