"""What happened beside training: marks for every figure, and tables with the causes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from ranker.report import text
from ranker.report.figures import Mark, Span, bars
from ranker.report.run.series import as_number
from ranker.report.table import Field, Table, name, table, words

_MOST = 40  # rows of a table
_SYMBOLS = {"refused", "halted", "rolled_back", "divergence"}
_SAID = {
    "refused": "batches refused",
    "halted": "halted",
    "rolled_back": "rolled back to a checkpoint",
    "divergence": "divergence found",
    "changed": "clipping, rates, or another change",
}
_WHERE = ("task", "variable", "row", "column")
_PLAIN = ("kind", "attempt", "step", "time", "reason", "clip_factors", "losses")


class Refusals(NamedTuple):
    """The refused batches.

    Attributes:
      bars: by reason.
      table: by cause.
    """

    bars: Markup
    table: Table


def marks(events: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """Returns a mark for each intervention, in the order of attempts."""
    found = [
        Mark(event["attempt"], _symbol(event["kind"]), described(event))
        for event in events
        if event["kind"] not in ("injected", "injection_ended") and event["attempt"] > 0
    ]
    return sorted(found, key=lambda mark: mark.x)


def spans(events: Sequence[Mapping[str, Any]], end: float) -> list[Span]:
    """Returns when faults were injected; of one that does not say until when, to `end`."""
    found = []
    for event in events:
        if event["kind"] == "injected":
            until = as_number(event.get("until", event["attempt"]))
            last = until if event["attempt"] <= until < end else end
            found.append(Span(event["attempt"], last, described(event)))
    return found


def symbols(found: Iterable[Mark]) -> list[tuple[str, str]]:
    """Returns the kinds that are drawn, with what each means."""
    present = {mark.kind for mark in found}
    return [(kind, said) for kind, said in _SAID.items() if kind in present]


def described(event: Mapping[str, Any]) -> str:
    """Returns an event with its cause, in a line."""
    kind = str(event["kind"]).replace("_", " ")
    reason = because(event)
    return f"{kind} at attempt {event['attempt']:,}" + (f": {reason}" if reason else "")


def because(event: Mapping[str, Any]) -> str:
    """Returns why, as far as an event says."""
    said = [str(event["reason"])] if event.get("reason") else []
    said += [f"{n} {event[n]}" for n in _WHERE if event.get(n) is not None]
    if event.get("first_bad"):
        said.append(f"first bad: {event['first_bad']}")
    return ", ".join(said)


def refusals(events: Sequence[Mapping[str, Any]]) -> Refusals:
    """Returns the refused batches by reason and by cause, the most frequent first."""
    found = [event for event in events if event["kind"] == "refused"]
    by_reason: dict[str, int] = {}
    causes: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for event in found:
        reason = str(event.get("reason", ""))
        by_reason[reason] = by_reason.get(reason, 0) + 1
        where = [f"{n} {event[n]}" for n in ("task", "variable", "column") if event.get(n)]
        key = (reason, ", ".join(where), str(event.get("first_bad", "")), str(event.get("try", "")))
        causes.setdefault(key, []).append(event)
    ordered = sorted(by_reason.items(), key=lambda item: -item[1])
    drawn = bars([(reason, count, f"{count:,}") for reason, count in ordered[:_MOST]])
    rows = [
        (
            name(reason),
            Field(f"{len(of):,}"),
            words(attempts([event["attempt"] for event in of]), _incident(of)),
            words(where or text.DASH, f"first bad: {first}" if first else ""),
            words(hint or text.DASH),
        )
        for (reason, where, first, hint), of in sorted(causes.items(), key=lambda c: -len(c[1]))
    ]
    heads = ("reason", "batches", "attempts", "where", "what to try")
    return Refusals(drawn if len(by_reason) > 1 else Markup(""), table(heads, _cut(rows)))


def others(events: Sequence[Mapping[str, Any]]) -> Table:
    """Returns what else happened, in order."""
    rows = [
        (
            name(str(event["kind"]).replace("_", " ")),
            Field(f"{event['attempt']:,}"),
            words(because(event) or text.DASH),
            words(_details(event)),
        )
        for event in events
        if event["kind"] != "refused"
    ]
    return table(("what", "attempt", "cause", "details"), _cut(rows))


def attempts(numbers: Sequence[int]) -> str:
    """Returns attempts as the ranges they fill, the first few of them."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    said = [f"{a:,}" if a == b else f"{a:,} to {b:,}" for a, b in found[:6]]
    return ", ".join(said) + (f" and {len(found) - 6:,} more times" if len(found) > 6 else "")


def _symbol(kind: str) -> str:
    return kind if kind in _SYMBOLS else "changed"


def _incident(events: Sequence[Mapping[str, Any]]) -> str:
    kept = [str(event["incident"]) for event in events if event.get("incident")]
    return (
        f"kept: {kept[0]}" + (f" and {len(kept) - 1:,} more" if len(kept) > 1 else "")
        if kept
        else ""
    )


def _details(event: Mapping[str, Any]) -> str:
    known = {*_PLAIN, *_WHERE, "first_bad"}
    said = []
    for key, value in event.items():
        if key in known or value is None or isinstance(value, dict | list):
            continue
        shown = text.number(as_number(value)) if isinstance(value, float) else str(value)
        said.append(f"{key.replace('_', ' ')} {shown}")
    return ", ".join(said) or text.DASH


def _cut(rows: list[tuple[Field, ...]]) -> list[tuple[Field, ...]]:
    if len(rows) <= _MOST:
        return rows
    left = f"{len(rows) - _MOST + 1:,} more in events.jsonl"
    return [
        *rows[: _MOST - 1],
        (name("…"), Field(""), words(left), *(words(""),) * (len(rows[0]) - 3)),
    ]
