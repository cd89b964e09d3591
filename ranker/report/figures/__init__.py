"""Figures as inline SVG: they need no script, scale with the page, and take its colours."""

from ranker.report.figures.axis import Axis, fit
from ranker.report.figures.bars import bars
from ranker.report.figures.calibration import calibration
from ranker.report.figures.chart import Line, Mark, Span, chart
from ranker.report.figures.heat import heat_key, heat_map
from ranker.report.figures.histogram import histogram
from ranker.report.figures.style import Style, style, swatch
from ranker.report.figures.thin import thin

__all__ = [
    "Axis",
    "Line",
    "Mark",
    "Span",
    "Style",
    "bars",
    "calibration",
    "chart",
    "fit",
    "heat_key",
    "heat_map",
    "histogram",
    "style",
    "swatch",
    "thin",
]
