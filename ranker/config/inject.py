"""Settings of the injectors; `ranker.inject` says what each does and its source."""

import dataclasses
from typing import Literal

from ranker.config.ranges import require

# Of the settings that several injectors have; each may ask for more.
_BOUNDS = {
    "share": {"minimum": 0, "maximum": 1},
    "level": {"minimum": 0},
    "value": {},
    "factor": {},
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class OnceInjector:
    """A fault at one attempt; attempts count from 0."""

    kind: str = ""
    start: int

    def __post_init__(self) -> None:
        require(self, "start", minimum=0)
        for name, bounds in _BOUNDS.items():
            if isinstance(getattr(self, name, None), float):
                require(self, name, **bounds)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RangedInjector(OnceInjector):
    """A fault of the attempts in [start, stop)."""

    stop: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, "stop", above=self.start)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelFlipInjector(RangedInjector):
    """A share of a binary task's labels y becomes 1 - y."""

    kind: Literal["label_flip"] = "label_flip"
    task: str
    share: float = 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExtremeLabelInjector(RangedInjector):
    """A share of a regression task's labels becomes `value`."""

    kind: Literal["extreme_label"] = "extreme_label"
    task: str
    value: float = 1e6
    share: float = 0.01


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelScaleInjector(RangedInjector):
    """A regression task's labels times a factor."""

    kind: Literal["label_scale"] = "label_scale"
    task: str
    factor: float = 1_000.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeatureScaleInjector(RangedInjector):
    """A numeric feature times a factor."""

    kind: Literal["feature_scale"] = "feature_scale"
    feature: str
    factor: float = 1_000.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeatureOutlierInjector(RangedInjector):
    """A share of the rows of a numeric feature becomes `value`."""

    kind: Literal["feature_outlier"] = "feature_outlier"
    feature: str
    value: float = 1e9
    share: float = 0.01


@dataclasses.dataclass(frozen=True, kw_only=True)
class NotFiniteInjector(RangedInjector):
    """A share of the rows of a numeric feature, or of a task's labels, is not finite."""

    kind: Literal["not_finite"] = "not_finite"
    feature: str = ""
    task: str = ""
    value: Literal["nan", "inf", "-inf"] = "nan"
    share: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        if bool(self.feature) == bool(self.task):
            raise ValueError(
                f"feature or task must be given, one of them, "
                f"got {self.feature!r} and {self.task!r}"
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnknownIdsInjector(RangedInjector):
    """A share of the ids of a categorical feature is unknown."""

    kind: Literal["unknown_ids"] = "unknown_ids"
    feature: str
    share: float = 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaskVanishesInjector(RangedInjector):
    """No row has the task's label; one that appears at N vanishes in [0, N)."""

    kind: Literal["task_vanishes"] = "task_vanishes"
    task: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class NoiseInjector(RangedInjector):
    """Gaussian noise on numeric features, sigma = level * the batch's largest |x|."""

    kind: Literal["noise"] = "noise"
    feature: str = "*"
    level: float = 0.05


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaskWeightInjector(RangedInjector):
    """A task's weight in the sum of losses times a factor."""

    kind: Literal["task_weight"] = "task_weight"
    task: str
    factor: float = 100.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, "factor", minimum=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RateScaleInjector(RangedInjector):
    """Every learning rate times a factor."""

    kind: Literal["rate_scale"] = "rate_scale"
    factor: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, "factor", minimum=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShortWarmupInjector(RangedInjector):
    """The schedules run a factor faster: a warm-up of 100 updates takes 100 / factor."""

    kind: Literal["short_warmup"] = "short_warmup"
    factor: float = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, "factor", above=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class GradientSpikeInjector(RangedInjector):
    """The gradients of some variables, or of one row of each, times a factor."""

    kind: Literal["gradient_spike"] = "gradient_spike"
    variable: str = "*"
    row: int | None = None
    factor: float = 1_000.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.row is not None:
            require(self, "row", minimum=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bf16Injector(RangedInjector):
    """The gradients of some variables rounded to bfloat16."""

    kind: Literal["bf16"] = "bf16"
    variable: str = "*"


@dataclasses.dataclass(frozen=True, kw_only=True)
class EmbeddingScaleInjector(OnceInjector):
    """Embedding tables times a factor, once; at attempt 0, larger initial embeddings."""

    kind: Literal["embedding_scale"] = "embedding_scale"
    table: str = "*"
    factor: float = 10.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptimizerResetInjector(OnceInjector):
    """The optimizer's slots back to their initial values, once."""

    kind: Literal["optimizer_reset"] = "optimizer_reset"
    slot: str = "*"


@dataclasses.dataclass(frozen=True, kw_only=True)
class OrderShiftInjector(RangedInjector):
    """Batches come by time, or by the age of the item, from the beginning of that order."""

    kind: Literal["order_shift"] = "order_shift"
    order: Literal["time", "item_age"] = "time"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RepeatedShardInjector(RangedInjector):
    """Batches repeat the last `batches` before `start`."""

    kind: Literal["repeated_shard"] = "repeated_shard"
    batches: int = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self, "batches", minimum=1, maximum=self.start)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RepeatedRowInjector(RangedInjector):
    """Every row of the batches is the first that they would have had."""

    kind: Literal["repeated_row"] = "repeated_row"


InjectorSettings = (
    LabelFlipInjector
    | ExtremeLabelInjector
    | LabelScaleInjector
    | FeatureScaleInjector
    | FeatureOutlierInjector
    | NotFiniteInjector
    | UnknownIdsInjector
    | TaskVanishesInjector
    | NoiseInjector
    | TaskWeightInjector
    | RateScaleInjector
    | ShortWarmupInjector
    | GradientSpikeInjector
    | Bf16Injector
    | EmbeddingScaleInjector
    | OptimizerResetInjector
    | OrderShiftInjector
    | RepeatedShardInjector
    | RepeatedRowInjector
)
