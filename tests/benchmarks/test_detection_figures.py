"""What the detection benchmark says of runs that are made up by hand."""

import json

import numpy as np
import pytest
from without_flags import load

detection = load("detection")


def row(*, events=(), **columns):
    """Returns a finished run of 600 attempts, with divergence events (attempt, symptom)."""
    said = [{"kind": "divergence", "attempt": a, "symptom": symptom} for a, symptom in events]
    said.append({"kind": "refused", "attempt": 3})
    return {
        "model": "base",
        "injector": "rate 3.2",
        "status": "completed",
        "attempts": 600,
        "divergence": "full",
        "full_attempt": 200,
        "micro_divergences": 0,
        "events": json.dumps(said),
    } | columns


def run(name="rate 3.2", *, truth="full", fulls=(), **more):
    full_attempt = 200 if truth == "full" else -1
    counts = {"attempts": 600, "num_micro": 0, "true_micro": 0} | more
    return detection.Run(name=name, truth=truth, full_attempt=full_attempt, fulls=fulls, **counts)


def test_a_row_is_read_as_what_hindsight_and_the_detector_saw():
    events = [(205, "jump"), (220, "micro"), (240, "full"), (300, "micro"), (410, "full")]
    found = detection.read(row(events=events, micro_divergences=1))
    assert found == run(fulls=(240, 410), num_micro=2, true_micro=1)
    assert found.delay == 40
    assert detection.read(row(model="DCN")).name == "DCN, rate 3.2"


def test_the_guards_halt_is_a_word_of_full_divergence():
    halted = detection.read(row(status="diverged", attempts=212))
    assert (halted.fulls, halted.delay) == ((212,), 12)
    both = detection.read(row(status="diverged", attempts=212, events=[(205, "full")]))
    assert (both.fulls, both.delay) == ((205, 212), 5)


@pytest.mark.parametrize(
    ("fulls", "found"),
    [((), False), ((250,), True), ((251,), False), ((190,), True), ((250, 260), True)],
)
def test_found_is_said_within_fifty_attempts(fulls, found):
    assert detection.is_found(run(fulls=fulls)) == found


def test_the_interval_is_that_of_a_poisson_mean():
    # None seen: 1 - 0.975 = exp(-high). Five seen: 1.623 to 11.668, as tables have it.
    assert detection.poisson_interval(0) == (0.0, pytest.approx(-np.log(0.025)))
    assert detection.poisson_interval(5) == pytest.approx((1.6235, 11.6683), abs=1e-4)


def test_a_report_of_broken_runs_counts_and_judges(capsys):
    found = [run(fulls=(200 + delay,)) for delay in range(1, 20)]
    healed = [run("NaN label", truth="none"), run("NaN label", truth="micro", fulls=(230,))]
    assert detection._report_broken([*found, run(), *healed])  # 19 of 20 are 95%
    said = capsys.readouterr().out
    assert "| rate 3.2 | 20 | 20 | 19 | 10 | 19 | 0 | 0 |" in said
    assert "| NaN label | 2 | 0 | 0 | - | - | 2 | 1 |" in said
    assert "| all | 22 | 20 | 19 | 10 | 19 | 2 | 1 |" in said
    assert "found within 50 attempts: 0.950, goal 0.95" in said
    assert not detection._report_broken([*found[1:], run()])  # 18 of 19 are not
    assert "found within 50 attempts: 0.947" in capsys.readouterr().out


def test_a_report_of_healthy_runs_leaves_out_those_that_were_not(capsys):
    calm = [run("MMoE, none", truth="none", attempts=50_000) for _ in range(2)]
    micro = run("DCN, none", truth="micro", attempts=50_000, num_micro=3, true_micro=1)
    broken = run("DCN, none", fulls=(210,), attempts=50_000)
    assert detection._report_healthy([*calm, micro, broken])
    said = capsys.readouterr().out
    assert "| MMoE, none | 2 | 100,000 | 0 | 0 | 0 |" in said
    assert "| all | 3 | 150,000 | 0 | 3 | 1 |" in said
    assert "1 of 4 runs were not healthy" in said
    # exp(-high) = 0.025: 3.689 in 150,000 attempts
    assert "full said in 100,000 healthy attempts: 0.00, 95% [0.00, 2.46]" in said
    alarm = run("MMoE, none", truth="none", fulls=(77,), attempts=50_000)
    assert detection._report_healthy([*calm, alarm])  # one in 150,000
    assert not detection._report_healthy([calm[0], alarm])  # one in 100,000 is not fewer


def test_without_a_run_of_the_kind_no_goal_is_met(capsys):
    assert not detection._report_broken([run(truth="none")])
    assert "no run diverged fully" in capsys.readouterr().out
    assert not detection._report_healthy([run(fulls=(210,))])
    assert "none of 1 runs was healthy" in capsys.readouterr().out
