"""Settings to objects: the only module that knows both."""

import dataclasses
from pathlib import Path
from typing import Any

from ranker import model, optim
from ranker.config import load, settings
from ranker.guard import Guard
from ranker.input import BadRows, Encoder, Split, Stream, check_split, read_split, read_vocabularies
from ranker.objective import Objective
from ranker.optim import clip
from ranker.schema import Schema, read_schema
from ranker.train import Checkpoints, Plan, Scorer, Step, check_monitor, restore_checkpoint

SPLITS = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """A run's objects, made from its settings and its data's schema.

    Attributes:
      bad_rows: by split, what was bad in it; filled as splits are read or checked.
    """

    config: settings.RunConfig
    schema: Schema
    vocabularies: dict[str, list[str]]
    encoder: Encoder
    step: Step
    scorer: Scorer
    bad_rows: dict[str, BadRows] = dataclasses.field(default_factory=dict)

    @property
    def model(self) -> model.Ranker:
        """The model that the step trains."""
        return self.step.model

    def check_split(self, name: str) -> None:
        """Reads a split and keeps nothing but what is bad in it; ValueError if too much."""
        self.bad_rows[name] = check_split(
            self._path(name), self.schema, max_bad_rows=self._max_bad_rows
        )

    def split(self, name: str) -> Split:
        """Reads the good rows of "train", "validation" or "test"; ValueError if too few are."""
        split = read_split(
            self._path(name),
            self.schema,
            self.encoder,
            known_users=self.vocabularies[self.schema.feature(self.schema.user).vocabulary],
            max_bad_rows=self._max_bad_rows,
        )
        if split.bad_rows is not None:
            self.bad_rows[name] = split.bad_rows
        return split

    def _path(self, name: str) -> Path:
        return Path(self.config.data.path) / f"{name}.parquet"

    @property
    def _max_bad_rows(self) -> float:
        data = self.config.data
        return 0.0 if data.bad_rows == "fail" else data.max_bad_rows


def build_run(config: settings.RunConfig) -> Run:
    """Returns the objects of a run; reads the schema and the vocabularies, no examples.

    Raises:
      FileNotFoundError: if the data are not prepared.
      ValueError: for settings that do not fit the schema.
    """
    folder = Path(config.data.path)
    schema = select(read_schema(folder / "schema.toml"), config.data)
    check_monitor(config.train.monitor, schema.tasks)
    vocabularies = read_vocabularies(folder, schema)
    encoder = build_encoder(config.model.encoding, schema, vocabularies)
    ranker = build_model(config, schema, encoder.num_rows)
    objective = Objective(
        schema.tasks,
        weights=config.objective.task_weights,
        regression=config.objective.regression,
        huber_delta=config.objective.huber_delta,
    )
    step = Step(
        ranker,
        objective,
        build_optimizer(config, ranker),
        Guard(max_refusals=config.guard.max_refusals),
        seed=config.seed,
    )
    return Run(
        config=config,
        schema=schema,
        vocabularies=vocabularies,
        encoder=encoder,
        step=step,
        scorer=Scorer(ranker, objective, schema),
    )


def load_run(workdir: Path) -> Run:
    """Returns the run in `workdir` with the variables of its best checkpoint.

    Raises:
      FileNotFoundError: if there is no run.
      CheckpointError: if its best checkpoint cannot be restored.
    """
    run = build_run(load.load(workdir / "config.toml", [], settings.RunConfig))
    checkpoints = Checkpoints(workdir / "checkpoints", keep=run.config.train.keep_checkpoints)
    restore_checkpoint(checkpoints.best, run.step.variables)
    return run


def select(schema: Schema, data: settings.DataSettings) -> Schema:
    """Returns `schema` with only the features and tasks that the settings name.

    Raises:
      ValueError: for a name that the schema lacks, or if the user or item is left out.
    """
    columns = {"features": data.features, "tasks": data.tasks}
    kept: dict[str, tuple] = {}
    for kind, wanted in columns.items():
        present = [column.name for column in getattr(schema, kind)]
        for name in wanted:
            if name not in present:
                raise ValueError(f"data.{kind}: no {name!r} in the data; it has {present}")
        wanted = wanted or tuple(present)
        kept[kind] = tuple(c for c in getattr(schema, kind) if c.name in wanted)
    names = {f.name for f in kept["features"]}
    if not {schema.user, schema.item} <= names:
        raise ValueError(f"data.features must hold {schema.user} and {schema.item}, got {names}")
    used = {f.vocabulary for f in kept["features"]}
    vocabularies = {name: size for name, size in schema.vocabularies.items() if name in used}
    return dataclasses.replace(schema, vocabularies=vocabularies, **kept)


def build_encoder(
    encoding: settings.Encoding, schema: Schema, vocabularies: dict[str, list[str]]
) -> Encoder:
    """Returns the encoder: by vocabulary, or by hashing."""
    if isinstance(encoding, settings.HashEncoding):
        return Encoder(schema, vocabularies, num_buckets=encoding.num_buckets)
    return Encoder(schema, vocabularies, num_unknown=encoding.num_unknown)


