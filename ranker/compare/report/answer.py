"""The answer of a comparison in three sentences, no surer than its numbers are."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ranker.compare.report import cost
from ranker.compare.report.survival import (
    FEWEST,
    Survival,
    contenders,
    is_apart,
    safeguards,
    survivals,
)
from ranker.compare.report.text import percents
from ranker.compare.summary import Summary
from ranker.report.text import listed, number, percent, plural, quoted, span

_NAMED = 3  # more names than this make no sentence


class Answer(NamedTuple):
    """Three sentences of plain text, for someone who reads nothing else.

    Attributes:
      survival: which safeguard diverges least.
      cost: what that does to the primary metric on test.
      advice: what to switch on, or what the numbers leave undecided.
    """

    survival: str
    cost: str
    advice: str


def answer(summary: Summary) -> Answer:
    """Returns what the comparison says.

    What is named is what other seeds would name again: a safeguard is said to survive better
    only where `survival.is_apart`, and to differ in quality only if the adjusted p-value is
    below 0.05. Those between which nothing is decided are named together, in the order of the
    comparison.
    """
    ranked = [each for each in survivals(summary) if each.tried]
    tried = sum(each.tried for each in ranked)
    diverged = sum(each.diverged for each in ranked)
    if not tried:
        nothing = "No run was measured, so nothing can be said."
        return Answer(nothing, nothing, "Fix the runs that failed, and compare again.")
    if diverged == tried:
        return _everything_diverged(tried)
    close = {each.safeguard: each for each in contenders(summary)}
    close = {name: close[name] for name in safeguards(summary) if name in close}
    quality = cost.sentence(summary, list(close))
    if not diverged:
        return Answer(_nothing_diverged(ranked, tried), quality, _unneeded(summary))
    return Answer(_who_survives(summary, ranked, close), quality, _what_to_do(summary, list(close)))


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


def _who_survives(
    summary: Summary, ranked: Sequence[Survival], close: Mapping[str, Survival]
) -> str:
    """Says what is decided first, then what is not.

    Args:
      close: the best, and those that are not told apart from it.
    """
    behind = [each for each in ranked if each.safeguard not in close]
    ahead = {n: e for n, e in close.items() if all(is_apart(summary, e, b) for b in behind)}
    between = [name for name in close if name not in ahead]
    worst = max(ahead.values(), key=lambda each: each.ratio.value)
    names = _named(list(ahead))
    if not behind:
        bound = f"at most {_counts(worst, ' diverged')} with each"
        return f"These runs do not decide which of {names} survives best: {bound}."
    against = [f"{_counts(each)} with {quoted(each.safeguard)}" for each in behind[:_NAMED]]
    against += [f"more with {len(behind) - _NAMED} others"] if behind[_NAMED:] else []
    if len(close) == 1:
        said = f"{names} survives best: {_counts(worst, ' diverged')}; against {listed(against)}."
    else:
        are_several = len(ahead) > 1
        least = "at most " if are_several and worst.diverged else ""
        said = (
            f"{names} {'survive' if are_several else 'survives'} better than "
            f"{_named([each.safeguard for each in behind])}: {least}{_counts(worst, ' diverged')}"
            f"{' with each' if are_several else ''}, against {listed(against)}."
        )
        if are_several:
            said += f" Which of the {len(ahead)} survives best these runs do not decide."
    if between:
        said += f" Of {_named(between)} they do not decide to which side it belongs."
    return said + _unmeasured(summary) + _tuning(summary)


def _unmeasured(summary: Summary) -> str:
    names = [each.safeguard for each in survivals(summary) if not each.tried]
    return f" Of {_named(names)} no run was measured." if names else ""


def _tuning(summary: Summary) -> str:
    """Returns what must be said of counts that one seed's quality may have chosen."""
    tuned = dict.fromkeys(m.safeguard for m in summary.methods if m.trials)
    if not tuned:
        return ""
    return (
        f" With {_named(list(tuned))} this is so of the setting that tuning chose by its quality; "
        "chosen anew it may be another, with another survival."
    )


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


def _what_to_do(summary: Summary, close: Sequence[str]) -> str:
    if len(close) > 1:
        return _undecided(summary, close)
    if list(close) == [summary.reference]:
        return f"Stay with {setting(summary, close[0])}: every other one diverges more often."
    found = cost.quality(summary, close[0])
    loss = f", knowing that it costs {summary.primary}, as said above" if found.is_worse else ""
    return f"Switch on {setting(summary, close[0])}{loss}."


def _undecided(summary: Summary, close: Sequence[str]) -> str:
    may = "more seeds, or more rates near the edge of divergence, may"
    if len({(cell.workload, seed) for cell in summary.cells for seed in cell.seeds}) < FEWEST:
        may = f"with fewer than {FEWEST} seeds nothing can be told apart"
    if len(close) > _NAMED + 1:
        names = _named(close)
    else:
        names = listed([setting(summary, name) for name in close])
    if summary.reference not in close:
        return f"Switch on one of {names}; between these the numbers do not decide: {may}."
    doubt = f"nor whether anything beyond {quoted(summary.reference)} is needed"
    return f"The numbers do not decide between {names}, {doubt}; {may}."


def setting(summary: Summary, safeguard: str) -> str:
    """Returns a safeguard with the value it is tuned to and the rates as good as its best."""
    methods = [each for each in summary.methods if each.safeguard == safeguard]
    tuned = [m.tuned_value for m in methods if m.tune and m.tuned_value == m.tuned_value]
    rates = [rate for m in methods for rate in (m.good_from, m.good_to) if rate == rate]
    parts = []
    if tuned:
        parts.append(f"{methods[0].tune} = {_by_workload(tuned)}")
    if rates:
        good = {(m.good_from, m.good_to) for m in methods if m.good_from == m.good_from}
        by_workload = " by workload" if len(good) > 1 else ""
        parts.append(f"learning rate {span(min(rates), max(rates))}{by_workload}")
    return f"{quoted(safeguard)} ({', '.join(parts)})" if parts else quoted(safeguard)


def _by_workload(values: Sequence[float]) -> str:
    shown = span(min(values), max(values))
    return shown if shown == number(values[0]) else f"{shown} by workload"


def _named(names: Sequence[str]) -> str:
    if len(names) <= _NAMED + 1:
        return listed(list(map(quoted, names)))
    return f"{', '.join(map(quoted, names[:_NAMED]))} and {len(names) - _NAMED} others"
