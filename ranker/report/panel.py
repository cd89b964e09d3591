"""A figure and what surrounds it."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from ranker.report.figures.style import Style


@dataclasses.dataclass(frozen=True, kw_only=True)
class Panel:
    """One figure of a section.

    Attributes:
      title: plain text, above the figure.
      figure: what is drawn; "" if there is nothing to draw, and `note` says why.
      legend: the looks of lines with their names; plain text.
      note: plain text, below the figure.
      keys: the section's selectors to the values for which the panel is shown.
      is_wide: whether it takes the page's whole width.
    """

    title: str
    figure: Markup
    legend: Sequence[tuple[Style, str]] = ()
    note: str = ""
    keys: Mapping[str, str] = dataclasses.field(default_factory=dict)
    is_wide: bool = False


class Selector(NamedTuple):
    """A choice above a section's panels.

    Attributes:
      key: of the panels' `keys`.
      options: its values; the first is shown at first.
    """

    key: str
    options: tuple[str, ...]


class Figures(NamedTuple):
    """A section's panels with their selectors."""

    panels: tuple[Panel, ...]
    selectors: tuple[Selector, ...] = ()


def section(panels: Sequence[Panel], keys: Sequence[str] = ()) -> Figures:
    """Returns panels with a selector a key; one that has something to draw is chosen first."""
    ordered = [*(panel for panel in panels if panel.figure), *panels]
    selectors = [Selector(key, tuple(dict.fromkeys(p.keys[key] for p in ordered))) for key in keys]
    return Figures(tuple(panels), tuple(each for each in selectors if len(each.options) > 1))
