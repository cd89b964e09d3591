"""One look a safeguard, the same in every figure."""

from ranker.compare.report.survival import safeguards
from ranker.compare.summary import Summary
from ranker.report.figures.style import REFERENCE, Style, style


def styles(summary: Summary) -> dict[str, Style]:
    """Returns every safeguard's style; the reference, beside which the others stand, is grey."""
    others = [name for name in safeguards(summary) if name != summary.reference]
    return {summary.reference: REFERENCE} | {name: style(i) for i, name in enumerate(others)}
