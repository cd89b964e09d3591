"""Settings of the optimizers and their schedules."""

import dataclasses
from typing import Literal

from ranker.config.ranges import require

Order = Literal["standard", "delayed"]
Accumulate = Literal["raw", "clipped"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdagradRule:
    """Duchi et al. 2011. `order` and `accumulate` are Clippy's: see `ranker.optim`."""

    kind: Literal["adagrad"] = "adagrad"
    initial_accumulator: float = 0.1
    epsilon: float = 1e-7
    order: Order = "standard"
    accumulate: Accumulate = "raw"

    def __post_init__(self) -> None:
        require(self, "initial_accumulator", minimum=0)
        require(self, "epsilon", minimum=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdamRule:
    """Kingma and Ba 2015."""

    kind: Literal["adam"] = "adam"
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        require(self, "beta_1", minimum=0, below=1)
        require(self, "beta_2", minimum=0, below=1)
        require(self, "epsilon", above=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SgdRule:
    """Gradient descent, with heavy-ball or Nesterov momentum."""

    kind: Literal["sgd"] = "sgd"
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        require(self, "momentum", minimum=0, below=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RmspropRule:
    """Tieleman and Hinton 2012."""

    kind: Literal["rmsprop"] = "rmsprop"
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    order: Order = "standard"
    accumulate: Accumulate = "raw"

    def __post_init__(self) -> None:
        require(self, "rho", minimum=0, below=1)
        require(self, "momentum", minimum=0, below=1)
        require(self, "epsilon", above=0)


RuleSettings = AdagradRule | AdamRule | SgdRule | RmspropRule


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConstantSchedule:
    """The same rate throughout, after a linear warm-up."""

    kind: Literal["constant"] = "constant"
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        require(self, "warmup_steps", minimum=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CosineSchedule:
    """Falls along a cosine to `final_share` of the rate at `decay_steps`."""

    kind: Literal["cosine"] = "cosine"
    warmup_steps: int = 0
    decay_steps: int = 10_000
    final_share: float = 0.0

    def __post_init__(self) -> None:
        require(self, "warmup_steps", minimum=0)
        require(self, "decay_steps", minimum=1)
        require(self, "final_share", minimum=0, maximum=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class InverseSqrtSchedule:
    """Falls with the square root of the step, from the end of the warm-up."""

    kind: Literal["inverse_sqrt"] = "inverse_sqrt"
    warmup_steps: int = 1_000

    def __post_init__(self) -> None:
        require(self, "warmup_steps", minimum=1)


ScheduleSettings = ConstantSchedule | CosineSchedule | InverseSqrtSchedule


@dataclasses.dataclass(frozen=True, kw_only=True)
class GroupSettings:
    """How one group of variables is trained.

    Attributes:
      learning_rate: the highest rate of the schedule.
      weight_decay: share of a variable (of a touched row) subtracted each step,
        times the rate; inside what is clipped and judged.
    """

    rule: RuleSettings = AdagradRule()
    learning_rate: float = 0.05
    schedule: ScheduleSettings = ConstantSchedule()
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        require(self, "learning_rate", minimum=0)
        require(self, "weight_decay", minimum=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """The dense variables and the embedding tables, each with settings of its own."""

    dense: GroupSettings = GroupSettings()
    embeddings: GroupSettings = GroupSettings()
