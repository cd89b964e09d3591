"""The report's tables as plain text, for HTML and for Markdown."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from ranker.compare.report.survival import survivals
from ranker.compare.report.text import bounds, fault, is_apart, label, percents
from ranker.compare.summary import Cell, Method, Summary, Test, Workload
from ranker.report import text
from ranker.report.table import Field, Group, Table, name

_MOST_METRICS = 3  # beside the other columns; with more the table is wider than a screen


def survival(summary: Summary) -> Table:
    """Returns each safeguard's survival over everything, best first."""
    rows = tuple(
        (
            name(each.safeguard),
            Field(f"{each.clean} of {each.cells}"),
            _ratio(each.diverged, each.tried, each.ratio),
        )
        for each in survivals(summary)
    )
    heads = ("safeguard", "combinations without divergence", "runs diverged")
    return Table(heads, (Group("", rows),))


def divergence(summary: Summary) -> Table:
    """Returns diverged / tried by workload, safeguard and rate."""
    rates = sorted({cell.rate for cell in summary.cells})
    cells = {(cell.workload, cell.safeguard, cell.rate): cell for cell in summary.cells}
    groups = _by_workload(
        summary.methods,
        lambda method: (
            name(method.safeguard),
            *(_cell(cells.get((method.workload, method.safeguard, rate))) for rate in rates),
            _ratio(method.diverged, method.tried, method.ratio),
        ),
    )
    return Table(("safeguard", *map(text.number, rates), "all rates"), groups)


def faults(summary: Summary) -> Table:
    """Returns who survives which fault, a row a fault; no group unless there are several faults.

    A field is the final value of the primary metric on validation or, if a run diverged,
    how many did.
    """
    injectors = dict.fromkeys(cell.workload.injector for cell in summary.cells)
    if len(injectors) < 2:
        return Table((), ())
    names = list(dict.fromkeys(cell.safeguard for cell in summary.cells))
    found = {(c.workload, c.rate, c.safeguard): c for c in summary.cells}
    groups: dict[str, list[tuple[Field, ...]]] = {}
    for workload, rate in dict.fromkeys((cell.workload, cell.rate) for cell in summary.cells):
        title = f"{workload.model} · {workload.optimizer} · learning rate {text.number(rate)}"
        fields = (_outcome(found.get((workload, rate, n)), summary.primary) for n in names)
        groups.setdefault(title, []).append((name(fault(workload.injector)), *fields))
    return Table(("fault", *names), tuple(Group(t, tuple(rows)) for t, rows in groups.items()))


def methods(summary: Summary) -> Table:
    """Returns what each safeguard reaches at its best rate, and what it takes to get there.

    No time is among it: a comparison's runs share their cores, one safeguard after the other.
    """
    tested = {test.metric for test in summary.tests} | {summary.primary}
    names = dict.fromkeys(n for method in summary.methods for n in method.test)
    metrics = sorted(tested & set(names), key=lambda n: (n != summary.primary, n))[:_MOST_METRICS]
    heads = (
        "safeguard", "best rate", *(f"{n}, test" for n in metrics), "stable rates",
        "LR sensitivity", "attempts to target", "attempts clipped", "tuned setting",
    )  # fmt: skip
    clipped = {(c.workload, c.safeguard, c.rate): c.clipped for c in summary.cells}

    def row(method: Method) -> tuple[Field, ...]:
        share = clipped.get((method.workload, method.safeguard, method.best_rate), math.nan)
        stable = text.span(method.stable_from, method.stable_to)
        return (
            name(method.safeguard),
            Field(text.number(method.best_rate)),
            *(_interval(method.test.get(n)) for n in metrics),
            Field("none" if math.isnan(method.stable_from) else stable),
            Field(text.number(method.sensitivity)),
            Field(_target(method.attempts_to_target), _reached(method)),
            Field(text.percent(share)),
            _tuned(method),
        )

    return Table(heads, _by_workload(summary.methods, row))


