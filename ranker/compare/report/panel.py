"""A figure and what surrounds it; figures are Plotly's JSON as plain dicts.

Text inside a figure must go through `escaped`: Plotly reads it as a small HTML.
"""

import dataclasses
import html
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Figure = dict[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Panel:
    """One figure of a section.

    Attributes:
      title: plain text, above the figure.
      keys: the section's selectors to the values for which the panel is shown.
      figure: what Plotly draws; None if there is nothing to draw, and `note` says why.
      note: plain text, below the figure.
    """

    title: str
    keys: Mapping[str, str]
    figure: Figure | None
    note: str = ""


def escaped(text: str) -> str:
    """Returns `text` so that Plotly shows it as it is."""
    return html.escape(text, quote=False)


def numbers(values: Iterable[float], digits: int = 5) -> list[float | None]:
    """Returns values for a figure: rounded to what can be seen, None where not finite."""
    return [float(f"{v:.{digits}g}") if math.isfinite(v) else None for v in map(float, values)]


def figure(data: Sequence[Figure], *, height: int = 300, **layout: Any) -> Figure:
    """Returns a figure with the report's margins; `layout` is laid over them."""
    base = {
        "height": height,
        "margin": {"l": 56, "r": 12, "t": 12, "b": 46},
        "showlegend": False,
        "hovermode": "closest",
    }
    return {"data": list(data), "layout": base | layout}


def axis(title: str, **settings: Any) -> dict[str, Any]:
    """Returns an axis with a plain-text title."""
    base = {
        "title": {"text": escaped(title), "standoff": 8, "font": {"size": 12}},
        "automargin": True,
        "zeroline": False,
    }
    return base | settings
