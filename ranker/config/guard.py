"""Settings of the guard: what it refuses, what it says of divergence, when the run halts."""

import dataclasses
from typing import Literal

from ranker.config.ladder import LadderSettings
from ranker.config.ranges import require


@dataclasses.dataclass(frozen=True, kw_only=True)
class SkipSettings:
    """Refuses what is above mean + sigmas * deviation of the last accepted attempts.

    Attributes:
      sigmas: deviations above the mean that are still usual.
      window: accepted attempts that count.
      minimum: accepted attempts before anything is usual.
      of: what is watched: the total "loss", the "norm" of all gradients, or "both".
      floor_windows: the limit is never below the median of what it was at the ends of so many
        windows, where the first accepted value stands for those to come; 0 for no floor.
    """

    sigmas: float = 6.0
    window: int = 128
    minimum: int = 64
    of: Literal["loss", "norm", "both"] = "both"
    floor_windows: int = 9

    def __post_init__(self) -> None:
        require(self, "sigmas", above=0)
        require(self, "minimum", minimum=2)
        require(self, "window", minimum=self.minimum)
        require(self, "floor_windows", minimum=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DetectSettings:
    """Says, attempt by attempt, whether training diverges; refuses nothing.

    Attributes:
      window: accepted attempts outside of jumps whose median loss is a task's level; a
        multiple of five, since five are looked at together.
      minimum: those before the level is known.
      sigmas: a jump is above the level by this many robust deviations, and
      margin: by this share of it.
      max_recovery: attempts after which what has not returned is full divergence; a multiple
        of five.
      floor_windows: the level is never below the median of what it was at the ends of so many
        windows, where the loss of the best constant stands for those to come; 0 for no floor.
        A fall is believed once it has lasted for half of them.
    """

    window: int = 200
    minimum: int = 30
    sigmas: float = 7.0
    margin: float = 0.1
    max_recovery: int = 40
    floor_windows: int = 5

    def __post_init__(self) -> None:
        require(self, "minimum", minimum=2)
        require(self, "window", minimum=self.minimum)
        require(self, "sigmas", above=0)
        require(self, "margin", above=0.05)
        require(self, "max_recovery", minimum=5)
        require(self, "floor_windows", minimum=0)
        for name in ("window", "max_recovery"):
            if getattr(self, name) % 5:
                raise ValueError(f"{name} must be a multiple of 5, got {getattr(self, name)}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class GuardSettings:
    """When an attempt is refused, and when the run halts.

    Attributes:
      max_refusals: refused attempts in a row after which the run halts, exit code 3.
      skip: when what is finite is refused too; None for never. A lasting change of level
        is refused until the run halts, since refused attempts never become usual.
      detect: how divergence is told while the run goes on; None for not at all.
      ladder: what follows when refusing alone does not help, before the run halts; None for
        nothing.
      max_incidents: refused batches that a run keeps in `incidents/`, its first; 0 for none.
    """

    max_refusals: int = 10
    skip: SkipSettings | None = None
    detect: DetectSettings | None = None
    ladder: LadderSettings | None = None
    max_incidents: int = 10

    def __post_init__(self) -> None:
        require(self, "max_refusals", minimum=1)
        require(self, "max_incidents", minimum=0)
