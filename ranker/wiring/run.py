"""A run's settings to its objects."""

import dataclasses
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ranker.guard.detector import Detector
from ranker.guard.guard import Guard
from ranker.input.encode import Encoder
from ranker.input.oversample import Oversampling
from ranker.input.row_validator import SplitAccount
from ranker.input.shards import split_path
from ranker.input.split import Split, check_split, read_split, read_vocabularies
from ranker.model.ranker import Ranker
from ranker.objective.aggregate.aggregation import Aggregation, Context
from ranker.objective.losses import Objective
from ranker.schema import Schema, read_schema
from ranker.spec.aggregate import OfGradients
from ranker.spec.guard import GuardSettings
from ranker.spec.objective import TelemetrySettings
from ranker.spec.part import actor
from ranker.spec.phases import check_reached, weights_of
from ranker.spec.run import DataSettings, RunConfig
from ranker.train.controls import Controls
from ranker.train.evaluation import Evaluation, check_monitor, check_requests
from ranker.train.identity import Identity
from ranker.train.monitor import check_measurable
from ranker.train.plan import Plan
from ranker.train.reduce import Share
from ranker.train.scoring import Scorer
from ranker.train.step import Step
from ranker.wiring.faults import build_faults
from ranker.wiring.graph_inputs import GraphInputs
from ranker.wiring.model import build_encoder, build_model
from ranker.wiring.optimizer import build_optimizer


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """A run's objects, made from its settings and its data's schema.

    Attributes:
      identity: its settings and its data, once they have been digested.
      unfinished: how far it is, if it is read from a directory where it is not over; else "".
      start: of which other run's checkpoint it began, as `begin` says; else empty.
      rejected_rows: by split, what was bad in it; filled as splits are read or checked.
    """

    config: RunConfig
    schema: Schema
    vocabularies: dict[str, list[str]]
    encoder: Encoder
    step: Step
    scorer: Scorer
    identity: Identity | None = None
    unfinished: str = ""
    start: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    rejected_rows: dict[str, SplitAccount] = dataclasses.field(default_factory=dict)

    @property
    def model(self) -> Ranker:
        """The model that the step trains."""
        return self.step.model

    def check_split(self, name: str) -> None:
        """Reads a split and keeps nothing but what is rejected; ValueError if too much."""
        self.rejected_rows[name] = check_split(
            self.path(name),
            self.schema,
            max_rejected_rows=self.max_rejected_rows,
            with_frozen=name != "train",
        )

    def evaluate(self, name: str) -> Evaluation:
        """Evaluates the variables as they are on a split; ValueError if too few rows are good.

        Of a held-out split also with the features of each user's past frozen: before the
        training split there is no past. With how the scores are distributed.
        """
        return self.scorer.evaluate(
            self.split(name), with_frozen=name != "train", with_distributions=True
        )

    def split(self, name: str) -> Split:
        """Reads the good rows of "train", "validation" or "test"; ValueError if too few are."""
        split = read_split(
            self.path(name),
            self.schema,
            self.encoder,
            known_users=self.vocabularies[self.schema.feature(self.schema.user).vocabulary],
            max_rejected_rows=self.max_rejected_rows,
            with_frozen=name != "train",
        )
        if split.rejected_rows is not None:
            self.rejected_rows[name] = split.rejected_rows
        return split

    def training(self) -> Split:
        """Reads the training split, with the copies of what is oversampled."""
        oversampling, split = build_oversampling(self.config, self.schema), self.split("train")
        return split.copied(oversampling) if oversampling else split

    def validation(self) -> Split:
        """Reads validation; ValueError, too, if its rows do not define what chooses the best."""
        split = self.split("validation")
        where = str(self.path("validation"))
        check_measurable(
            self.config.train.monitor, self.schema, split, where=where, extra=self.config.metrics
        )
        return split

    def path(self, name: str) -> Path:
        """Returns where a split is: a Parquet file, or a folder of them."""
        return split_path(Path(self.config.data.path), name)

    @property
    def max_rejected_rows(self) -> float:
        """The largest share of a split's rows that may be rejected."""
        data = self.config.data
        return 0.0 if data.rejected_rows == "fail" else data.max_rejected_rows


def build_run(
    config: RunConfig, *, inputs: GraphInputs | None = None, share: Share | None = None
) -> Run:
    """Returns the objects of a run; reads the schema and the vocabularies, no examples.

    Args:
      inputs: of this config, if the graph is to read them from variables.
      share: of every batch that this worker has, if several train the run.

    Raises:
      FileNotFoundError: if the data are not prepared.
      ValueError: for settings that do not fit the schema.
    """
    schema = read_used_schema(config)
    check_monitor(config.train.monitor, schema.tasks, extra=config.metrics)
    check_requests(config.metrics, schema)
    vocabularies = read_vocabularies(Path(config.data.path), schema)
    encoder = build_encoder(config.model.encoding, schema, vocabularies)
    ranker = build_model(config, schema, encoder.num_rows)
    objective = build_objective(config, schema)
    bound = inputs.config if inputs else config
    controls = Controls() if config.guard.recovery else None
    optimizer = build_optimizer(
        bound, ranker, is_clipping=controls.is_clipping if controls else None
    )
    step = Step(
        ranker,
        objective,
        optimizer,
        build_guard(bound.guard),
        faults=build_faults(bound, schema, encoder, optimizer, tables=ranker.tables),
        aggregation=build_aggregation(config, schema, bound.seed),
        detector=build_detector(config.guard, schema, objective),
        controls=controls,
        seed=bound.seed,
        share=share,
        measuring=measuring_of(config),
        log_every=config.train.log_every_attempts,
    )
    return Run(
        config=config,
        schema=schema,
        vocabularies=vocabularies,
        encoder=encoder,
        step=step,
        scorer=Scorer(ranker, objective, schema, extra=config.metrics),
    )


