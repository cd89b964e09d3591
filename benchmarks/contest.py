"""Times steps against each other, in turns, so that what slows one slows all."""

import statistics
import time
from collections.abc import Callable, Mapping


def take_turns(
    steps: Mapping[str, Callable[[int], object]], *, rounds: int, warmup_rounds: int = 3
) -> dict[str, list[float]]:
    """Returns the seconds of each step in each round.

    Args:
      steps: by name; called with the number of the round, and must return only when done.
      rounds: counted ones; every step runs once in each, starting with another each time.
      warmup_rounds: before them, not counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    names = list(steps)
    for number in range(warmup_rounds + rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            began = time.perf_counter()
            steps[name](number)
            if number >= warmup_rounds:
                seconds[name].append(time.perf_counter() - began)
    return seconds


def ratio(seconds: Mapping[str, list[float]], name: str, base: str) -> float:
    """Returns the median over the rounds of `name`'s seconds over those of `base`."""
    return statistics.median(a / b for a, b in zip(seconds[name], seconds[base], strict=True))
