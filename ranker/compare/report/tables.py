"""The report's tables as plain text, for HTML and for Markdown."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from ranker.compare.report import text
from ranker.compare.report.survival import survivals
from ranker.compare.summary import Cell, Method, Summary, Test, Workload


class Field(NamedTuple):
    """One cell of a table.

    Attributes:
      text: what is read first.
      note: what is read second, in lines: an interval, a remark.
      kind: "name", "number", "words", or "share0" to "share4" for how bad a ratio is.
    """

    text: str
    note: str = ""
    kind: str = "number"


class Group(NamedTuple):
    """Rows under one heading; "" for none."""

    title: str
    rows: tuple[tuple[Field, ...], ...]


class Table(NamedTuple):
    """Heads and groups of rows, each row as long as the heads."""

    heads: tuple[str, ...]
    groups: tuple[Group, ...]


def survival(summary: Summary) -> Table:
    """Returns each safeguard's survival over everything, best first."""
    rows = tuple(
        (
            _name(each.safeguard),
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
            _name(method.safeguard),
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
        groups.setdefault(title, []).append((_name(text.fault(workload.injector)), *fields))
    return Table(("fault", *names), tuple(Group(t, tuple(rows)) for t, rows in groups.items()))


def methods(summary: Summary) -> Table:
    """Returns what one would pay and get: each safeguard at its best rate."""
    tested = {test.metric for test in summary.tests} | {summary.primary}  # more is too wide to read
    names = dict.fromkeys(name for method in summary.methods for name in method.test)
    metrics = sorted(tested & set(names), key=lambda name: (name != summary.primary, name))
    heads = (
        "safeguard", "best rate", *(f"{name}, test" for name in metrics), "attempts to target",
        "seconds to target", "stable rates", "LR sensitivity", "attempts clipped",
        "ms an attempt", "time ratio", "tuned setting",
    )  # fmt: skip
    clipped = {(c.workload, c.safeguard, c.rate): c.clipped for c in summary.cells}
    seconds = {
        method.workload: method.seconds_per_attempt
        for method in summary.methods
        if method.safeguard == summary.reference
    }

    def row(method: Method) -> tuple[Field, ...]:
        share = clipped.get((method.workload, method.safeguard, method.best_rate), math.nan)
        ratio = method.seconds_per_attempt / (seconds.get(method.workload) or math.nan)
        stable = text.span(method.stable_from, method.stable_to)
        return (
            _name(method.safeguard),
            Field(text.number(method.best_rate)),
            *(_interval(method.test.get(name)) for name in metrics),
            Field(_target(method.attempts_to_target), _reached(method)),
            Field(_target(method.seconds_to_target)),
            Field("none" if math.isnan(method.stable_from) else stable),
            Field(text.number(method.sensitivity)),
            Field(text.percent(share)),
            Field(text.number(1000 * method.seconds_per_attempt)),
            Field("reference" if method.safeguard == summary.reference else text.number(ratio)),
            _tuned(method),
        )

    return Table(heads, _by_workload(summary.methods, row))


def tests(summary: Summary) -> Table:
    """Returns every paired test."""
    heads = ("comparison", "metric, test", "pairs", "difference", "p", "adjusted p", "verdict")

    def row(test: Test) -> tuple[Field, ...]:
        inside = f"{text.signed(test.difference.low)} to {text.signed(test.difference.high)}"
        return (
            _name(f"{test.safeguard} against {test.reference}"),
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
    """Returns the benchmark scores of the profiles."""
    names = dict.fromkeys([*summary.by_attempts.scores, *summary.by_seconds.scores])
    rows = tuple(
        (
            _name(name),
            Field(text.number(summary.by_attempts.scores.get(name, math.nan))),
            Field(text.number(summary.by_seconds.scores.get(name, math.nan))),
        )
        for name in names
    )
    return Table(("safeguard", "score by attempts", "score by seconds"), (Group("", rows),))


def failures(results: pd.DataFrame) -> Table:
    """Returns the runs that ended in an error, and what each said."""
    failed = results[results["status"] == "failed"].to_dict("records")
    rows = tuple(
        (
            _name(str(run["safeguard"])),
            Field(text.label(_workload(run)), kind="words"),
            Field(text.number(float(run["rate"]))),
            Field(str(run["seed"])),
            Field(str(run["stage"]), kind="words"),
            Field(str(run["error"]), kind="words"),
        )
        for run in failed
    )
    heads = ("safeguard", "workload", "rate", "seed", "stage", "error")
    return Table(heads, (Group("", rows),) if rows else ())


def settings(facts: Mapping[str, Any]) -> Table:
    """Returns nested facts as dotted names and values."""
    rows = tuple((_name(name), Field(value, kind="words")) for name, value in _flat(facts))
    return Table(("what", "value"), (Group("", rows),) if rows else ())


def _by_workload(items: Iterable, row: Any) -> tuple[Group, ...]:
    groups: dict[Workload, list[tuple[Field, ...]]] = {}
    for item in items:
        groups.setdefault(item.workload, []).append(row(item))
    return tuple(Group(text.label(workload), tuple(rows)) for workload, rows in groups.items())


def _name(name: str) -> Field:
    return Field(name, kind="name")


def _interval(interval: Any) -> Field:
    if interval is None:
        return Field(text.DASH)
    return Field(text.measure(interval.value), text.bounds(interval))


def _ratio(diverged: int, tried: int, ratio: Any) -> Field:
    if not tried:
        return Field(text.DASH)
    return Field(f"{diverged}/{tried}", text.percents(ratio), f"share{_step(diverged / tried)}")


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
    return Field(text.number(value.value), kind="share0")


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
    if not text.is_apart(test):
        return "cannot be told apart"
    return f"{test.safeguard} is {'higher' if test.difference.value > 0 else 'lower'}"


def _workload(run: Mapping[str, Any]) -> Workload:
    return Workload(*(str(run[name]) for name in Workload._fields))


def _flat(facts: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in facts.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{name}.")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            found.append((f"{prefix}{name}", " ".join(map(str, value))))
        else:
            found.append((f"{prefix}{name}", str(value)))
    return found