def tests(summary: Summary) -> Table:
    """Returns every paired test."""
    heads = ("comparison", "metric, test", "pairs", "difference", "p", "adjusted p", "verdict")

    def row(test: Test) -> tuple[Field, ...]:
        inside = f"{text.signed(test.difference.low)} to {text.signed(test.difference.high)}"
        return (
            name(f"{test.safeguard} against {test.reference}"),
            Field(test.metric, kind="words"),
            Field(str(test.pairs)),
            Field(
                text.signed(test.difference.value),
                "" if math.isnan(test.difference.low) else inside,
            ),
            Field(text.number(test.p_value, 2)),
            Field(text.number(test.p_adjusted, 2)),
            Field(_verdict(test), kind="words"),
        )

    return Table(heads, _by_workload(summary.tests, row))


def scores(summary: Summary) -> Table:
    """Returns the benchmark scores of the profile."""
    rows = tuple(
        (name(safeguard), Field(text.number(score)))
        for safeguard, score in summary.by_attempts.scores.items()
    )
    return Table(("safeguard", "score by attempts"), (Group("", rows),))


def failures(results: pd.DataFrame) -> Table:
    """Returns the runs that ended in an error, and what each said."""
    failed = results[results["status"] == "failed"].to_dict("records")
    rows = tuple(
        (
            name(str(run["safeguard"])),
            Field(label(_workload(run)), kind="words"),
            Field(text.number(float(run["rate"]))),
            Field(str(run["seed"])),
            Field(str(run["stage"]), kind="words"),
            Field(str(run["error"]), kind="words"),
        )
        for run in failed
    )
    heads = ("safeguard", "workload", "rate", "seed", "stage", "error")
    return Table(heads, (Group("", rows),) if rows else ())


def _by_workload(items: Iterable, row: Any) -> tuple[Group, ...]:
    groups: dict[Workload, list[tuple[Field, ...]]] = {}
    for item in items:
        groups.setdefault(item.workload, []).append(row(item))
    return tuple(Group(label(workload), tuple(rows)) for workload, rows in groups.items())


def _interval(interval: Any) -> Field:
    if interval is None:
        return Field(text.DASH)
    return Field(text.measure(interval.value), bounds(interval))


def _ratio(diverged: int, tried: int, ratio: Any) -> Field:
    if not tried:
        return Field(text.DASH)
    return Field(f"{diverged}/{tried}", percents(ratio), f"share{_step(diverged / tried)}")


def _cell(cell: Cell | None) -> Field:
    if cell is None:
        return Field(text.DASH)
    field = _ratio(cell.diverged, cell.tried, cell.ratio)
    remarks = [field.note] if field.note else []
    if cell.micro:
        remarks.append(f"{cell.micro} micro")
    if cell.failed:
        remarks.append(f"{cell.failed} failed")
    return field._replace(note="\n".join(remarks))


def _outcome(cell: Cell | None, primary: str) -> Field:
    if cell is None or not cell.tried:
        return Field(text.DASH)
    if cell.diverged:
        share = _step(cell.diverged / cell.tried)
        return Field(f"{cell.diverged}/{cell.tried} diverged", kind=f"share{share}")
    value = cell.loss if primary == "loss" else cell.metrics[primary]
    return Field(text.measure(value.value), kind="share0")


def _step(share: float) -> int:
    """Returns 0 for no divergence, 4 for nothing but, and thirds between."""
    return 4 if share == 1 else math.ceil(share * 3)


def _target(value: float) -> str:
    return "not reached" if math.isinf(value) else text.number(value, 4)


def _reached(method: Method) -> str:
    return f"{text.plural(method.reached, 'seed')} reached it" if method.reached else ""


def _tuned(method: Method) -> Field:
    if not method.tune:
        return Field(text.DASH, kind="words")
    note = f"of {text.plural(method.trials, 'tuning run')}" if method.trials else ""
    return Field(f"{method.tune} = {text.number(method.tuned_value)}", note, "words")


def _verdict(test: Test) -> str:
    if not is_apart(test):
        return "cannot be told apart"
    return f"{test.safeguard} is {'higher' if test.difference.value > 0 else 'lower'}"


def _workload(run: Mapping[str, Any]) -> Workload:
    return Workload(*(str(run[field]) for field in Workload._fields))
