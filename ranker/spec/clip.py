"""Clippers: by how much each element of a gradient or an update is scaled.

The classes of `ranker.optim.clip` do it, and say where each comes from.
"""

from typing import ClassVar, Literal

from ranker.spec.part import NonNegative, Part, Positive, register

__all__ = [
    "Agc",
    "Clippy",
    "CowClip",
    "GlobalNorm",
    "Lamb",
    "Norm",
    "Rms",
    "Value",
]

Stage = Literal["gradient", "update"]


class Clip(Part):
    """A clipper.

    Attributes:
      targets: the group of variables it applies to, "dense" or "embeddings", or "all".
      stage: what it is given.
      is_with_rule: whether it is a part of its rule too, so that it cannot be switched on alone.
    """

    varies: ClassVar[bool] = True
    is_with_rule: ClassVar[bool] = False
    stage: ClassVar[Stage] = "gradient"
    targets: str = "all"

    def needs(self) -> dict[str, str]:
        """Returns what it asks of a rule, of `Rule.gives`, each with the setting that does."""
        return {}


@register("value", acts="ranker.optim.clip.value.ValueClipper")
class Value(Clip):
    """Each element of a gradient kept in [-max_value, max_value]; its direction is not kept.

    Attributes:
      max_value: of |g|, in the gradient's unit.
    """

    max_value: Positive = 1.0
    targets: str = "all"


@register("norm", acts="ranker.optim.clip.norm.NormClipper")
class Norm(Clip):
    """Each variable's gradient kept to a Euclidean norm.

    g becomes g * min(1, max_norm / ||g||). Of a table, the norm is that of the rows touched.

    Attributes:
      max_norm: in the gradient's unit.
    """

    max_norm: Positive = 0.1
    targets: str = "all"


@register("global_norm", acts="ranker.optim.clip.global_norm.GlobalNormClipper")
class GlobalNorm(Clip):
    """All gradients together kept to a Euclidean norm, touched rows of tables among them.

    Every gradient is scaled by min(1, max_norm / norm).

    Attributes:
      max_norm: in the gradients' unit.
    """

    max_norm: Positive = 1.0
    targets: str = "all"


@register("agc", acts="ranker.optim.clip.agc.AgcClipper")
class Agc(Clip):
    """Each output unit's gradient kept to a share of the norm of its weights: AGC.

    g becomes g * min(1, max_ratio * max(||w||, epsilon) / ||g||), w the unit's weights; of a
    table, each row's.

    Attributes:
      max_ratio: largest norm of the gradient as a share of the weights'.
      epsilon: least norm of the weights to go by, or what starts at zero stays there.
    """

    max_ratio: Positive = 0.01
    epsilon: Positive = 1e-3
    targets: str = "dense"


@register("clippy", acts="ranker.optim.clip.clippy.ClippyClipper")
class Clippy(Clip):
    """Each update kept, element by element, to a share of its variable plus a floor: Clippy.

    It is scaled by the largest share in [0, 1] with, for every element i,

        share * |update[i]| <= relative * |variable[i]| + absolute
                               + accumulator_relative * precondition[i]

    The direction is kept within a scope: its worst element slows all of it.

    Attributes:
      relative: largest change as a share of |variable|, no unit.
      absolute: added to that bound, in the variable's unit; above 0, or a variable that
        starts at zero never moves. With Adagrad in the standard order no step is above
        the learning rate, so at rates up to `absolute` this clipper does nothing.
      accumulator_relative: else than 0 it needs a rule with a precondition. The bound then
        tightens as the accumulator grows.
      scope: what shares one factor: a "variable", a "layer" (dense variables whose names are
        equal up to the last "/"), a "row" (index on axis 0), or each "coordinate".
    """

    stage: ClassVar[Stage] = "update"
    relative: NonNegative = 0.5
    absolute: Positive = 0.01
    accumulator_relative: NonNegative = 0.0
    scope: Literal["variable", "layer", "row", "coordinate"] = "variable"
    targets: str = "dense"

    def needs(self) -> dict[str, str]:
        """Returns the precondition if the bound goes by it."""
        share = self.accumulator_relative
        is_off = isinstance(share, int | float) and share == 0
        return {} if is_off else {"precondition": f"accumulator_relative is {share}"}


@register("lamb", acts="ranker.optim.clip.lamb.LambClipper")
class Lamb(Clip):
    """Each update set to a share of its variable's norm: LAMB.

    Of a variable w under a rule's direction r and a rate,

        w -= scale * rate * (||w|| / ||r||) * r

    with Euclidean norms over the variable, or over each row touched of a table; the ratio is
    1 if either norm is 0. It may stretch as well as shrink; the clip factor says 1 then.

    Attributes:
      scale: of the learning rate, no unit: mu in the Clippy paper, tried at 0.1, 0.01, 0.001.
    """

    stage: ClassVar[Stage] = "update"
    scale: Positive = 0.01
    targets: str = "dense"


@register("rms", acts="ranker.optim.clip.rms.RmsClipper")
class Rms(Clip):
    """Each variable's update kept to a root mean square: Adafactor's, or StableAdamW's.

    It is scaled by 1 / max(1, RMS / max_rms), where RMS is

        of = "update":    sqrt(mean(U^2)), U the update without the learning rate (Adafactor)
        of = "gradient":  sqrt(mean(g^2 / max(v, epsilon^2))), v the rule's mean of squared
                          gradients, g among them (StableAdamW)

    over the variable, or over the rows touched of a table.

    Attributes:
      max_rms: no unit.
      of: what is measured; "gradient" needs a rule with a mean of squared gradients.
      epsilon: least root of v to divide by, in the gradient's unit.
    """

    stage: ClassVar[Stage] = "update"
    max_rms: Positive = 1.0
    of: Literal["update", "gradient"] = "update"
    epsilon: Positive = 1e-8
    targets: str = "all"

    def needs(self) -> dict[str, str]:
        """Returns the mean of squared gradients if it measures by it."""
        return {"mean_square": f"of is {self.of!r}"} if self.of == "gradient" else {}


@register("cowclip", acts="ranker.optim.clip.cowclip.CowClipClipper")
class CowClip(Clip):
    """Each touched row's gradient kept to a share of the row, for each time it was read: CowClip.

    g becomes g * min(1, limit / ||g||) with

        limit = count * max(max_ratio * ||row||, floor)

    where count is how often the batch read the row; of a table only.

    Attributes:
      max_ratio: largest norm of one read's gradient as a share of the row's norm.
      floor: least limit of one read, in the gradient's unit, or a row that starts at zero
        stays there. The paper has 1e-5 for Criteo, 1e-3 to 1e-4 for Avazu.
    """

    max_ratio: Positive = 1.0
    floor: Positive = 1e-5
    targets: str = "embeddings"