def build_oversampling(config: RunConfig, schema: Schema) -> Oversampling | None:
    """Returns what repeats rows of the training split; ValueError unless its task is binary."""
    wanted = config.data.oversample
    if wanted is None:
        return None
    names = [task.name for task in schema.tasks if task.kind == "binary"]
    if wanted.task not in names:
        near = difflib.get_close_matches(wanted.task, names, n=1)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(
            f"data.oversample.task: no binary task {wanted.task!r}; there are: "
            f"{', '.join(names)}{meant}"
        )
    return Oversampling(wanted.task, wanted.factor)


def build_objective(config: RunConfig, schema: Schema) -> Objective:
    """Returns the tasks' losses and weights; ValueError for a task that there is not."""
    wanted = config.objective
    return Objective(
        schema.tasks,
        weights=wanted.task_weights,
        binary=wanted.binary,
        regression=wanted.regression,
        losses=wanted.losses,
        by_phase=weights_of(wanted.task_weights, config.phases),
    )


def build_aggregation(config: RunConfig, schema: Schema, seed: int) -> Aggregation:
    """Returns what makes one gradient of the tasks'.

    Raises:
      ValueError: for too few tasks to compare, or too many.
    """
    wanted, tasks = config.objective.aggregate, tuple(task.name for task in schema.tasks)
    least, most = wanted.least_tasks, wanted.most_tasks or len(tasks)
    if not least <= len(tasks) <= most:
        bound = f"{least} tasks or more" if len(tasks) < least else f"at most {most} tasks"
        raise ValueError(
            f"objective.aggregate {wanted.kind!r} is for {bound}; there is "
            f"{', '.join(map(repr, tasks))}"
        )
    if config.objective.telemetry.every_attempts and len(tasks) < 2:
        raise ValueError(
            "objective.telemetry compares gradients of two tasks or more; there is "
            f"{', '.join(map(repr, tasks))}"
        )
    return actor(wanted)(wanted, Context(tasks=tasks, seed=seed))


def measuring_of(config: RunConfig) -> TelemetrySettings | None:
    """Returns when gradients are measured beside; None where the method does, at every attempt."""
    is_told = isinstance(config.objective.aggregate, OfGradients)
    return None if is_told else config.objective.telemetry


def read_used_schema(config: RunConfig) -> Schema:
    """Returns the schema of the run's data, with the features and tasks alone that it uses.

    Raises:
      FileNotFoundError: if the data are not prepared.
      ValueError: for a feature or task that they lack.
    """
    return select(read_schema(Path(config.data.path) / "schema.toml"), config.data)


def select(schema: Schema, data: DataSettings) -> Schema:
    """Returns `schema` with only the features and tasks that the settings name.

    Raises:
      ValueError: for a name that the schema lacks, or if the user or item is left out.
    """
    columns = {"features": data.features, "tasks": data.tasks}
    kept: dict[str, tuple] = {}
    unknown = []
    for kind, wanted in columns.items():
        present = [column.name for column in getattr(schema, kind)]
        if missing := [repr(name) for name in wanted if name not in present]:
            unknown.append(f"data.{kind}: no {', '.join(missing)} in the data; it has {present}")
        wanted = wanted or tuple(present)
        kept[kind] = tuple(c for c in getattr(schema, kind) if c.name in wanted)
    if unknown:
        raise ValueError("; ".join(unknown))
    names = {f.name for f in kept["features"]}
    if not {schema.user, schema.item} <= names:
        raise ValueError(f"data.features must hold {schema.user} and {schema.item}, got {names}")
    used = {f.vocabulary for f in kept["features"]}
    vocabularies = {name: size for name, size in schema.vocabularies.items() if name in used}
    return dataclasses.replace(schema, vocabularies=vocabularies, **kept)


def build_guard(wanted: GuardSettings) -> Guard:
    """Returns the guard, with nothing recorded."""
    return Guard(max_refusals=wanted.max_refusals, spike_filter=wanted.spike_filter)


def build_detector(wanted: GuardSettings, schema: Schema, objective: Objective) -> Detector | None:
    """Returns the detector of the tasks of `schema`, with nothing seen; None if it is off."""
    if wanted.detect is None:
        return None
    is_binary = [task.kind == "binary" for task in schema.tasks]
    return Detector(wanted.detect, is_binary=is_binary, bases=objective.constant_losses())


def build_plan(config: RunConfig, num_examples: int) -> Plan:
    """Returns when what happens, for a training split of `num_examples`.

    Raises:
      ValueError: for a phase that begins only after the end.
    """
    train = config.train
    per_epoch = max(1, round(num_examples / config.data.batch_size))
    total = max(1, round(train.epochs * per_epoch))  # so that the last evaluation ends an epoch
    total = min(total, train.max_attempts or total)
    check_reached(config.phases, total)
    evaluate_every = train.evaluate_every_attempts or per_epoch
    return Plan(
        total=total,
        attempts_per_call=train.attempts_per_call,
        evaluate_every=evaluate_every,
        checkpoint_every=train.checkpoint_every_attempts or evaluate_every,
        monitor=train.monitor,
        patience=train.patience_evaluations,
    )
