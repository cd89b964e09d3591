"""Settings of the ladder; `ranker.train.ladder` says how it is climbed."""

import dataclasses

from ranker.config.clip import ClippyClip, ClipSettings, SpamClip
from ranker.config.ranges import require


@dataclasses.dataclass(frozen=True, kw_only=True)
class LadderSettings:
    """What follows when refusing alone does not help: clip, lower the rates, roll back, halt.

    Attributes:
      max_refusals: refused attempts, within
      within_attempts: of each other, that climb to the next rung. So do
        `guard.max_refusals` in a row, and what `guard.detect` finds.
      settle_attempts: after each climb in which the rung is left to work: neither refusals
        nor symptoms climb, but for `guard.max_refusals` in a row.
      clip: the clipper that is switched on, of any kind but "spam"; None leaves the rung out.
      clip_attempts: for so many.
      rate_factor: what the learning rates are multiplied by, in (0, 1]; 1 leaves the rung out.
      recovery_attempts: healthy ones over which that is made good again, geometrically.
      healthy_attempts: without trouble after which a checkpoint counts as good, and after
        which the ladder is left. More than a divergence needs to show.
      max_rollbacks: to the last good checkpoint, if it is damaged to the good one before it,
        in the whole run; 0 leaves the rung out. Checkpoints of both are kept.
    """

    max_refusals: int = 3
    within_attempts: int = 50
    settle_attempts: int = 50
    clip: ClipSettings | None = dataclasses.field(default_factory=ClippyClip)
    clip_attempts: int = 200
    rate_factor: float = 0.5
    recovery_attempts: int = 1000
    healthy_attempts: int = 200
    max_rollbacks: int = 3

    def __post_init__(self) -> None:
        for name in (
            "max_refusals",
            "within_attempts",
            "clip_attempts",
            "recovery_attempts",
            "healthy_attempts",
        ):
            require(self, name, minimum=1)
        require(self, "within_attempts", minimum=self.max_refusals)
        require(self, "settle_attempts", minimum=0)
        require(self, "max_rollbacks", minimum=0)
        require(self, "rate_factor", above=0, maximum=1)
        if isinstance(self.clip, SpamClip):
            raise ValueError(
                f"clip {self.clip.kind!r} is part of its rule and cannot be switched on later"
            )