def build_model(
    config: settings.RunConfig, schema: Schema, num_rows: dict[str, int]
) -> model.Ranker:
    """Returns the model with its initial variables."""
    wanted, seed = config.model, config.seed
    return model.Ranker(
        schema,
        embedding=model.Embedding(
            schema,
            num_rows,
            width=wanted.embedding_width,
            seed=seed,
            scale=wanted.initial_scale,
        ),
        shallow=model.Shallow(
            schema,
            num_rows,
            biases=wanted.shallow.biases,
            has_numeric=wanted.shallow.has_numeric,
            factors=wanted.shallow.factors,
            histories=wanted.shallow.histories,
            seed=seed,
            scale=wanted.shallow.initial_scale,
        ),
        interaction=_interaction(wanted, seed),
        sharing=_sharing(wanted, [task.name for task in schema.tasks], seed),
        tower_units=wanted.tower_units,
        dropout=wanted.dropout,
        has_layer_norm=wanted.has_layer_norm,
        ties=wanted.ties,
        seed=seed,
    )


def build_optimizer(config: settings.RunConfig, ranker: model.Ranker) -> optim.Optimizer:
    """Returns the optimizer of the model's variables, with the clippers in their order."""
    named = {"dense": ranker.dense, "embeddings": ranker.tables}
    groups = []
    for name, variables in named.items():
        group = getattr(config.optimizer, name)
        groups.append(
            optim.Group(
                name=name,
                variables=variables,
                rule=_rule(group.rule),
                schedule=_schedule(group),
                weight_decay=group.weight_decay,
            )
        )
    return optim.Optimizer(groups, clippers=[_clipper(c) for c in config.clip])


def build_stream(config: settings.RunConfig, split: Split) -> Stream:
    """Returns the training batches in their order."""
    return Stream(
        split,
        batch_size=config.data.batch_size,
        seed=config.seed,
        order=config.data.order,
        window_examples=config.data.window_examples,
    )


def build_plan(config: settings.RunConfig, num_examples: int) -> Plan:
    """Returns when what happens, for a training split of `num_examples`."""
    train = config.train
    per_pass = max(1, round(num_examples / config.data.batch_size))
    total = max(1, round(train.passes * per_pass))  # so that the last evaluation ends a pass
    evaluate_every = train.evaluate_every_attempts or per_pass
    return Plan(
        total=min(total, train.max_attempts or total),
        attempts_per_call=train.attempts_per_call,
        evaluate_every=evaluate_every,
        checkpoint_every=train.checkpoint_every_attempts or evaluate_every,
        monitor=train.monitor,
        patience=train.patience_evaluations,
    )


def _plain(variant: Any) -> dict:
    """Returns the settings of a tagged table without its tag: the builder's arguments."""
    fields = {f.name: getattr(variant, f.name) for f in dataclasses.fields(variant)}
    del fields["kind"]
    return fields


def _interaction(wanted: settings.ModelSettings, seed: int) -> model.Interaction:
    match wanted.interaction:
        case settings.DcnInteraction(num_layers=num_layers, projection_width=width):
            return model.Dcn(num_layers=num_layers, projection_width=width or None, seed=seed)
        case settings.DotInteraction():
            return model.Dot(width=wanted.embedding_width, seed=seed)
        case _:
            return model.Concatenation()


def _sharing(wanted: settings.ModelSettings, tasks: list[str], seed: int) -> model.Sharing:
    kinds = {"shared_bottom": model.SharedBottom, "mmoe": model.Mmoe, "ple": model.Ple}
    make = kinds[wanted.sharing.kind]
    return make(tasks, **_plain(wanted.sharing), dropout=wanted.dropout, seed=seed)


def _rule(wanted: settings.RuleSettings) -> optim.Rule:
    kinds = {
        "adagrad": optim.Adagrad,
        "adam": optim.Adam,
        "sgd": optim.Sgd,
        "rmsprop": optim.RmsProp,
    }
    return kinds[wanted.kind](**_plain(wanted))


def _schedule(group: settings.GroupSettings) -> optim.Schedule:
    schedule, rate = group.schedule, group.learning_rate
    if schedule.kind == "constant" and not schedule.warmup_steps:
        return optim.Constant(rate=rate)
    kinds = {
        "constant": optim.WarmUp,
        "cosine": optim.Cosine,
        "inverse_sqrt": optim.InverseSquareRoot,
    }
    return kinds[schedule.kind](rate=rate, **_plain(schedule))


def _clipper(wanted: settings.ClipSettings) -> clip.Clipper:
    kinds = {
        "value": clip.Value,
        "norm": clip.Norm,
        "global_norm": clip.GlobalNorm,
        "agc": clip.Agc,
        "clippy": clip.Clippy,
    }
    return kinds[wanted.kind](**_plain(wanted))
