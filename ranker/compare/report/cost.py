"""What a safeguard does to quality, against the reference."""

import dataclasses
import math
from collections.abc import Sequence
from typing import NamedTuple

from ranker.compare.report import survival
from ranker.compare.report.text import is_apart
from ranker.compare.summary import Summary, Test
from ranker.report.text import number, quoted, signed

_NAMED = 3


class Quality(NamedTuple):
    """The paired tests of one safeguard in the primary metric.

    Attributes:
      tests: one a workload; those whose difference is not a number are left out.
      better, worse: how many tell it apart from the reference, and which way.
    """

    tests: Sequence[Test]
    better: int
    worse: int

    @property
    def is_better(self) -> bool:
        """True if it is better somewhere and worse nowhere."""
        return self.better > 0 and self.worse == 0

    @property
    def is_worse(self) -> bool:
        """True if it is worse somewhere."""
        return self.worse > 0


def quality(summary: Summary, safeguard: str) -> Quality:
    """Returns how a safeguard's primary metric on test compares with the reference's."""
    tests = [
        test
        for test in summary.tests
        if (test.safeguard, test.metric) == (safeguard, summary.primary)
        and not math.isnan(test.difference.value)
    ]
    rises = [test.difference.value > 0 for test in tests if is_apart(test)]
    better = sum(rise == summary.higher_is_better for rise in rises)
    return Quality(tests, better, len(rises) - better)


def others(summary: Summary) -> list[str]:
    """Returns the safeguards but the reference."""
    return [name for name in survival.safeguards(summary) if name != summary.reference]


def sentence(summary: Summary, names: Sequence[str]) -> str:
    """Returns what the best survivors cost or gain in quality; in one if nothing tells them apart.

    Nothing is said of time: runs share their cores, one safeguard after the other, and what
    else these did meanwhile is in their seconds too.
    """
    compared = [name for name in names if name != summary.reference]
    if not compared:
        return f"{quoted(summary.reference)} is the reference itself, so there is no cost to weigh."
    found = [quality(summary, name) for name in compared]
    if len(compared) > 1 and all(each.tests and not each.better + each.worse for each in found):
        said = _over_all(summary, found)
    else:
        parts = [f"{quoted(name)} {_quality(summary, name)}" for name in compared[:_NAMED]]
        if len(compared) > _NAMED:
            parts.append(f"the other {len(compared) - _NAMED} are in the table of tests")
        said = "; ".join(parts)
    return f"On test, each at its best rate: {said}."


def _over_all(summary: Summary, found: Sequence[Quality]) -> str:
    tests = [test for each in found for test in each.tests]
    return (
        f"none of the {len(found)} can be told apart from {quoted(summary.reference)} in "
        f"{summary.primary} ({_spread(tests)})"
    )


def _quality(summary: Summary, safeguard: str) -> str:
    found = quality(summary, safeguard)
    if not found.tests:
        return f"has no {summary.primary} to compare with {quoted(summary.reference)}"
    if len(found.tests) > 1:
        return _over_workloads(summary, found)
    test = found.tests[0]
    if not is_apart(test):
        verdict = f"cannot be told apart from {quoted(summary.reference)}"
    else:
        verdict = f"is {'better' if found.better else 'worse'} than {quoted(summary.reference)}"
    return f"{verdict} in {summary.primary} ({_numbers(test)})"


def _numbers(test: Test) -> str:
    value, low, high = map(signed, dataclasses.astuple(test.difference))
    if test.pairs < 2:
        return f"difference {value}, one seed and so no interval"
    if math.isnan(test.p_adjusted):
        return f"difference {value}, {test.pairs} pairs, no test possible"
    p_value = number(test.p_adjusted, 2)
    return f"difference {value}, 95% interval {low} to {high}, adjusted p {p_value}"


def _over_workloads(summary: Summary, found: Quality) -> str:
    reference, num = quoted(summary.reference), len(found.tests)
    if found.better or found.worse:
        rest = num - found.better - found.worse
        verdict = (
            f"is better than {reference} in {summary.primary} on {found.better} of {num} "
            f"workloads, worse on {found.worse} and cannot be told apart on {rest}"
        )
    else:
        verdict = (
            f"cannot be told apart from {reference} in {summary.primary} on any of {num} workloads"
        )
    return f"{verdict} ({_spread(found.tests)})"


def _spread(tests: Sequence[Test]) -> str:
    differences = [test.difference.value for test in tests]
    p_values = [test.p_adjusted for test in tests if not math.isnan(test.p_adjusted)]
    smallest = f"smallest adjusted p {number(min(p_values), 2)}" if p_values else "no test possible"
    low, high = signed(min(differences)), signed(max(differences))
    shown = f"difference {low}" if low == high else f"differences {low} to {high}"
    return f"{shown}, {smallest}"
