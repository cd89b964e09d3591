"""What only a comparison writes: intervals, shares, faults and workloads."""

import math

from ranker.compare.summary import Interval, Test, Workload
from ranker.report.text import DASH, measure, percent
from ranker.spec.compare import NO_FAULT

SIGNIFICANT = 0.05  # of an adjusted p-value


def bounds(interval: Interval) -> str:
    """Returns "low to high", or "" where there is no interval."""
    if math.isnan(interval.low) or math.isnan(interval.high):
        return ""
    return f"{measure(interval.low)} to {measure(interval.high)}"


def with_bounds(interval: Interval) -> str:
    """Returns a metric and its interval, if it has one."""
    inside = bounds(interval)
    return measure(interval.value) + (f" ({inside})" if inside else "")


def percents(interval: Interval) -> str:
    """Returns "low to high%" (with a dash) of a share's interval, or "" where there is none."""
    if math.isnan(interval.low) or math.isnan(interval.high):
        return ""
    return f"{percent(interval.low).rstrip('%')}{DASH}{percent(interval.high)}"


def fault(injector: str) -> str:
    """Returns an injector's name for headings."""
    return "no fault" if injector == NO_FAULT else injector


def label(workload: Workload) -> str:
    """Returns a workload's name for headings; "base" once where model and optimizer are both."""
    names = dict.fromkeys((workload.model, workload.optimizer))
    return " · ".join((*names, fault(workload.injector)))


def is_apart(test: Test) -> bool:
    """Returns whether a test tells its two safeguards apart; False where it could not be made."""
    return test.p_adjusted < SIGNIFICANT
