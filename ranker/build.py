"""Settings to objects: the only module that knows both."""

import dataclasses
from pathlib import Path

from ranker import model, optim
from ranker.build_faults import build_faults, build_reordering
from ranker.config import load, settings
from ranker.guard import Guard, Skip
from ranker.input import Encoder, Split, Stream, count_rows, read_split, read_vocabularies
from ranker.knobs import Numbers, arguments, constant
from ranker.numerics import Number
from ranker.objective import Objective
from ranker.optim import clip
from ranker.schema import Schema, read_schema
from ranker.train import Checkpoints, Plan, Scorer, Step, check_monitor

SPLITS = ("train", "validation", "test")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """A run's objects, made from its settings and its data's schema."""

    config: settings.RunConfig
    schema: Schema
    vocabularies: dict[str, list[str]]
    encoder: Encoder
    step: Step
    scorer: Scorer

    @property
    def model(self) -> model.Ranker:
        """The model that the step trains."""
        return self.step.model

    def count_rows(self, name: str) -> int:
        """Returns the number of rows of a split without reading them; ValueError if none."""
        return count_rows(Path(self.config.data.path) / f"{name}.parquet")

    def split(self, name: str) -> Split:
        """Reads "train", "validation" or "test"."""
        users = self.vocabularies[self.schema.feature(self.schema.user).vocabulary]
        path = Path(self.config.data.path) / f"{name}.parquet"
        return read_split(path, self.schema, self.encoder, known_users=users)


def build_run(config: settings.RunConfig, *, numbers: Numbers = constant) -> Run:
    """Returns the objects of a run; reads the schema and the vocabularies, no examples.

    Args:
      numbers: says which settings the graph reads from variables, such as `Knobs`.

    Raises:
      FileNotFoundError: if the data are not prepared.
      ValueError: for settings that do not fit the schema.
    """
    folder = Path(config.data.path)
    schema = read_used_schema(config)
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
    optimizer = build_optimizer(config, ranker, numbers=numbers)
    step = Step(
        ranker,
        objective,
        optimizer,
        build_guard(config.guard, numbers=numbers),
        faults=build_faults(
            config, schema, encoder, optimizer, tables=ranker.tables, numbers=numbers
        ),
        seed=numbers("seed", config.seed),
    )
    return Run(
        config=config,
        schema=schema,
        vocabularies=vocabularies,
        encoder=encoder,
        step=step,
        scorer=Scorer(ranker, objective, schema),
    )


def read_used_schema(config: settings.RunConfig) -> Schema:
    """Returns the schema of the run's data, with the features and tasks alone that it uses.

    Raises:
      FileNotFoundError: if the data are not prepared.
      ValueError: for a feature or task that they lack.
    """
    return select(read_schema(Path(config.data.path) / "schema.toml"), config.data)


def load_run(workdir: Path) -> Run:
    """Returns the run in `workdir` with the variables of its best checkpoint.

    Raises:
      FileNotFoundError: if there is no run.
      CheckpointError: if its best checkpoint is damaged and no other holds the same.
    """
    run = build_run(load.load(workdir / "config.toml", [], settings.RunConfig))
    checkpoints = Checkpoints(workdir / "checkpoints", keep=run.config.train.keep_checkpoints)
    checkpoints.restore_best(run.step.variables)
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


def build_optimizer(
    config: settings.RunConfig, ranker: model.Ranker, *, numbers: Numbers = constant
) -> optim.Optimizer:
    """Returns the optimizer of the model's variables, with the clippers in their order."""
    named = {"dense": ranker.dense, "embeddings": ranker.tables}
    groups = []
    for name, variables in named.items():
        group = getattr(config.optimizer, name)
        spam = settings.spam_of(config.clip, name)
        rate = numbers(f"optimizer.{name}.learning_rate", group.learning_rate)
        groups.append(
            optim.Group(
                name=name,
                variables=variables,
                rule=_rule(group.rule),
                schedule=_restarting(_schedule(group.schedule, rate), spam),
                weight_decay=group.weight_decay,
                reset_every=spam.reset_every if spam else 0,
            )
        )
    clippers = [_clipper(c, f"clip.{place}", numbers) for place, c in enumerate(config.clip)]
    return optim.Optimizer(groups, clippers=clippers)


def build_guard(wanted: settings.GuardSettings, *, numbers: Numbers = constant) -> Guard:
    """Returns the guard, with nothing recorded."""
    skip = Skip(**arguments(wanted.skip, "guard.skip", numbers)) if wanted.skip else None
    return Guard(max_refusals=wanted.max_refusals, skip=skip)


def build_stream(config: settings.RunConfig, split: Split) -> Stream:
    """Returns the training batches in their order, or in that of injected faults."""
    return Stream(
        split,
        batch_size=config.data.batch_size,
        seed=config.seed,
        order=config.data.order,
        window_examples=config.data.window_examples,
        reordering=build_reordering(config, split),
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
    return make(tasks, **arguments(wanted.sharing), dropout=wanted.dropout, seed=seed)


def _rule(wanted: settings.RuleSettings) -> optim.Rule:
    kinds = {
        "adagrad": optim.Adagrad,
        "adam": optim.Adam,
        "sgd": optim.Sgd,
        "rmsprop": optim.RmsProp,
    }
    return kinds[wanted.kind](**arguments(wanted))


def _schedule(schedule: settings.ScheduleSettings, rate: Number) -> optim.Schedule:
    if schedule.kind == "constant" and not schedule.warmup_steps:
        return optim.Constant(rate=rate)
    kinds = {
        "constant": optim.WarmUp,
        "cosine": optim.Cosine,
        "inverse_sqrt": optim.InverseSquareRoot,
    }
    return kinds[schedule.kind](rate=rate, **arguments(schedule))


def _restarting(schedule: optim.Schedule, spam: settings.SpamClip | None) -> optim.Schedule:
    if spam is None:
        return schedule
    return optim.Restarts(schedule=schedule, every=spam.reset_every, warmup_steps=spam.warmup_steps)


def _clipper(wanted: settings.ClipSettings, path: str, numbers: Numbers) -> clip.Clipper:
    kinds = {
        "value": clip.Value,
        "norm": clip.Norm,
        "global_norm": clip.GlobalNorm,
        "agc": clip.Agc,
        "clippy": clip.Clippy,
        "lamb": clip.Lamb,
        "rms": clip.Rms,
        "autoclip": clip.AutoClip,
        "zclip": clip.ZClip,
        "adagc": clip.AdaGc,
        "gradient_stabilizer": clip.GradientStabilizer,
        "spam": clip.Spam,
        "cowclip": clip.CowClip,
    }
    given = arguments(wanted, path, numbers)
    if isinstance(wanted, settings.SpamClip):
        del given["warmup_steps"]  # the schedule's
    return kinds[wanted.kind](**given)
