"""Which parts of a run begin anew where it begins from another, since their settings are others."""

import itertools
from collections.abc import Iterator
from typing import Any

from ranker.spec.clip import Clip
from ranker.spec.clip_by_history import Spam
from ranker.spec.run import RunConfig

STEPS = ("optimizer/step", "optimizer/schedule_start")
FIRST_STEP = "optimizer/first_step"
_OF_ONE_RUN = ("attempts", "guard/refused", "guard/refused_in_a_row")
_SLOTS = "slots"


def part_of(name: str) -> str:
    """Returns of what a variable is: a part that may begin anew; "" if it is the run's own."""
    if name in (*_OF_ONE_RUN, *STEPS, FIRST_STEP) or name.startswith("recovery/"):
        return ""
    first, second, *_ = name.split("/")
    if (first, second) == ("optimizer", "clip"):
        return "/".join(name.split("/")[:3])
    if (first, second) == ("guard", "detector"):
        return f"{first}/{second}"
    return _SLOTS if first == "optimizer" else first


def changed_parts(before: RunConfig, config: RunConfig) -> Iterator[str]:
    """Yields the parts whose statistics are not taken, since their settings are others."""
    keeps_slots = config.train.start_slots == "keep"
    parts: dict[str, tuple[Any, Any]] = {
        "guard/detector": (before.guard.detect, config.guard.detect),
        "guard": (before.guard.spike_filter, config.guard.spike_filter),
        "objective": (_losses(before), _losses(config)),
        "aggregation": (before.objective.aggregate, config.objective.aggregate),
        _SLOTS: (True, keeps_slots),
    }
    clips = itertools.zip_longest(_clips(before), _clips(config))
    parts |= {f"optimizer/clip/{index}": pair for index, pair in enumerate(clips)}
    for part, (old, new) in parts.items():
        # SPAM's count is that of the slots' starts over.
        if old != new or (isinstance(new, Spam) and not keeps_slots):
            yield part


def _losses(config: RunConfig) -> tuple[Any, ...]:
    of = config.objective
    return of.binary, of.regression, of.losses


def _clips(config: RunConfig) -> list[Clip]:
    """Returns the clippers of a run, recovery's last, as `build_optimizer` has them."""
    recovery = config.guard.recovery
    last = [recovery.clip] if recovery and recovery.clip else []
    return [*config.clip, *last]
