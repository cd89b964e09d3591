"""Bars with their names and numbers, the longest first where they come so."""

from collections.abc import Sequence

from markupsafe import Markup


def bars(rows: Sequence[tuple[str, float, str]]) -> Markup:
    """Returns a bar a row: its name, its length (>= 0, in any one unit), what is written at it."""
    longest = max((value for _, value, _ in rows), default=0) or 1
    parts = [
        Markup(
            '<li><span class="name">{}</span><span class="track"><span class="fill" '
            'style="width:{:.1f}%"></span></span><span class="said">{}</span></li>'
        ).format(name, 100 * value / longest, said)
        for name, value, said in rows
    ]
    return Markup('<ul class="bars">{}</ul>').format(Markup("").join(parts))
