"""What a run is: every setting, its default and its bounds. No TensorFlow."""

import dataclasses
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt

from ranker.spec import inject_training  # noqa: F401 (it registers its injectors)
from ranker.spec.aggregate import OfGradients
from ranker.spec.clip import Clip
from ranker.spec.clip_by_history import Spam
from ranker.spec.guard import GuardSettings
from ranker.spec.inject import Injector
from ranker.spec.metric import Metric, check_labels
from ranker.spec.model import ModelSettings
from ranker.spec.objective import ObjectiveSettings
from ranker.spec.optimizer import OptimizerSettings, check_fit
from ranker.spec.part import AtLeastOne, Count, Part, declared
from ranker.spec.phases import Phase, check_phases
from ranker.spec.selection import require_kept

GROUPS = ("dense", "embeddings")  # of variables


@declared
class OversampleSettings(Part):
    """Rows with a rare positive label come several times an epoch, each time with less weight.

    Each copy has the row's weights divided by `factor`, so that losses, and what scores are
    calibrated to, stay what they were. Evaluations read every row once, as ever. Not in the order
    "time": all copies of a row would be in one batch.

    Attributes:
      task: the binary task whose positive labels are rare.
      factor: how often a row comes whose label of it is positive.
    """

    task: str
    factor: Annotated[int, Ge(2), Le(1_000)] = 10


@declared
class DataSettings(Part):
    """Where the examples are and in what order they come.

    Attributes:
      path: the folder that `ranker prepare` wrote.
      features: those to use, by name; empty for all.
      tasks: those to train, by name; empty for all.
      batch_size: examples a batch.
      order: "shuffled" anew each epoch, "blocks" (row groups in a drawn order, shuffled inside
        buffers of at most `buffer_examples`), "time" (old to new), or "window" (old to new,
        shuffled inside windows of `window_examples`).
      window_examples: rows of a window, for the order "window".
      buffer_examples: most rows of a buffer, for the order "blocks"; a row group must fit.
      stream: whether the training split stays on disk: "never"; "always", in any order but
        "shuffled", "time" and "window" if the rows lie in order of time; or "auto", if they
        would take more than half of the free memory. The batches are the same.
      rejected_rows: what becomes of a row with a value that cannot be: "refuse" counts it
        and leaves it out, as long as no more than a share `max_rejected_rows` of a split's rows
        is; "fail" ends the run at the first.
      max_rejected_rows: see `rejected_rows`; of the prepared rows, as `ranker prepare` has a share
        of its own, of the raw ones.
      oversample: rare positives of the training split; none for every row once an epoch.
    """

    renamed: ClassVar = {"bad_rows": "rejected_rows", "max_bad_rows": "max_rejected_rows"}
    path: str = "data/movielens-100k"
    features: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    batch_size: Annotated[int, Ge(1), Le(1_000_000)] = 512
    order: Literal["shuffled", "blocks", "time", "window"] = "shuffled"
    window_examples: Count = 0
    buffer_examples: AtLeastOne = 262_144
    stream: Literal["auto", "always", "never"] = "auto"
    rejected_rows: Literal["refuse", "fail"] = "refuse"
    max_rejected_rows: Annotated[float, Ge(0), Lt(1)] = 0.01
    oversample: OversampleSettings | None = None

    def check(self) -> None:
        """Raises ValueError for a window of no rows, or an order that something cannot have."""
        if self.order == "window":
            self.require("window_examples", Ge(1))
        if self.oversample and self.order == "time":
            raise ValueError(
                f"order must be shuffled, blocks or window, got {self.order!r}, with oversample: "
                "all copies of a row would be in one batch, which is the row itself"
            )
        if self.stream == "always" and self.order == "shuffled":
            raise ValueError(
                f'order must be blocks, time or window, got {self.order!r}, with stream "always"'
            )


@declared
class TrainSettings(Part):
    """How long, and what happens every so many attempts.

    Attributes:
      epochs: times over the training split.
      max_attempts: if not 0, ends the run earlier.
      attempts_per_call: attempts in one call of the compiled graph.
      log_every_attempts: a line of metrics.jsonl each; 0 for none.
      evaluate_every_attempts: on the validation split; 0 for once an epoch.
      checkpoint_every_attempts: 0 for at each evaluation.
      keep_checkpoints: newest ones kept; the best one is kept beside.
      monitor: what chooses the best checkpoint, on validation: "loss" or "task.metric",
        live (docs/measures.md).
      patience_evaluations: evaluations without a better one before an early stop; 0 for never.
      start_from: a completed run's directory, to train on from its best checkpoint, which is the
        one that is served; or a checkpoint of a run, such as "runs/a/checkpoints/000000000100";
        "" for initial values. It is read once, when the run begins. Model, features, tasks and
        the statistics that the schema has of them must be the same; all else may differ. Values
        that the vocabularies gained have the rows of a new run.
      start_slots: whether the rules' slots, and the count of steps that goes with them, are
        taken from there ("keep") or begin anew ("reset").
      start_schedule: whether the learning rates' schedules go on where they were there ("keep")
        or begin anew ("restart").
    """

    renamed: ClassVar = {"passes": "epochs"}
    epochs: Annotated[float, Gt(0), Le(1_000_000)] = 20.0
    max_attempts: Count = 0
    attempts_per_call: Annotated[int, Ge(1), Le(1_000_000)] = 50
    log_every_attempts: Count = 50
    evaluate_every_attempts: Count = 0
    checkpoint_every_attempts: Count = 0
    keep_checkpoints: AtLeastOne = 2
    monitor: str = "loss"
    patience_evaluations: Count = 0
    start_from: str = ""
    start_slots: Literal["keep", "reset"] = "keep"
    start_schedule: Literal["keep", "restart"] = "keep"

    def check(self) -> None:
        """Raises ValueError for how to begin where nothing is begun from."""
        for name in ("start_slots", "start_schedule"):
            if not self.start_from and (value := getattr(self, name)) != "keep":
                raise ValueError(f"{name} {value!r} needs start_from, which is empty")


