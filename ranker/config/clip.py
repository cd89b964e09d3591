"""Settings of the clippers; `ranker.optim.clip` says what each does and its source."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

from ranker.config.ranges import require

Targets = Literal["dense", "embeddings", "all"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ValueClip:
    """Each element of a gradient kept in [-max_value, max_value]."""

    kind: Literal["value"] = "value"
    max_value: float = 1.0
    targets: Targets = "all"

    def __post_init__(self) -> None:
        require(self, "max_value", above=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NormClip:
    """Each variable's gradient kept to a Euclidean norm of `max_norm`."""

    kind: Literal["norm"] = "norm"
    max_norm: float = 0.1
    targets: Targets = "all"

    def __post_init__(self) -> None:
        require(self, "max_norm", above=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GlobalNormClip:
    """All gradients together, touched rows included, kept to a norm of `max_norm`."""

    kind: Literal["global_norm"] = "global_norm"
    max_norm: float = 1.0
    targets: Targets = "all"

    def __post_init__(self) -> None:
        require(self, "max_norm", above=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AgcClip:
    """Each output unit's gradient kept to `max_ratio` of the unit's norm."""

    kind: Literal["agc"] = "agc"
    max_ratio: float = 0.01
    epsilon: float = 1e-3
    targets: Targets = "dense"

    def __post_init__(self) -> None:
        require(self, "max_ratio", above=0)
        require(self, "epsilon", above=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClippyClip:
    """Each update kept, element by element, to a share of its variable plus a floor."""

    kind: Literal["clippy"] = "clippy"
    relative: float = 0.5
    absolute: float = 0.01
    accumulator_relative: float = 0.0
    scope: Literal["variable", "layer", "row", "coordinate"] = "variable"
    targets: Targets = "dense"

    def __post_init__(self) -> None:
        require(self, "relative", minimum=0)
        require(self, "absolute", above=0)
        require(self, "accumulator_relative", minimum=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LambClip:
    """Each update set to `scale` times the rate times its variable's norm: LAMB."""

    kind: Literal["lamb"] = "lamb"
    scale: float = 0.01
    targets: Targets = "dense"

    def __post_init__(self) -> None:
        require(self, "scale", above=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RmsClip:
    """Each variable's update, or gradient over its second moment, kept to a mean square."""

    kind: Literal["rms"] = "rms"
    max_rms: float = 1.0
    of: Literal["update", "gradient"] = "update"
    epsilon: float = 1e-8
    targets: Targets = "all"

    def __post_init__(self) -> None:
        require(self, "max_rms", above=0)
        require(self, "epsilon", above=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AutoClipClip:
    """All gradients together kept to a percentile of the last `window` norms."""

    kind: Literal["autoclip"] = "autoclip"
    percentile: float = 10.0
    window: int = 1000
    targets: Targets = "all"

    def __post_init__(self) -> None:
        require(self, "percentile", above=0, below=100)
        require(self, "window", minimum=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ZClipClip:
    """All gradients together brought back where their norm is an outlier among the last."""

    kind: Literal["zclip"] = "zclip"
    alpha: float = 0.97
    max_z: float = 2.5
    max_norm: float = 1.0
    warmup_steps: int = 25
    targets: Targets = "all"

    def __post_init__(self) -> None:
        require(self, "alpha", minimum=0, below=1)
        require(self, "max_z", above=0)
        require(self, "max_norm", above=0)
        require(self, "warmup_steps", minimum=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdaGcClip:
    """Each variable's gradient kept to `max_ratio` of its usual norm."""

    kind: Literal["adagc"] = "adagc"
    max_ratio: float = 1.05
    max_norm: float = 1.0
    beta: float = 0.98
    warmup_steps: int = 100
    targets: Targets = "all"

    def __post_init__(self) -> None:
        require(self, "max_ratio", above=0)
        require(self, "max_norm", above=0)
        require(self, "beta", minimum=0, below=1)
        require(self, "warmup_steps", minimum=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GradientStabilizerClip:
    """Each variable's gradient given a length near 1, from the moments of its norm."""

    kind: Literal["gradient_stabilizer"] = "gradient_stabilizer"
    gamma_1: float = 0.6
    gamma_2: float = 0.999
    targets: Targets = "all"

    def __post_init__(self) -> None:
        require(self, "gamma_1", minimum=0, below=1)
        require(self, "gamma_2", minimum=0, below=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpamClip:
    """SPAM, whole: elements of a gradient kept to a share of their second moment, and the
    rule of the groups it applies to starting over again and again.

    Attributes:
      threshold: of a squared element to its mean square.
      reset_every: steps after which the rule's slots start over.
      rest_steps: after that, in which nothing is clipped.
      warmup_steps: after that, in which the learning rate rises anew.
    """

    kind: Literal["spam"] = "spam"
    threshold: float = 5000.0
    reset_every: int = 500
    rest_steps: int = 20
    warmup_steps: int = 150
    targets: Targets = "dense"

    def __post_init__(self) -> None:
        require(self, "threshold", above=0)
        require(self, "rest_steps", minimum=0)
        require(self, "warmup_steps", minimum=0)
        require(self, "reset_every", above=max(self.rest_steps, self.warmup_steps))


@dataclasses.dataclass(frozen=True, kw_only=True)
class CowClipClip:
    """Each touched row's gradient kept to `max_ratio` of the row, for each time it came."""

    kind: Literal["cowclip"] = "cowclip"
    max_ratio: float = 1.0
    floor: float = 1e-5
    targets: Literal["embeddings"] = "embeddings"

    def __post_init__(self) -> None:
        require(self, "max_ratio", above=0)
        require(self, "floor", above=0)


ClipSettings = (
    ValueClip
    | NormClip
    | GlobalNormClip
    | AgcClip
    | ClippyClip
    | LambClip
    | RmsClip
    | AutoClipClip
    | ZClipClip
    | AdaGcClip
    | GradientStabilizerClip
    | SpamClip
    | CowClipClip
)


def spam_of(clips: Sequence[ClipSettings], group: str) -> SpamClip | None:
    """Returns the SPAM settings that apply to a group, or None; the first, if there are more."""
    spams = (c for c in clips if isinstance(c, SpamClip) and c.targets in ("all", group))
    return next(spams, None)


def require_fit(clips: Sequence[ClipSettings], group: str, rule: str) -> None:
    """Raises ValueError if what clips a group cannot work with the kind of its rule."""
    for clip in clips:
        if clip.targets not in ("all", group):
            continue
        match clip:
            case ClippyClip() if clip.accumulator_relative and rule in ("adam", "sgd"):
                raise ValueError(
                    f"clip.accumulator_relative is {clip.accumulator_relative}, but the rule "
                    f"of {group}, {rule}, has no accumulator"
                )
            case RmsClip(of="gradient") | SpamClip() if rule not in ("adam", "rmsprop"):
                raise ValueError(
                    f"clip {clip.kind!r} goes by a mean of squared gradients, but the rule of "
                    f"{group}, {rule}, has none; adam and rmsprop have"
                )
            case SpamClip() if clip is not spam_of(clips, group):
                raise ValueError(
                    f"clip 'spam' is given twice for {group}, the second time with reset_every "
                    f"{clip.reset_every}: its slots cannot start over at two paces"
                )
