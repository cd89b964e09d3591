"""Divergence on curves drawn by hand, on simulated noise with and without breaks, and on faults."""

import numpy as np
import pytest

from ranker.measure.divergence import Divergence, classify

HEALTHY = {"like": [0.51, 0.71, 0.74]}


def flat(num_attempts=200, level=2.0, ripple=0.02):
    """Alternates around `level`: neighbours differ by 2 * ripple, the median is one of the two."""
    return level + ripple * np.where(np.arange(num_attempts) % 2, 1, -1)


def classified(*tasks, accepted=None, halted=False, aucs=HEALTHY, loss_before=3.0):
    """Classifies the losses of one task or more, with one loss before training for each."""
    accepted = np.ones(len(tasks[0]), bool) if accepted is None else accepted
    before = np.broadcast_to(loss_before, len(tasks))
    losses = np.stack(tasks, axis=1)
    return classify(losses, accepted, halted=halted, aucs=aucs, losses_before=before)


def noise(kind, generator, size):
    if kind == "gaussian":
        return generator.normal(size=size)
    return generator.standard_t(3, size)  # no third moment: 8 sigma once in 500 batches


def healthy(generator, kind, num_attempts=500):
    """A decay at some speed, with batches that differ by 2% to 30%."""
    decay = np.exp(-np.arange(num_attempts) / generator.uniform(5, 300))
    mean = 0.5 + generator.uniform(0.2, 2) * decay
    return mean * (1 + generator.uniform(0.02, 0.3) * noise(kind, generator, num_attempts))