@declared
class ExportSettings(Part):
    """Whether a SavedModel is made at the end, and its warm-up requests.

    Attributes:
      enabled: whether a completed run exports.
      warmup_requests: kept beside the model and used to check it.
    """

    enabled: bool = True
    warmup_requests: Annotated[int, Ge(1), Le(1000)] = 10


@declared
class RunConfig(Part):
    """A whole run.

    Attributes:
      seed: decides initial values, order and dropout, bit for bit.
      plugins: modules that register parts of your own, imported before anything is read.
      data: the examples.
      model: from a batch to logits.
      objective: from logits to losses.
      optimizer: from gradients to updates.
      clip: clippers, in their order; those of gradients come first.
      guard: what is refused, and what follows.
      inject: faults, for comparisons.
      metrics: beside those that every evaluation has.
      phases: of the training, in their order; none for settings that hold throughout.
      train: how long.
      export: the SavedModel.
    """

    seed: Count = 0
    plugins: tuple[str, ...] = ()
    data: DataSettings = dataclasses.field(default_factory=DataSettings)
    model: ModelSettings = dataclasses.field(default_factory=ModelSettings)
    objective: ObjectiveSettings = dataclasses.field(default_factory=ObjectiveSettings)
    optimizer: OptimizerSettings = dataclasses.field(default_factory=OptimizerSettings)
    clip: tuple[Clip, ...] = ()
    guard: GuardSettings = dataclasses.field(default_factory=GuardSettings)
    inject: tuple[Injector, ...] = ()
    metrics: tuple[Metric, ...] = ()
    phases: tuple[Phase, ...] = ()
    train: TrainSettings = dataclasses.field(default_factory=TrainSettings)
    export: ExportSettings = dataclasses.field(default_factory=ExportSettings)

    def check(self) -> None:
        """Raises ValueError for parts that do not go together."""
        named = {f"clip.{index}": clip for index, clip in enumerate(self.clip)}
        if self.guard.recovery and self.guard.recovery.clip:
            named["guard.recovery.clip"] = self.guard.recovery.clip
        for path, clip in named.items():
            _check_targets(path, clip)
            for group in GROUPS:
                check_fit(clip, getattr(self.optimizer, group).rule, group)
        for group in GROUPS:
            _check_spam(self.clip, group)
        named = [("objective.task_weights", n) for n in self.objective.task_weights]
        named += [("objective.losses", n) for n in self.objective.losses]
        for index, phase in enumerate(self.phases):
            named += [(f"phases.{index}.task_weights", name) for name in phase.task_weights]
        if self.data.oversample:
            named.append(("data.oversample.task", self.data.oversample.task))
        require_kept(self.data, self.model, self.inject, named, self.train.monitor)
        has_spam = any(isinstance(clip, Spam) for clip in self.clip)
        check_phases(self.phases, groups=GROUPS, has_spam=has_spam)
        check_labels(self.metrics)
        _check_telemetry(self.objective, self.train.log_every_attempts)


def spam_of(clips: tuple[Clip, ...], group: str) -> Spam | None:
    """Returns the SPAM that applies to a group of variables, or None; the first of several."""
    return next(iter(_spams(clips, group)), None)


def _spams(clips: tuple[Clip, ...], group: str) -> list[Spam]:
    return [c for c in clips if isinstance(c, Spam) and c.targets in ("all", group)]


def _check_spam(clips: tuple[Clip, ...], group: str) -> None:
    for another in _spams(clips, group)[1:]:
        raise ValueError(
            f"clip 'spam' is given twice for {group}, the second time with reset_every "
            f"{another.reset_every}: its slots cannot start over at two paces"
        )


def _check_telemetry(objective: ObjectiveSettings, log_every: int) -> None:
    every, of = objective.telemetry.every_attempts, objective.telemetry.of
    aggregate = objective.aggregate
    if every and isinstance(aggregate, OfGradients) and aggregate.of != of:
        raise ValueError(
            f"objective.telemetry.of {of!r} must be {aggregate.of!r}, as objective.aggregate.of: "
            f"{aggregate.kind} tells what it goes by"
        )
    if every and (not log_every or every % log_every):
        raise ValueError(
            f"objective.telemetry.every_attempts {every} must be a multiple of "
            f"train.log_every_attempts, {log_every}: no other attempt is written down"
        )


def _check_targets(path: str, clip: Clip) -> None:
    allowed = ("embeddings",) if clip.kind == "cowclip" else (*GROUPS, "all")
    if clip.targets not in allowed:
        raise ValueError(f"{path}.targets: {clip.targets!r} is none of {', '.join(allowed)}")
