"""The answer of a comparison in at most 60 words and 6 numbers: what the intervals decide."""

import re
from collections.abc import Sequence

from ranker.compare.report import cost
from ranker.compare.report.survival import (
    Survival,
    contenders,
    is_apart,
    safeguards,
    survivals,
)
from ranker.compare.summary import Summary
from ranker.report.text import listed, plural, quoted

WORDS, NUMBERS = 60, 6
_NAMED = 3  # more names than this make no sentence
_QUOTED = re.compile("“[^”]*”")


def brief(summary: Summary) -> str:
    """Returns what to switch on and how sure that is; a safeguard's name counts as one word."""
    kept: list[str] = []
    for sentence in _sentences(summary):
        if sentence and is_brief(" ".join([*kept, sentence])):
            kept.append(sentence)
    return " ".join(kept)


def is_decided(summary: Summary) -> bool:
    """Whether these runs tell the best from any other."""
    tried = [each for each in survivals(summary) if each.tried]
    return len(contenders(summary)) < len(tried)


def is_brief(said: str) -> bool:
    """Whether `said` has at most 60 words and 6 numbers, those within names not counted."""
    plain = _QUOTED.sub("name", said)
    return len(plain.split()) <= WORDS and len(re.findall(r"\d[\d.,]*", plain)) <= NUMBERS


def _sentences(summary: Summary) -> list[str]:
    """Returns the answer's sentences, the one that must be there first."""
    ranked = [each for each in survivals(summary) if each.tried]
    tried, diverged = sum(e.tried for e in ranked), sum(e.diverged for e in ranked)
    if not tried:
        return ["No run was measured: fix the runs that failed, and compare again."]
    if not diverged:
        return [
            f"No safeguard is needed here: none of {plural(tried, 'run')} diverged, with "
            f"{quoted(summary.reference)} neither. Compare again at higher rates."
        ]
    if diverged == tried:
        return [
            f"Switch on none of these as they are set: all {plural(tried, 'run')} diverged. "
            "Compare again at lower rates."
        ]
    close = {each.safeguard: each for each in contenders(summary)}
    behind = [each for each in ranked if each.safeguard not in close]
    ahead = [each for each in close.values() if all(is_apart(summary, each, b) for b in behind)]
    order = safeguards(summary)
    ahead.sort(key=lambda each: order.index(each.safeguard))
    if not behind:
        return _undecided(summary, ranked)
    names = [each.safeguard for each in ahead]
    if names == [summary.reference]:
        stay = f"Stay with {quoted(summary.reference)}: {_counts(ahead)}, {_against(behind)}."
        return [stay]
    if summary.reference in names:
        only = [f"“{each.safeguard}”" for each in behind[:_NAMED]]
        return [
            f"Nothing here is shown to survive better than {quoted(summary.reference)}: "
            f"{_counts(ahead)}, {_against(behind)}.",
            f"Leave out {listed(only)}.",
        ]
    return [
        f"Switch on {_choice(names)}: {_counts(ahead)}, {_against(_last(summary, behind))}.",
        _tuning(summary, names),
        _quality(summary, names),
        _which(names),
    ]


def _undecided(summary: Summary, ranked: Sequence[Survival]) -> list[str]:
    best, worst = ranked[0], ranked[-1]
    return [
        f"These runs do not decide: {_counts([best])} with {quoted(best.safeguard)}, "
        f"{worst.diverged} of {worst.tried} with {quoted(worst.safeguard)}.",
        "More seeds, or more rates near the edge of divergence, may.",
    ]


def _last(summary: Summary, behind: Sequence[Survival]) -> list[Survival]:
    """Returns the reference if it is behind, else the best of those that are."""
    return [e for e in behind if e.safeguard == summary.reference] or list(behind[:1])


def _choice(names: Sequence[str]) -> str:
    if len(names) > _NAMED + 1:
        return f"{', '.join(map(quoted, names[:_NAMED]))} or another of {len(names)}"
    shown = list(map(quoted, names))
    return " or ".join(part for part in (", ".join(shown[:-1]), shown[-1]) if part)


def _counts(ahead: Sequence[Survival]) -> str:
    """Returns how many runs diverged: of all of them together if none did."""
    worst = max(ahead, key=lambda each: each.ratio.value)
    each = " with each" if len(ahead) > 1 else ""
    if not worst.diverged:
        fewest = min(ahead, key=lambda e: e.tried)
        return f"none of {plural(fewest.tried, 'run')} diverged{each}"
    most = "at most " if len(ahead) > 1 else ""
    return f"{most}{worst.diverged} of {plural(worst.tried, 'run')} diverged{each}"


def _against(behind: Sequence[Survival]) -> str:
    first = min(behind, key=lambda each: each.ratio.value)
    return f"against {first.diverged} of {first.tried} with {quoted(first.safeguard)}"


def _tuning(summary: Summary, names: Sequence[str]) -> str:
    tuned = {m.safeguard for m in summary.methods if m.trials}
    free = [name for name in names if name not in tuned]
    if not tuned & set(names):
        return ""
    if not free:
        return "It was tuned first." if len(names) == 1 else "All of them were tuned first."
    return f"Only {listed([quoted(n) for n in free[:_NAMED]])} needed no tuning."


def _quality(summary: Summary, names: Sequence[str]) -> str:
    found = {name: cost.quality(summary, name) for name in names}
    better = [quoted(name) for name, each in found.items() if each.is_better]
    worse = [quoted(name) for name, each in found.items() if each.is_worse]
    said = []
    if worse:
        said.append(
            f"{listed(worse[:_NAMED])} cost{'s' if len(worse) == 1 else ''} {summary.primary}"
        )
    if better:
        said.append(
            f"{listed(better[:_NAMED])} improve{'s' if len(better) == 1 else ''} {summary.primary}"
        )
    if not said:
        if not all(each.tests for each in found.values()):
            return ""
        return f"No cost in {summary.primary} was found, on test at the best rates."
    return f"On test, at the best rates, {'; '.join(said)}."


def _which(names: Sequence[str]) -> str:
    return "Which of them survives best is not decided." if len(names) > 1 else ""
