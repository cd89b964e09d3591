"""What a run is: every setting, its default and its range. Standard library only."""

import dataclasses
from typing import Literal

from ranker.config.clip import (
    AdaGcClip,
    AgcClip,
    AutoClipClip,
    ClippyClip,
    ClipSettings,
    CowClipClip,
    GlobalNormClip,
    GradientStabilizerClip,
    LambClip,
    NormClip,
    RmsClip,
    SpamClip,
    ValueClip,
    ZClipClip,
    require_fit,
    spam_of,
)
from ranker.config.guard import DetectSettings, GuardSettings, SkipSettings
from ranker.config.inject import InjectorSettings
from ranker.config.ladder import LadderSettings
from ranker.config.model import (
    DcnInteraction,
    DotInteraction,
    Encoding,
    HashEncoding,
    ModelSettings,
)
from ranker.config.optimizer import (
    GroupSettings,
    OptimizerSettings,
    RuleSettings,
    ScheduleSettings,
)
from ranker.config.ranges import require
from ranker.config.selection import require_kept

__all__ = [
    "AdaGcClip",
    "AgcClip",
    "AutoClipClip",
    "ClipSettings",
    "ClippyClip",
    "CowClipClip",
    "DataSettings",
    "DcnInteraction",
    "DetectSettings",
    "DotInteraction",
    "Encoding",
    "ExportSettings",
    "GlobalNormClip",
    "GradientStabilizerClip",
    "GroupSettings",
    "GuardSettings",
    "HashEncoding",
    "InjectorSettings",
    "LadderSettings",
    "LambClip",
    "ModelSettings",
    "NormClip",
    "ObjectiveSettings",
    "OptimizerSettings",
    "RmsClip",
    "RuleSettings",
    "RunConfig",
    "ScheduleSettings",
    "SkipSettings",
    "SpamClip",
    "TrainSettings",
    "ValueClip",
    "ZClipClip",
    "spam_of",
]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Where the examples are and in what order they come.

    Attributes:
      path: the folder that `pipelines.prepare` wrote.
      features: those to use, by name; empty for all.
      tasks: those to train, by name; empty for all.
      batch_size: examples a batch.
      order: "shuffled" anew each pass, "blocks" (row groups in a drawn order, shuffled inside
        buffers of at most `buffer_examples`), "time" (old to new), or "window" (old to new,
        shuffled inside windows of `window_examples`).
      stream: whether the training split stays on disk: "never"; "always", in any order but
        "shuffled", "time" and "window" if the rows lie in order of time; or "auto", if they
        would take more than half of the free memory. The batches are the same.
      bad_rows: what becomes of a row with a value that cannot be: "refuse" counts it
        and leaves it out, as long as no more than a share `max_bad_rows`, in [0, 1),
        of a split's rows is bad; "fail" ends the run at the first.
    """

    path: str = "data/movielens-100k"
    features: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    batch_size: int = 512
    order: Literal["shuffled", "blocks", "time", "window"] = "shuffled"
    window_examples: int = 0
    buffer_examples: int = 262_144
    stream: Literal["auto", "always", "never"] = "auto"
    bad_rows: Literal["refuse", "fail"] = "refuse"
    max_bad_rows: float = 0.01

    def __post_init__(self) -> None:
        require(self, "batch_size", minimum=1, maximum=10_000_000)
        require(self, "max_bad_rows", minimum=0, below=1)
        require(self, "window_examples", minimum=1 if self.order == "window" else 0)
        require(self, "buffer_examples", minimum=1)
        if self.stream == "always" and self.order == "shuffled":
            raise ValueError(
                f'order must be blocks, time or window, got {self.order!r}, with stream "always"'
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ObjectiveSettings:
    """What is minimised.

    Attributes:
      task_weights: share of each task in the sum; a task not named weighs 1.
      regression: loss of the regression tasks.
      huber_delta: where Huber's error turns straight, in label units.
    """

    task_weights: dict[str, float] = dataclasses.field(default_factory=dict)
    regression: Literal["squared", "huber"] = "squared"
    huber_delta: float = 1.0

    def __post_init__(self) -> None:
        require(self, "huber_delta", above=0)
        for name, weight in self.task_weights.items():
            if weight < 0:
                raise ValueError(f"task_weights.{name} must be >= 0, got {weight}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """How long, and what happens every so many attempts.

    Attributes:
      passes: over the training split; `max_attempts`, if not 0, ends the run earlier.
      attempts_per_call: attempts in one call of the compiled graph.
      log_every_attempts: a line of metrics.jsonl each; 0 for none.
      evaluate_every_attempts: on the validation split; 0 for once a pass.
      checkpoint_every_attempts: 0 for at each evaluation.
      keep_checkpoints: newest ones kept; the best one is kept beside.
      monitor: what chooses the best checkpoint, on validation: "loss" or "task.metric",
        live (docs/measures.md).
      patience_evaluations: evaluations without a better one before an early stop; 0 for never.
    """

    passes: float = 20.0
    max_attempts: int = 0
    attempts_per_call: int = 50
    log_every_attempts: int = 50
    evaluate_every_attempts: int = 0
    checkpoint_every_attempts: int = 0
    keep_checkpoints: int = 2
    monitor: str = "loss"
    patience_evaluations: int = 0

    def __post_init__(self) -> None:
        require(self, "passes", above=0, maximum=1_000_000)
        require(self, "attempts_per_call", minimum=1, maximum=1_000_000)
        require(self, "keep_checkpoints", minimum=1)
        for name in (
            "max_attempts",
            "log_every_attempts",
            "evaluate_every_attempts",
            "checkpoint_every_attempts",
            "patience_evaluations",
        ):
            require(self, name, minimum=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """Whether a SavedModel is made at the end, and its warm-up requests.

    Attributes:
      enabled: whether a completed run exports.
      warmup_requests: kept beside the model and used to check it.
    """

    enabled: bool = True
    warmup_requests: int = 10

    def __post_init__(self) -> None:
        require(self, "warmup_requests", minimum=1, maximum=1000)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A whole run. `seed` decides initial values, order and dropout, bit for bit."""

    seed: int = 0
    data: DataSettings = dataclasses.field(default_factory=DataSettings)
    model: ModelSettings = dataclasses.field(default_factory=ModelSettings)
    objective: ObjectiveSettings = dataclasses.field(default_factory=ObjectiveSettings)
    optimizer: OptimizerSettings = dataclasses.field(default_factory=OptimizerSettings)
    clip: tuple[ClipSettings, ...] = ()
    guard: GuardSettings = dataclasses.field(default_factory=GuardSettings)
    inject: tuple[InjectorSettings, ...] = ()
    train: TrainSettings = dataclasses.field(default_factory=TrainSettings)
    export: ExportSettings = dataclasses.field(default_factory=ExportSettings)

    def __post_init__(self) -> None:
        require(self, "seed", minimum=0)
        ladder = self.guard.ladder
        clips = (*self.clip, ladder.clip) if ladder and ladder.clip else self.clip
        for name in ("dense", "embeddings"):
            require_fit(clips, name, getattr(self.optimizer, name).rule.kind)
        weights = self.objective.task_weights
        require_kept(self.data, self.model, self.inject, weights, self.train.monitor)
