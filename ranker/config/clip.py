"""Settings of the clippers; `ranker.optim.clip` says what each does and its source."""

import dataclasses
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


ClipSettings = ValueClip | NormClip | GlobalNormClip | AgcClip | ClippyClip
