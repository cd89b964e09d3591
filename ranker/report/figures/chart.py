"""Curves over x with points, intervals, marks of events and shaded spans.

Lines lie in an inner SVG that is stretched to the panel; text and points lie outside of it, at
percentages, and so are never stretched.
"""

import dataclasses
import math
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from ranker.report.figures.axis import Axis
from ranker.report.figures.style import Style
from ranker.report.figures.thin import thin

_FEW = 40  # points of a line that are drawn as points too
_MARKS = 150  # columns in which marks of one kind are drawn as one


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """A curve.

    Attributes:
      name: plain text.
      x, y: as long as each other; x ascending, a NaN in y is a gap.
      look: colour and dash.
      low, high: the ends of each point's interval; () for none.
      symbols: of each point: "dot", "cross" or ""; () for dots if there are few.
      said: of each point, what is said of it; () for nothing.
      is_step: whether a value holds until the next x.
      is_filled: whether the area below is tinted.
      width: in pixels.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    look: Style
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    symbols: Sequence[str] = ()
    said: Sequence[str] = ()
    is_step: bool = False
    is_filled: bool = False
    width: float = 2.0


@dataclasses.dataclass(frozen=True)
class Mark:
    """An event at `x`: its kind's symbol at the foot of the figure, and what is said of it."""

    x: float
    kind: str
    said: str


@dataclasses.dataclass(frozen=True)
class Span:
    """What lasted from `first` to `last`, shaded."""

    first: float
    last: float
    said: str


def chart(
    lines: Sequence[Line],
    *,
    x: Axis,
    y: Axis,
    label: str,
    marks: Sequence[Mark] = (),
    spans: Sequence[Span] = (),
    height: int = 200,
) -> Markup:
    """Returns the figure.

    Args:
      label: what it shows, for who cannot see it.
      height: of the plotting area, in pixels.
    """
    drawn = [_thinned(line) for line in lines]
    parts = [
        *(_span(span, x) for span in spans),
        *_grid(x, y),
        Markup('<svg class="lines" viewBox="0 0 1000 1000" preserveAspectRatio="none">'),
        *(_area(line, x, y) for line in drawn if line.is_filled),
        *(_path(line, x, y) for line in drawn),
        Markup("</svg>"),
        *(part for line in drawn for part in _points(line, x, y)),
        *(part for part in _marks(marks, x)),
    ]
    return Markup(
        '<p class="unit">{}</p><svg class="plot" style="height:{}px" role="img" aria-label="{}">'
        "{}</svg>"
    ).format(y.title, height, label, Markup("").join(parts))


def _thinned(line: Line) -> Line:
    if line.low or line.symbols or line.is_step:
        return line
    x, y = thin(line.x, line.y)
    return dataclasses.replace(line, x=x, y=y, said=line.said if len(x) == len(line.x) else ())


def _grid(x: Axis, y: Axis) -> Iterable[Markup]:
    for position, said in y.labels():
        at = percent(1 - position)
        yield Markup('<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(at)
        yield Markup('<text x="-8" y="{}" dy=".35em" text-anchor="end">{}</text>').format(at, said)
    for position, said in x.labels():
        at = percent(position)
        yield Markup('<line class="tick" x1="{0}" x2="{0}" y1="100%" y2="100%"/>').format(at)
        yield Markup('<text x="{}" y="100%" dy="17" text-anchor="middle">{}</text>').format(
            at, said
        )
    yield Markup('<line class="base" x1="0" x2="100%" y1="100%" y2="100%"/>')
    yield Markup('<text x="50%" y="100%" dy="35" text-anchor="middle">{}</text>').format(x.title)


def _spots(line: Line, x: Axis, y: Axis) -> list[tuple[float, float]]:
    """Returns each point's position in [0, 1], y downward; NaN for a gap."""
    return [(x.position(a), 1 - y.position(b)) for a, b in zip(line.x, line.y, strict=True)]


def _runs(line: Line, x: Axis, y: Axis) -> list[list[tuple[float, float]]]:
    """Returns the line without its gaps, as the pieces between them."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for spot in _spots(line, x, y):
        if math.isnan(spot[0]) or math.isnan(spot[1]):
            pieces.append([])
            continue
        if line.is_step and pieces[-1]:
            pieces[-1].append((spot[0], pieces[-1][-1][1]))
        pieces[-1].append(spot)
    return [piece for piece in pieces if piece]


def _path(line: Line, x: Axis, y: Axis) -> Markup:
    pieces = _runs(line, x, y)
    # A point alone is a line of no length with a round end.
    data = "".join(f"M{_joined(piece)}" + ("h0" if len(piece) == 1 else "") for piece in pieces)
    return Markup(
        '<path class="line c{}" d="{}" stroke-width="{:g}" stroke-dasharray="{}">'
        "<title>{}</title></path>"
    ).format(line.look.colour, data, line.width, line.look.dash, line.name)


def _area(line: Line, x: Axis, y: Axis) -> Markup:
    data = "".join(
        f"M{_joined([(piece[0][0], 1.0), *piece, (piece[-1][0], 1.0)])}z"
        for piece in _runs(line, x, y)
    )
    return Markup('<path class="area c{}" d="{}"/>').format(line.look.colour, data)


def _joined(piece: Sequence[tuple[float, float]]) -> str:
    return "L".join(f"{1000 * a:.0f} {1000 * b:.0f}" for a, b in piece)


def _points(line: Line, x: Axis, y: Axis) -> Iterable[Markup]:
    colour = Markup(f"c{line.look.colour}")
    spots = _spots(line, x, y)
    symbols = line.symbols or ["dot" if len(spots) <= _FEW and not line.is_step else ""] * len(
        spots
    )
    for index, (across, down) in enumerate(spots):
        if math.isnan(across) or math.isnan(down):
            continue
        at = percent(across)
        if line.low and not math.isnan(line.low[index] + line.high[index]):
            ends = [percent(1 - y.position(end[index])) for end in (line.low, line.high)]
            yield Markup('<line class="interval {0}" x1="{1}" x2="{1}" y1="{2}" y2="{3}"/>').format(
                colour, at, *ends
            )
        if symbols[index]:
            said = line.said[index] if line.said else ""
            yield Markup(
                '<use class="{}" href="#m-{}" x="{}" y="{}"><title>{}</title></use>'
            ).format(colour, symbols[index], at, percent(down), said or line.name)


def _span(span: Span, x: Axis) -> Markup:
    first, last = x.position(span.first), x.position(span.last)
    return Markup(
        '<rect class="span" x="{}" width="{}" y="0" height="100%"><title>{}</title></rect>'
    ).format(percent(first), percent(max(0.004, last - first)), span.said)


def _marks(marks: Sequence[Mark], x: Axis) -> Iterable[Markup]:
    """Yields a symbol for each column with events of a kind, and a thin line above it."""
    columns: dict[tuple[str, int], list[Mark]] = {}
    for mark in marks:
        position = x.position(mark.x)
        if 0 <= position <= 1:
            columns.setdefault((mark.kind, int(position * _MARKS)), []).append(mark)
    for (kind, _), found in columns.items():
        at = percent(x.position(found[0].x))
        said = found[0].said + (f" (and {len(found) - 1:,} more here)" if len(found) > 1 else "")
        yield Markup(
            '<line class="event {0}" x1="{1}" x2="{1}" y1="0" y2="100%"/>'
            '<use class="{0}" href="#m-{0}" x="{1}" y="100%"><title>{2}</title></use>'
        ).format(escape(kind), at, said)


def percent(share: float) -> str:
    """Returns a position in [0, 1] as SVG takes it."""
    return f"{100 * share:.2f}%"
