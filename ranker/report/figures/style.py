"""How a line looks: colours that the colour-blind tell apart, then dashes."""

from typing import NamedTuple

from markupsafe import Markup

NUM_COLOURS = 9  # classes c0 to c8 of the style sheet; c9 is grey
GREY = 9
_DASHES = ("", "2 5", "8 5", "8 4 2 4")


class Style(NamedTuple):
    """A colour, as the number of its class in the style sheet, and an SVG dash pattern."""

    colour: int
    dash: str = ""


REFERENCE = Style(GREY)  # what others are measured against


def style(index: int) -> Style:
    """Returns the look of the `index`-th of several lines; after nine with another dash."""
    return Style(index % NUM_COLOURS, _DASHES[index // NUM_COLOURS % len(_DASHES)])


def swatch(look: Style) -> Markup:
    """Returns the sample of a line for a legend."""
    return Markup(
        '<svg class="swatch c{}" aria-hidden="true"><line x1="1" x2="23" y1="5" y2="5" '
        'stroke-dasharray="{}"/></svg>'
    ).format(look.colour, look.dash)
