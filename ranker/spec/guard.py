"""The guard: what it refuses, what it says of divergence, what follows, when the run halts.

`ranker.guard` and `ranker.train` act on it.
"""

import dataclasses
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le, MultipleOf

from ranker.spec.clip import Clip, Clippy
from ranker.spec.part import AtLeastOne, Count, Part, Positive, declared

BLOCK = 5  # attempts, of whose losses the median is judged
RETURN = 0.05  # share of the level within which a jump has returned


@declared
class SpikeFilter(Part):
    """Refuses an attempt above mean + sigmas * deviation of the last accepted attempts.

    The deviation is that of a sample, with divisor n - 1. Refused attempts never enter: a
    single spike, however high, does not widen the range, and after a lasting change of level
    every attempt is refused until the guard halts. Before `minimum` attempts are known, only
    what is not finite is refused.

    The limit has a floor. Where attempts are all alike, as those of one row that is repeated,
    the mean falls and the deviation is near 0; every usual value afterwards would be refused.
    The floor is the median of the limits at the ends of the last `floor_windows` windows. At
    the start of a run the first accepted value stands for each window that is not there yet.

    Attributes:
      sigmas: deviations above the mean that are still usual.
      window: accepted attempts that count, at least `minimum`.
      minimum: accepted attempts before anything that is finite is refused.
      of: what is watched: the total "loss", the "norm" of all gradients together as
        differentiated, or "both".
      floor_windows: 0 for no floor.
    """

    varies: ClassVar[bool] = True
    sigmas: Positive = 6.0
    window: int = 128
    minimum: Annotated[int, Ge(2)] = 64
    of: Literal["loss", "norm", "both"] = "both"
    floor_windows: Count = 9

    def check(self) -> None:
        """Raises ValueError for a window that never fills."""
        self.require("window", Ge(self.minimum))

    @property
    def watched(self) -> tuple[str, ...]:
        """What is watched, in the order of a verdict's `watched`."""
        return ("loss", "norm") if self.of == "both" else (self.of,)


@declared
class Detect(Part):
    """Says, attempt by attempt, whether training diverges; refuses nothing.

    Attributes:
      window: accepted attempts, jumps left out, whose median loss is a task's level. At least
        `minimum`, and a multiple of five, since five attempts are judged together.
      minimum: accepted attempts before a task has a level.
      sigmas: robust deviations that a jump is above the level; it must pass `margin` too.
      margin: share of the level that a jump is above it, more than 0.05: within that share of
        the level a jump has returned.
      max_recovery: attempts after which a jump that has not returned is full divergence.
      floor_windows: windows of the floor; 0 for none. The level is never below the median of
        the levels at the ends of the last so many windows. At the start of a run the loss of
        the best constant stands for each window that is not there yet. So a fall counts once
        it has lasted for half of them.
    """

    window: Annotated[int, MultipleOf(BLOCK)] = 200
    minimum: Annotated[int, Ge(2)] = 30
    sigmas: Positive = 7.0
    margin: Annotated[float, Gt(RETURN)] = 0.1
    max_recovery: Annotated[int, Ge(BLOCK), MultipleOf(BLOCK)] = 40
    floor_windows: Count = 5

    def check(self) -> None:
        """Raises ValueError for a window that never fills."""
        self.require("window", Ge(self.minimum), MultipleOf(BLOCK))


@declared
class Recovery(Part):
    """What follows when refusing alone does not help: clip, lower the rates, roll back, halt.

    Attributes:
      max_refusals: refused attempts within `within_attempts` that lead to the next stage. So do
        `guard.max_refusals` in a row, and what `guard.detect` finds.
      within_attempts: see `max_refusals`.
      settle_attempts: attempts in which a new stage is left to work: nothing leads to the next
        one but `guard.max_refusals` in a row.
      clip: the clipper that is switched on, of any kind but "spam"; none leaves the stage out.
      clip_attempts: attempts for which the emergency clipper, `clip`, is on.
      rate_factor: what the learning rates are multiplied by; 1 leaves the stage out.
      recovery_attempts: healthy attempts over which the rates rise back, geometrically.
      healthy_attempts: attempts without trouble after which a checkpoint counts as good, and
        after which recovery ends. More than a divergence needs to show.
      max_rollbacks: rollbacks of the whole run; 0 leaves the stage out. Each goes to the last
        good checkpoint or, if that is damaged, to the good one before it.
    """

    max_refusals: AtLeastOne = 3
    within_attempts: int = 50
    settle_attempts: Count = 50
    clip: Clip | None = dataclasses.field(default_factory=Clippy)
    clip_attempts: AtLeastOne = 200
    rate_factor: Annotated[float, Gt(0), Le(1)] = 0.5
    recovery_attempts: AtLeastOne = 1000
    healthy_attempts: AtLeastOne = 200
    max_rollbacks: Count = 3

    def check(self) -> None:
        """Raises ValueError for too short a range, or for a clipper that is part of its rule."""
        self.require("within_attempts", Ge(self.max_refusals))
        if self.clip and self.clip.is_with_rule:
            raise ValueError(
                f"clip {self.clip.kind!r} is part of its rule and cannot be switched on later"
            )


@declared
class GuardSettings(Part):
    """When an attempt is refused, and when the run halts.

    Attributes:
      max_refusals: refused attempts in a row after which the run halts, exit code 3.
      spike_filter: when what is finite is refused too; none for never. A lasting change of level
        is refused until the run halts, since refused attempts never become usual.
      detect: how divergence is reported while the run goes on; none for not at all.
      recovery: what follows when refusing alone does not help, before the run halts; none for
        nothing.
      max_incidents: refused batches that a run keeps in `incidents/`, its first; 0 for none.
    """

    renamed: ClassVar = {"ladder": "recovery", "skip": "spike_filter"}
    max_refusals: AtLeastOne = 10
    spike_filter: SpikeFilter | None = None
    detect: Detect | None = None
    recovery: Recovery | None = None
    max_incidents: Count = 10
