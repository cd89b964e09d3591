"""Whether scores come true: the mean label against the mean score, bin by bin."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from ranker.report.figures.axis import fit
from ranker.report.figures.chart import Line, chart
from ranker.report.figures.style import REFERENCE, Style
from ranker.report.text import number, plural


def calibration(
    scores: Sequence[float], labels: Sequence[float], rows: Sequence[int], *, unit: str, label: str
) -> Markup:
    """Returns a point a bin, and the diagonal on which scores are true.

    Args:
      scores, labels: means of each bin, by ascending score.
      rows: of each bin.
      unit: of both, "probability" or the label's.
      label: what it shows, for who cannot see it.
    """
    values = [v for v in (*scores, *labels) if math.isfinite(v)]
    across = fit(f"mean score ({unit})", values, is_log=False)
    up = fit(f"mean label ({unit})", values, is_log=False)
    ends = [across.low, across.high]
    said = [
        f"{plural(count, 'row')}: mean score {number(score)}, mean label {number(true)}"
        for score, true, count in zip(scores, labels, rows, strict=True)
    ]
    return chart(
        [
            Line(name="scores come true", x=ends, y=ends, look=REFERENCE._replace(dash="6 5"),
                 width=1.5, symbols=("", "")),
            Line(name="the model", x=scores, y=labels, look=Style(0), said=said,
                 symbols=["dot"] * len(scores)),
        ],
        x=across,
        y=up,
        label=label,
        height=240,
    )  # fmt: skip
