"""A map of factors in [0, 1], a row a name: the less is kept, the darker."""

import bisect
import math
from collections.abc import Sequence

from markupsafe import Markup

from ranker.report.figures.axis import Axis
from ranker.report.figures.chart import percent

# The least factor of each shade, from none kept to nearly all; 1 itself has no shade.
LEVELS = (0.0, 0.001, 0.01, 0.1, 0.5, 0.9)
_SAID = ("below 0.001", "to 0.01", "to 0.1", "to 0.5", "to 0.9", "below 1")
_NAME = 30  # letters of a name that fit
_ROW = 20  # pixels


def heat_map(
    names: Sequence[str], x: Sequence[float], factors: Sequence[Sequence[float]], *, axis: Axis,
    label: str, columns: int = 100,
) -> Markup:  # fmt: skip
    """Returns a map with a row a name; each column shows the least of the factors in it.

    Args:
      x: ascending, one for each factor of a row.
      factors: a row a name; NaN is no value.
      axis: of x.
      label: what it shows, for who cannot see it.
      columns: most columns; equally wide.
    """
    rows = [_columns([axis.position(v) for v in x], row, columns) for row in factors]
    shades: dict[int, list[str]] = {}
    for down, row in enumerate(rows):
        for shade, first, last in _runs(row):
            shades.setdefault(shade, []).append(f"M{first} {down + 0.08:g}H{last}v.84H{first}z")
    paths = [
        Markup('<path class="shade{}" d="{}"/>').format(shade, "".join(found))
        for shade, found in sorted(shades.items())
    ]
    texts = [
        Markup(
            '<text x="-8" y="{}" dy=".35em" text-anchor="end">{}<title>{}</title></text>'
        ).format(percent((down + 0.5) / len(names)), shortened(name), name)
        for down, name in enumerate(names)
    ]
    ticks = [
        Markup('<text x="{}" y="100%" dy="16" text-anchor="middle">{}</text>').format(
            percent(position), said
        )
        for position, said in axis.labels()
    ]
    title = Markup('<text x="50%" y="100%" dy="34" text-anchor="middle">{}</text>')
    return Markup(
        '<svg class="plot heat" style="height:{}px" role="img" aria-label="{}">'
        '<rect class="ground" width="100%" height="100%"/>'
        '<svg class="lines" viewBox="0 0 {} {}" preserveAspectRatio="none">{}</svg>{}</svg>'
    ).format(
        _ROW * len(names), label, columns, len(names), Markup("").join(paths),
        Markup("").join([*texts, *ticks, title.format(axis.title)]),
    )  # fmt: skip


def heat_key() -> Markup:
    """Returns what the shades mean."""
    parts = [
        Markup('<li><svg class="box"><rect class="shade{}" width="16" height="12"/></svg>{}</li>')
        .format(shade, said)
        for shade, said in enumerate(_SAID)
    ]  # fmt: skip
    whole = Markup('<li><svg class="box"><rect class="ground" width="16" height="12"/></svg>1</li>')
    return Markup('<ul class="legend">{}{}</ul>').format(Markup("").join(parts), whole)


def shortened(name: str) -> str:
    """Returns the end of a long name, which tells layers apart better than its start."""
    return name if len(name) <= _NAME else "…" + name[1 - _NAME :]


def _columns(positions: Sequence[float], row: Sequence[float], columns: int) -> list[float]:
    """Returns the least factor in each column, that of the column before if it has none."""
    found = [math.nan] * columns
    for position, factor in zip(positions, row, strict=True):
        if not 0 <= position <= 1 or math.isnan(factor):
            continue
        column = min(columns - 1, int(position * columns))
        found[column] = factor if math.isnan(found[column]) else min(found[column], factor)
    last = max((i for i, factor in enumerate(found) if not math.isnan(factor)), default=-1)
    for column in range(1, last + 1):
        if math.isnan(found[column]):
            found[column] = found[column - 1]
    return found


def _runs(row: Sequence[float]) -> list[tuple[int, int, int]]:
    """Returns the shades of a row with their first column, and the one after their last."""
    runs: list[tuple[int, int, int]] = []
    for column, factor in enumerate(row):
        if math.isnan(factor) or factor >= 1:
            continue
        shade = max(0, bisect.bisect_right(LEVELS, factor) - 1)
        if runs and runs[-1][0] == shade and runs[-1][2] == column:
            runs[-1] = (shade, runs[-1][1], column + 1)
        else:
            runs.append((shade, column, column + 1))
    return runs
