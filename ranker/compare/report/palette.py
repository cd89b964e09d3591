"""One colour a safeguard, the same in every figure, and apart for the colour-blind."""

from typing import NamedTuple

from ranker.compare.report.survival import safeguards
from ranker.compare.summary import Summary

REFERENCE = "#8a8f98"  # grey: what the others are measured against

# Okabe and Ito's palette without its yellow, which is lost on white; then three of Tol's.
_COLOURS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
    "#aa4499", "#999933", "#882255",
)  # fmt: skip
_DASHES = ("solid", "dot", "dash", "dashdot")


class Style(NamedTuple):
    """How a safeguard is drawn: a CSS colour, and Plotly's name of a dash."""

    colour: str
    dash: str


def styles(summary: Summary) -> dict[str, Style]:
    """Returns every safeguard's style; a colour comes back with another dash after nine."""
    others = [name for name in safeguards(summary) if name != summary.reference]
    drawn = {
        name: Style(_COLOURS[i % len(_COLOURS)], _DASHES[i // len(_COLOURS) % len(_DASHES)])
        for i, name in enumerate(others)
    }
    return {summary.reference: Style(REFERENCE, "solid")} | drawn