@pytest.mark.parametrize("kind", ["gaussian", "heavy-tailed"])
@pytest.mark.parametrize(
    "num_runs", [100, pytest.param(1000, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_healthy_noise_gives_no_jumps(kind, num_runs):
    generator = np.random.default_rng(5)
    found = [classified(healthy(generator, kind)) for _ in range(num_runs)]
    assert sum(len(each.jumps) for each in found) <= num_runs // 500
    assert sum(each.kind == "full" for each in found) == 0


@pytest.mark.parametrize("num_attempts", [150, 500])
def test_a_break_is_found_where_it_is(num_attempts):
    generator = np.random.default_rng(6)
    at = num_attempts - 70
    for _ in range(40):
        losses = healthy(generator, "gaussian", num_attempts)
        losses[at:] *= generator.uniform(5, 30)
        found = classified(losses, loss_before=1e3)
        assert found.kind == "full"
        assert found.full_attempt == found.jumps[0]
        assert 0 <= found.full_attempt - (at + 1) <= 2


@pytest.mark.parametrize("length", [4, 30, 150])
def test_a_break_that_heals_is_micro(length):
    generator = np.random.default_rng(7)
    for _ in range(40):
        losses = healthy(generator, "gaussian")
        losses[180 : 180 + length] *= generator.uniform(8, 30)
        found = classified(losses)
        assert (found.kind, found.num_micro, found.full_attempt) == ("micro", 1, -1)
        assert 181 <= found.jumps[0] <= 183


def test_a_jump_needs_a_tenth_and_three_attempts_of_five():
    losses = flat(ripple=0.001)  # 7 sigma are 7 * 1.4826 / sqrt(2) * 0.002 = 0.015 < 0.2
    losses[[100, 103]] = 9.0  # two of five
    assert classified(losses) == Divergence("none", 0, -1, ())
    losses[101] = 9.0
    assert classified(losses) == Divergence("micro", 1, -1, (101,))
    losses[[100, 101, 103]] = 2.0 * 1.099
    assert classified(losses).jumps == ()
    losses[[100, 101, 103]] = (
        2.0 * 1.102
    )  # the median is 1.999 or 2.001: the limit 2.1989 to 2.2011
    assert classified(losses).jumps == (101,)


def test_a_jump_needs_seven_sigmas():
    # Neighbours differ by 0.4: sigma is 1.4826 / sqrt(2) * 0.4 = 0.419, the median 2.2, the
    # upper of two, or 1.8: the limit is above 1.8 + 2.93 = 4.73 and at most 2.2 + 2.93 = 5.13.
    losses = flat(ripple=0.2)
    losses[100:104] = 4.7
    assert classified(losses).jumps == ()
    losses[100:104] = 5.2
    assert classified(losses).jumps == (101,)


def test_it_returns_within_a_twentieth_or_not_at_all():
    losses = flat(ripple=0.001)
    losses[60:] = 2.0 * 1.06
    losses[60:64] = 4.0
    assert classified(losses) == Divergence("full", 0, 61, (61,))
    losses[64:] = 2.0 * 1.04
    assert classified(losses) == Divergence("micro", 1, -1, (61,))


@pytest.mark.parametrize(("length", "kind"), [(195, "micro"), (210, "full")])
def test_it_returns_within_201_attempts_or_too_late(length, kind):
    losses = flat(600)
    losses[100 : 100 + length] = 5.0
    found = classified(losses)
    assert found.kind == kind
    assert found.full_attempt == (101 if kind == "full" else -1)


@pytest.mark.parametrize(("stayed", "kind"), [(19, "none"), (20, "full")])
def test_a_jump_near_the_end_is_judged_only_if_it_stayed(stayed, kind):
    losses = flat(200)
    losses[-stayed:] = 2.9
    found = classified(losses)
    assert found.kind == kind
    assert found.jumps == (200 - stayed + 1,)


def test_what_is_above_feeds_no_statistic_so_that_a_second_jump_is_seen():
    losses = flat(500)
    losses[100:280] = 5.0  # of the next 201 normal attempts, none of these
    losses[330:340] = 4.0
    assert classified(losses) == Divergence("micro", 2, -1, (101, 331))


def test_refused_attempts_are_passed_over():
    losses, accepted = flat(300), np.ones(300, bool)
    accepted[80:150] = False
    losses[80:150] = np.where(np.arange(70) % 2, np.nan, 1e30)
    assert classified(losses, accepted=accepted) == Divergence("none", 0, -1, ())
    losses[200:260] = 5.0  # attempts keep their numbers
    assert classified(losses, accepted=accepted) == Divergence("micro", 1, -1, (201,))
    assert classified(losses).kind == "full"


def test_a_halt_is_full_divergence_since_the_last_acceptance():
    losses, accepted = flat(90), np.ones(90, bool)
    losses[80:], accepted[80:] = np.nan, False
    assert classified(losses, accepted=accepted) == Divergence("none", 0, -1, ())
    assert classified(losses, accepted=accepted, halted=True) == Divergence("full", 0, 81, ())
    losses[70:80] = 6.0  # it broke before it was refused
    assert classified(losses, accepted=accepted, halted=True) == Divergence("full", 0, 71, (71,))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_not_finite(value):
    losses, accepted = flat(120), np.ones(120, bool)
    losses[77] = value
    assert classified(losses) == Divergence("full", 0, 78, ())
    accepted[77] = False
    assert classified(losses, accepted=accepted).kind == "none"
    losses[101:], accepted[101:] = value, False  # 19 to the end
    assert classified(losses, accepted=accepted).kind == "none"
    losses[100], accepted[100] = value, False
    assert classified(losses, accepted=accepted) == Divergence("full", 0, 101, ())


def test_a_loss_that_stays_above_the_one_before_training():
    losses = flat(100, level=3.4)  # limit 3 * 1.1 = 3.3
    assert classified(losses) == Divergence("full", 0, 1, ())
    losses[:8] = 2.5  # fives of attempts 4 to 8, 5 to 9 and 6 to 10 have their median below
    assert classified(losses) == Divergence("full", 0, 10, ())
    losses[-6:] = 2.5  # six of the last twenty below: more than a quarter
    assert classified(losses).kind == "none"
    assert classified(flat(100, level=3.25)).kind == "none"
    assert classified(flat(100, level=3.4), loss_before=np.nan).kind == "none"
    assert classified(flat(19, level=9.0)).kind == "none"


@pytest.mark.parametrize(
    ("aucs", "kind"),
    [
        ({"like": [0.5, 0.7, 0.51]}, "full"),
        ({"like": [0.5, 0.7, 0.53]}, "none"),
        ({"like": [0.5, 0.7, 0.47], "share": [0.5, 0.6, 0.7]}, "none"),  # not all tasks
        ({"like": [0.5, 0.7, 0.47], "share": [0.5, 0.6, 0.52]}, "full"),
        ({"like": [0.5, 0.7, 0.47], "share": [np.nan] * 3}, "full"),  # never defined
        ({"like": [0.5, 0.7, np.nan]}, "full"),  # no longer: the scores are not finite
        ({"like": [0.56, 0.53, 0.515]}, "none"),  # has learned nothing yet
        ({"like": [0.53, 0.52, 0.5]}, "full"),  # all scores are equal
        ({"like": [np.nan] * 3}, "none"),
        ({"like": []}, "none"),
        ({}, "none"),
    ],
)
def test_all_binary_tasks_at_chance(aucs, kind):
    assert classified(flat(), aucs=aucs).kind == kind
    assert classified(flat(), aucs=aucs).full_attempt == (200 if kind == "full" else -1)


def test_chance_with_nothing_learned_is_divergence_only_if_the_loss_says_so():
    aucs = {"like": [0.53, 0.51]}
    losses = flat()
    losses[90:100] = 5.0
    assert classified(losses, aucs=aucs) == Divergence("full", 1, 91, (91,))
    losses = flat()
    losses[3:9] = 4.6  # too early for a jump, but above 1.5 * 3
    assert classified(losses, aucs=aucs) == Divergence("full", 0, 200, ())
    losses[3:9] = 4.4
    assert classified(losses, aucs=aucs) == Divergence("none", 0, -1, ())


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e30])
def test_the_loss_s_unit_does_not_matter(scale):
    generator = np.random.default_rng(8)
    for length in (0, 9, 300):
        losses = healthy(generator, "gaussian")
        losses[200 : 200 + length] *= 20
        expected = classified(losses, loss_before=3.0)
        assert classified(losses * scale, loss_before=3.0 * scale) == expected


@pytest.mark.parametrize("num_attempts", [0, 1, 4, 5, 29, 34, 35, 250])
@pytest.mark.parametrize("level", [0.0, -2.0, 1e-30, 1e30, 1.7e308])
def test_constant_losses_of_any_size_and_number_are_healthy(num_attempts, level):
    losses = np.full(num_attempts, level)
    assert classified(losses, loss_before=level) == Divergence("none", 0, -1, ())


def test_losses_at_both_ends_of_the_numbers_raise_no_warning():
    losses = np.where(np.arange(100) % 2, 1.7e308, -1.7e308)
    assert classified(losses, loss_before=0.0).jumps == ()


def test_a_task_that_appears_or_vanishes_is_no_divergence():
    like, rating = flat(level=0.6, ripple=0.01), flat(level=2.0)
    for gone in (slice(0, 60), slice(60, 120), slice(60, 200), slice(0, 200)):
        losses = rating.copy()
        losses[gone] = 0.0
        assert classified(like, losses, loss_before=[0.7, 3.0]) == Divergence("none", 0, -1, ())
        # The sum steps by 2 from 0.6: where a level is known, that is a jump which stays.
        is_full = classified(like + losses).kind == "full"
        assert is_full == (gone == slice(0, 60))


def test_a_task_without_labels_for_a_while_is_known_by_what_it_was_before():
    losses = flat(300)
    losses[100:180] = 0.0
    losses[180:190] = 2.9
    assert classified(losses) == Divergence("micro", 1, -1, (181,))
    losses[180:] = 2.9
    assert classified(losses) == Divergence("full", 0, 181, (181,))
    losses[200:] = 0.0  # 20 attempts with labels since, and 19
    assert classified(losses) == Divergence("full", 0, 181, (181,))
    losses[199] = 0.0
    assert classified(losses) == Divergence("none", 0, -1, (181,))


def test_a_task_that_breaks_is_found_below_the_noise_of_another():
    like = flat(level=0.6, ripple=0.01)
    loud = flat(level=20.0, ripple=1.0)  # 7 sigma are 14.7
    like[150:] = 1.2
    assert classified(like + loud, loss_before=30.0).kind == "none"
    assert classified(like, loud, loss_before=[0.7, 30.0]) == Divergence("full", 0, 151, (151,))


def test_tasks_that_jump_together_are_one_jump_and_apart_two():
    first, second = flat(400), flat(400, level=0.6, ripple=0.01)
    first[100:120], second[110:130] = 5.0, 3.0
    assert classified(first, second) == Divergence("micro", 1, -1, (101,))
    second[200:210] = 3.0
    assert classified(first, second) == Divergence("micro", 2, -1, (101, 201))
    second[205:] = 3.0  # together with a jump of the other that returns, and dated by its own
    first[195:206] = 5.0
    assert classified(first, second) == Divergence("full", 1, 201, (101, 196))


def test_the_level_before_training_is_that_of_the_tasks_in_the_batch():
    # Before: 1 and 10. Without the second task the sum must stay below 1.1, with it below 12.1.
    first, second = flat(100, level=1.05, ripple=0.0), flat(100, level=10.9, ripple=0.0)
    assert classified(first, second, loss_before=[1.0, 10.0]).kind == "none"
    second[:80] = 0.0
    assert classified(first, second, loss_before=[1.0, 10.0]).kind == "none"
    second[80:] = 11.2  # 12.25; attempts 78 to 82 are the last five whose median is below
    assert classified(first, second, loss_before=[1.0, 10.0]) == Divergence("full", 0, 82, ())
    second[:] = 0.0
    assert classified(first + 0.1, second, loss_before=[1.0, 10.0]).full_attempt == 1


@pytest.mark.parametrize(("accepted", "before"), [(2, 1), (3, 2)])
def test_shapes_that_do_not_fit_are_refused(accepted, before):
    with pytest.raises(ValueError, match=rf"\(3, 1\), accepted \({accepted},\) .* \({before},\)"):
        classify(
            np.ones((3, 1)), np.ones(accepted), halted=False, aucs={}, losses_before=[1.0] * before
        )
