"""The answer of a comparison in three sentences, no surer than its numbers are."""

from collections.abc import Sequence
from typing import NamedTuple

from ranker.compare.report import cost
from ranker.compare.report.survival import Survival, contenders, survivals, tied
from ranker.compare.report.text import listed, number, percent, percents, plural, quoted, span
from ranker.compare.summary import Summary

_NAMED = 3  # more names than this make no sentence


class Answer(NamedTuple):
    """Three sentences of plain text, for someone who reads nothing else.

    Attributes:
      survival: which safeguard diverges least.
      cost: what that does to the primary metric on test, and to the time of an attempt.
      advice: what to switch on, or what the numbers leave undecided.
    """

    survival: str
    cost: str
    advice: str


def answer(summary: Summary) -> Answer:
    """Returns what the comparison says.

    A safeguard is said to survive better only if its interval and the next one's do not
    overlap, and to differ in quality only if the adjusted p-value is below 0.05.
    """
    ranked = survivals(summary)
    tried = sum(each.tried for each in ranked)
    diverged = sum(each.diverged for each in ranked)
    if not tried:
        nothing = "No run was measured, so nothing can be said."
        return Answer(nothing, nothing, "Mend the runs that failed, and compare again.")
    if diverged == tried:
        return _everything_diverged(tried)
    subjects = [each.safeguard for each in tied(ranked)]
    quality = cost.sentence(summary, subjects)
    if not diverged:
        return Answer(_nothing_diverged(ranked, tried), quality, _unneeded(summary))
    return Answer(_who_survives(summary, ranked), quality, _what_to_do(summary, ranked))


def _everything_diverged(tried: int) -> Answer:
    return Answer(
        f"Everything diverged: all {plural(tried, 'run')}, with every safeguard at every rate, "
        "so none survives better than another.",
        "There is no rate at which quality or time could be compared.",
        "Switch on none of these as they are set here; compare again at lower rates or with "
        "stronger settings.",
    )


def _nothing_diverged(ranked: Sequence[Survival], tried: int) -> str:
    fewest = min(ranked, key=lambda each: each.tried)
    return (
        f"Nothing diverged in {plural(tried, 'run')}, so these numbers do not rank the "
        f"safeguards by survival: with 0 of {plural(fewest.tried, 'run')}, a true rate of "
        f"divergence of up to {percent(fewest.ratio.high)} is still possible for each."
    )


def _who_survives(summary: Summary, ranked: Sequence[Survival]) -> str:
    best, same = ranked[0], tied(ranked)
    others = [each for each in ranked[len(same) :] if each.safeguard != summary.reference]
    references = [e for e in ranked[len(same) :] if e.safeguard == summary.reference]
    compared = [*others[:1], *references]
    names = _named([each.safeguard for each in same])
    if len(same) == 1:
        start = f"{names} survives best: {_counts(best, ' diverged')}"
    else:
        start = f"{names} tie: with each, {_counts(best, ' diverged')}"
    start += f", and {best.clean} of {best.cells} combinations of workload and rate stay free of it"
    against = [f"{_counts(each)} with {quoted(each.safeguard)}" for each in compared]
    return f"{start}{'; against ' if against else ''}{listed(against)}{_overlap(ranked)}."


def _overlap(ranked: Sequence[Survival]) -> str:
    ahead = len(tied(ranked))
    close = [each.safeguard for each in contenders(ranked) if each not in ranked[:ahead]]
    if not close:
        return ""
    return f" (but its interval overlaps that of {_named(close)})"


def _counts(survival: Survival, verb: str = "") -> str:
    share = f"{percent(survival.ratio.value)}, 95% interval {percents(survival.ratio)}"
    return f"{survival.diverged} of {plural(survival.tried, 'run')}{verb} ({share})"


def _unneeded(summary: Summary) -> str:
    better = [name for name in cost.others(summary) if cost.quality(summary, name).is_better]
    start = "Nothing here calls for a safeguard"
    if not better:
        return f"{start}: stay with {quoted(summary.reference)}, or compare again at higher rates."
    settings = listed([setting(summary, name) for name in better[:_NAMED]])
    return f"{start}; for {summary.primary} alone, consider {settings}."


def _what_to_do(summary: Summary, ranked: Sequence[Survival]) -> str:
    close = [each.safeguard for each in contenders(ranked)]
    if len(close) > 1:
        return _undecided(summary, close)
    if close == [summary.reference]:
        return f"Stay with {setting(summary, close[0])}: every other one diverges more often."
    found = cost.quality(summary, close[0])
    loss = f", knowing that it costs {summary.primary}, as said above" if found.is_worse else ""
    return f"Switch on {setting(summary, close[0])}{loss}."


def _undecided(summary: Summary, close: Sequence[str]) -> str:
    if len(close) > _NAMED:
        between = f"between {_named(close)}"
    else:
        between = f"between {listed([setting(summary, name) for name in close])}"
    doubt = ""
    if summary.reference in close:
        doubt = f", nor whether anything beyond {quoted(summary.reference)} is needed"
    return (
        f"The numbers do not decide {between}{doubt}; more seeds, or more rates near the edge "
        "of divergence, may."
    )


def setting(summary: Summary, safeguard: str) -> str:
    """Returns a safeguard with its knob's value and its best rate, over all workloads."""
    methods = [each for each in summary.methods if each.safeguard == safeguard]
    knobs = [m.knob_value for m in methods if m.knob and m.knob_value == m.knob_value]
    rates = [m.best_rate for m in methods if m.best_rate == m.best_rate]
    parts = []
    if knobs:
        parts.append(f"{methods[0].knob} = {_by_workload(knobs)}")
    if rates:
        parts.append(f"learning rate {_by_workload(rates)}")
    return f"{quoted(safeguard)} ({', '.join(parts)})" if parts else quoted(safeguard)


def _by_workload(values: Sequence[float]) -> str:
    shown = span(min(values), max(values))
    return shown if shown == number(values[0]) else f"{shown} by workload"


def _named(names: Sequence[str]) -> str:
    if len(names) <= _NAMED + 1:
        return listed(list(map(quoted, names)))
    return f"{', '.join(map(quoted, names[:_NAMED]))} and {len(names) - _NAMED} others"
