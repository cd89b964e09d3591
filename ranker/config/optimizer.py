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
        require(self, "epsilon", minimum=0)
        _require_accumulation(self, "initial_accumulator")


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
        if self.nesterov and not self.momentum:
            raise ValueError(f"nesterov needs momentum > 0, got {self.momentum}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class RmspropRule:
    """Tieleman and Hinton 2012."""

    kind: Literal["rmsprop"] = "rmsprop"
    rho: float = 0.9
    momentum: float = 0.0
    initial_mean_square: float = 0.0
    epsilon: float = 1e-7
    order: Order = "standard"
    accumulate: Accumulate = "raw"

    def __post_init__(self) -> None:
        require(self, "rho", minimum=0, below=1)
        require(self, "momentum", minimum=0, below=1)
        require(self, "epsilon", minimum=0)
        _require_accumulation(self, "initial_mean_square")
        if self.order == "delayed" and self.momentum:
            raise ValueError(f"momentum needs order 'standard', got {self.momentum}")


def _require_accumulation(rule: "AdagradRule | RmspropRule", initial: str) -> None:
    """Raises ValueError unless order, accumulate and the start `initial` go together."""
    require(rule, initial, minimum=0)
    start = getattr(rule, initial)
    if rule.order == "delayed" and not start:
        raise ValueError(f"{initial} must be > 0 with order 'delayed', got {start}")
    if not start + rule.epsilon > 0:
        raise ValueError(f"{initial} or epsilon must be > 0, got {start} and {rule.epsilon}")
    if rule.order == "standard" and rule.accumulate == "clipped":
        raise ValueError(f"accumulate 'clipped' needs order 'delayed', got {rule.order!r}")


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
    """Warms up, then falls along a cosine to `final_share` of the rate at `decay_steps`."""

    kind: Literal["cosine"] = "cosine"
    warmup_steps: int = 0
    decay_steps: int = 10_000
    final_share: float = 0.0

    def __post_init__(self) -> None:
        require(self, "warmup_steps", minimum=0)
        require(self, "decay_steps", above=self.warmup_steps)
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
        require(self, "learning_rate", above=0)
        require(self, "weight_decay", minimum=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """The dense variables and the embedding tables, each with settings of its own."""

    dense: GroupSettings = GroupSettings()
    embeddings: GroupSettings = GroupSettings()
