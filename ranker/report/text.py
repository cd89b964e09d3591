"""Numbers and names as the pages write them."""

import math
from collections.abc import Sequence

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def number(value: float, digits: int = 3) -> str:
    """Returns `value` with `digits` significant ones; a dash for NaN."""
    if math.isnan(value):
        return DASH
    if math.isinf(value):
        return f"{MINUS}∞" if value < 0 else "∞"
    if value and not 1e-4 <= abs(value) < 1e9:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        shown = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    else:
        shown = f"{value + 0.0:.{digits}g}"  # -0.0 + 0.0 is 0.0
        shown = f"{value:,.0f}" if "e" in shown else shown
    return shown.replace("-", MINUS, 1) if value < 0 else shown


def measure(value: float) -> str:
    """Returns a metric with four significant digits, zeros kept, so that columns line up."""
    if not math.isfinite(value) or not 1e-3 <= abs(value) < 1e4:
        return number(value, 4)
    return f"{value:#.4g}".rstrip(".").replace("-", MINUS)


def signed(value: float) -> str:
    """Returns a difference with its sign."""
    return f"+{number(value)}" if value > 0 else number(value)


def percent(share: float) -> str:
    """Returns a share in [0, 1] as a percentage; a decimal below 10%."""
    if math.isnan(share):
        return DASH
    return f"{100 * share:.1f}%" if 0 < share < 0.0995 else f"{100 * share:.0f}%"


def span(low: float, high: float) -> str:
    """Returns "low to high", or one number where they are shown alike; a dash for NaN."""
    return number(low) if number(low) == number(high) else f"{number(low)} to {number(high)}"


def listed(names: Sequence[str]) -> str:
    """Returns "A", "A and B" or "A, B and C"."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def quoted(name: str) -> str:
    """Returns a safeguard's name as a sentence holds it, so that "none" is read as a name."""
    return f"“{name}”"


def duration(seconds: float) -> str:
    """Returns a time in the largest unit of which it is at least two; below 1 s, just that."""
    if seconds < 1:
        return "under 1 second"
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return plural(round(seconds / size), unit)
    return plural(round(seconds), "second")


def plural(count: int, noun: str) -> str:
    """Returns "1 run" or "2 runs"."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
