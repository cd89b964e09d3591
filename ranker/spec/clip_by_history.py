"""Clippers that go by what the gradients of earlier steps were."""

from typing import Annotated, ClassVar

from annotated_types import Gt, Lt

from ranker.spec.clip import Clip
from ranker.spec.part import AtLeastOne, Count, Decay, Positive, register

__all__ = [
    "AdaGc",
    "AutoClip",
    "GradientStabilizer",
    "Spam",
    "ZClip",
]


@register("autoclip", acts="ranker.optim.clip.autoclip.AutoClipClipper")
class AutoClip(Clip):
    """All gradients together kept to a percentile of their last norms: AutoClip.

    Every gradient is scaled by min(1, limit / norm), where the norm is that of all of them
    together, and the limit the `percentile` of the norms of the last `window` steps, this
    one's among them; between two of them it is interpolated.

    So about 1 - percentile / 100 of all steps are clipped, whatever the gradients: nine in ten
    at the default.

    Attributes:
      percentile: of the norms kept.
      window: norms kept; each step sorts them. The paper keeps all.
    """

    percentile: Annotated[float, Gt(0), Lt(100)] = 10.0
    window: AtLeastOne = 1000
    targets: str = "all"


@register("zclip", acts="ranker.optim.clip.zclip.ZClipClipper")
class ZClip(Clip):
    """All gradients together brought back where their norm is an outlier: ZClip.

    Every gradient is scaled by min(1, limit / n), n the norm of all of them together:

        z = (n - mean) / (deviation + 1e-6)
        limit = min(max_norm, mean + max_z * deviation * max_z / z  if z > max_z else n)

    A larger outlier is so clipped harder, at worst to the mean. Then, with x = n, or the
    limit of an outlier, before max_norm:

        mean <- alpha * mean + (1 - alpha) * x
        deviation^2 <- alpha * deviation^2 + (1 - alpha) * (x - mean)^2, with the new mean

    In the first `warmup_steps` only max_norm clips, and the two are those of the norms so far.

    Attributes:
      alpha: share of the old statistics kept.
      max_z: deviations above the mean that pass.
      max_norm: in the gradients' unit: in force throughout.
      warmup_steps: of committed steps.
    """

    alpha: Decay = 0.97
    max_z: Positive = 2.5
    max_norm: Positive = 1.0
    warmup_steps: AtLeastOne = 25
    targets: str = "all"


@register("adagc", acts="ranker.optim.clip.adagc.AdaGcClipper")
class AdaGc(Clip):
    """Each variable's gradient kept to a multiple of its usual norm: AdaGC.

    g becomes h * g with

        h = min(1, max_ratio * usual / ||g||),  usual <- beta * usual + (1 - beta) * ||h * g||

    In the first `warmup_steps`, and the first time that a variable has a gradient, h is
    min(1, max_norm / the norm of all gradients together), and usual is the smallest ||h * g||
    so far. Of a table, the norm is that of the rows touched.

    Attributes:
      max_ratio: of a norm to the usual one, no unit.
      max_norm: in the warm-up, in the gradients' unit.
      beta: share of the old usual norm kept.
      warmup_steps: of committed steps.
    """

    max_ratio: Positive = 1.05
    max_norm: Positive = 1.0
    beta: Decay = 0.98
    warmup_steps: Count = 100
    targets: str = "all"


@register(
    "gradient_stabilizer",
    acts="ranker.optim.clip.gradient_stabilizer.GradientStabilizerClipper",
)
class GradientStabilizer(Clip):
    """Each variable's gradient given a length near 1, from the moments of its norm.

    g becomes (mean / root) * g / ||g||, with

        mean <- gamma_1 * mean + (1 - gamma_1) * ||g||
        root^2 <- gamma_2 * root^2 + (1 - gamma_2) * ||g||^2

    both corrected for their start at 0, as Adam's moments are. Every length becomes about 1, so
    it stretches small gradients too (the clip factor says 1 then), and a learning rate means
    something else than without it.

    Attributes:
      gamma_1: share of the old mean kept.
      gamma_2: share of the old mean square kept.
    """

    gamma_1: Decay = 0.6
    gamma_2: Decay = 0.999
    targets: str = "all"


@register("spam", acts="ranker.optim.clip.spam.SpamClipper")
class Spam(Clip):
    """Each element of a gradient kept to a multiple of its mean square, and slots start over: SPAM.

    g with g^2 > threshold * v becomes sign(g) * sqrt(threshold * v), v being the rule's mean of
    squared gradients from before the step; none in the first `rest_steps` after each start over
    of the slots, and none where v is 0.

    In a run's settings it is SPAM, whole: the rule of the groups it applies to starts over, and
    their schedule warms up anew. As a part of an optimizer it clips alone, and the rest is the
    group's:

        Group(..., rule=Adam(), reset_every=500, schedule=Restarts(
            schedule=..., every=500, warmup_steps=150))

    Attributes:
      threshold: of a squared element to its mean square, no unit.
      reset_every: steps after which the rule's slots start over.
      rest_steps: after that, in which nothing is clipped.
      warmup_steps: after that, in which the learning rate rises anew.
    """

    is_with_rule: ClassVar[bool] = True
    threshold: Positive = 5000.0
    reset_every: AtLeastOne = 500
    rest_steps: Count = 20
    warmup_steps: Count = 150
    targets: str = "dense"

    def check(self) -> None:
        """Raises ValueError unless it clips, and is warm, before it starts over."""
        self.require("reset_every", Gt(max(self.rest_steps, self.warmup_steps)))

    def needs(self) -> dict[str, str]:
        """Returns the mean of squared gradients."""
        return {"mean_square": f"threshold {self.threshold} is of that"}
