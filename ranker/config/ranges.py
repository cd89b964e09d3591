"""Range checks for settings: NaN and infinity fail every one of them."""

import math


def require(
    settings: object,
    name: str,
    *,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    below: float | None = None,
) -> None:
    """Raises ValueError unless the setting is finite and within the bounds given."""
    value = getattr(settings, name)
    bounds = []
    if minimum is not None:
        bounds.append((value >= minimum, f">= {minimum}"))
    if above is not None:
        bounds.append((value > above, f"> {above}"))
    if maximum is not None:
        bounds.append((value <= maximum, f"<= {maximum}"))
    if below is not None:
        bounds.append((value < below, f"< {below}"))
    if not (math.isfinite(value) and all(holds for holds, _ in bounds)):
        wanted = " and ".join(text for _, text in bounds) or "finite"
        raise ValueError(f"{name} must be {wanted}, got {value}")
