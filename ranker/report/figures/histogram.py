"""How values are distributed: the share of each group's that is in each bin."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from ranker.report.figures.axis import Axis, fit
from ranker.report.figures.chart import Line, chart
from ranker.report.figures.style import style


def histogram(
    edges: Sequence[float], groups: Mapping[str, Sequence[float]], *, title: str, label: str
) -> Markup:
    """Returns a stepped line a group, each over its own total, the area below it tinted.

    Args:
      edges: of the bins, ascending, one more than there are bins.
      groups: how many of each group are in each bin; [] of a group that has none.
      title: of the axis of the values.
      label: what it shows, for who cannot see it.
    """
    shares = {name: [c / (sum(counts) or 1) for c in counts] for name, counts in groups.items()}
    lines = [
        Line(
            name=name,
            x=[edges[0], *edges],
            y=[0.0, *values, 0.0],
            look=style(index),
            is_step=True,
            is_filled=True,
        )
        for index, (name, values) in enumerate(shares.items())
        if len(values) == len(edges) - 1
    ]
    most = max((share for values in shares.values() for share in values), default=1.0)
    across = Axis(title=title, low=edges[0], high=edges[-1])
    up = fit("share of rows", [0, most], is_log=False, ends=(0.0, None))
    return chart(lines, x=across, y=up, label=label, height=240)
