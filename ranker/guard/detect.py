"""When a loss has jumped: what the detector goes by.

The constants are those of `ranker.measure.divergence`, which says where each comes from; the
tests hold the two equal.
"""

import dataclasses

from ranker.numerics import check_number

BLOCK = 5  # attempts, of whose losses the median is judged
RETURN = 0.05  # share of the level within which a jump has returned
RISE = 0.5  # of the first batch's loss, for a jump before the level is known
CHANCE = 0.02  # of AUC above 0.5; twice that is above chance
BELIEVED = 0.1  # of the loss of the best constant; what fits better so soon is not the task
TIED = 1e-6  # of AUC; nearer to 0.5 than any ranking but that of equal scores


@dataclasses.dataclass(frozen=True, kw_only=True)
class Detect:
    """When a loss has jumped, and when it is too late for it to return.

    Attributes:
      window: accepted attempts outside of jumps whose median is the level, a multiple of
        five, >= `minimum`.
      minimum: those before the level is known, >= 2.
      sigmas: a jump is above the level by this many robust deviations, > 0, and
      margin: by this share of it, > 0.05, the share within which it has returned.
      max_recovery: attempts after which what has not returned is full divergence, a multiple of
        five, >= 5.
      floor_windows: the level is never below the median of what it was at the ends of so many
        windows, >= 0; 0 for no floor.
    """

    window: int = 200
    minimum: int = 30
    sigmas: float = 7.0
    margin: float = 0.1
    max_recovery: int = 40
    floor_windows: int = 5

    def __post_init__(self) -> None:
        check_number(self, "minimum", least=2)
        check_number(self, "window", least=self.minimum)
        for name in ("window", "max_recovery"):
            if getattr(self, name) % BLOCK:
                raise ValueError(
                    f"Detect: {name} must be a multiple of {BLOCK}, got {getattr(self, name)}"
                )
        check_number(self, "sigmas", above=0)
        check_number(self, "margin", above=RETURN)
        check_number(self, "max_recovery", least=BLOCK)
        check_number(self, "floor_windows", least=0)
