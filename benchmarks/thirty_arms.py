"""The arms of the thirty nights: how each trains on a day, and what it puts into service."""

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ranker.gate import judge
from ranker.guard import verdict as verdicts
from ranker.guard.guard import Guard
from ranker.input.batch import Batch
from ranker.input.split import Split
from ranker.model.ranker import scores
from ranker.nightly.facts import changes
from ranker.nightly.scores import Labelled, scored
from ranker.spec import load
from ranker.spec.gate import Calibration, Fall, GateSettings, Scores
from ranker.spec.nightly import IntakeSettings
from ranker.spec.run import RunConfig
from ranker.train.actions import Progress
from ranker.train.saving import Saving
from ranker.train.snapshots import MemoryStore
from ranker.train.trainer import Outcome, Trainer
from ranker.wiring.graph_inputs import GraphInputs
from ranker.wiring.model import build_model
from ranker.wiring.recovery import build_recovery
from ranker.wiring.run import build_plan, build_run
from ranker.wiring.training import build_stream

# What this study showed changed two defaults since; it is run with those of before.
INTAKE = IntakeSettings(largest_repeated=1.0)
GATE = GateSettings(checks=(Fall(), Calibration(), Scores()))
State = Mapping[str, np.ndarray]  # of all variables of a step, by name
_OF_ONE_NIGHT = ("attempts", "guard/refused", "guard/refused_in_a_row")

SETTINGS = """
[data]
path = "{path}"
batch_size = 256
order = "time"
[model]
embedding_width = 8
tower_units = [16]
wide = {{factors = 8}}
sharing = {{kind = "mmoe", num_experts = 2, units = [32]}}
[optimizer.dense]
rule = {{kind = "adagrad", initial_accumulator = 1e-6}}
[optimizer.embeddings]
rule = {{kind = "adagrad", initial_accumulator = 1e-6}}
[train]
epochs = 1
attempts_per_call = 10
checkpoint_every_attempts = 20
log_every_attempts = 0
"""
_RECOVERY = (
    "guard.detect={}",
    "guard.recovery={clip = {kind = 'clippy', relative = 0.1, absolute = 0.001, targets = 'all'}, "
    "clip_attempts = 50, recovery_attempts = 100, settle_attempts = 20, healthy_attempts = 60}",
)  # as configs/safeguarded.toml has it


@dataclasses.dataclass(frozen=True, kw_only=True)
class Arm:
    """A way to spend the nights.

    Attributes:
      title: in tables.
      rate: learning rate, as `--tune` found it on other seeds.
      set: settings beside those of all arms.
      is_guarded: whether what is not finite is refused, whether intake and gate judge, and
        whether a night that fails leaves the served model.
    """

    title: str
    rate: float
    set: tuple[str, ...] = ()
    is_guarded: bool = False


_CLIPPY = "clip=[{kind = 'clippy'}]"
ARMS = {
    "plain": Arm(title="Adagrad alone", rate=0.1),
    "norm": Arm(
        title="global norm", rate=0.2, set=("clip=[{kind = 'global_norm', max_norm = 0.1}]",)
    ),
    "clippy": Arm(title="Clippy alone", rate=0.2, set=(_CLIPPY,)),
    "all": Arm(title="everything", rate=0.2, set=(_CLIPPY, *_RECOVERY), is_guarded=True),
}


class DayRows(NamedTuple):
    """A day as it is trained on.

    Attributes:
      train, test: its first 80 % and its last 10 %.
      facts: as `ranker.nightly.facts.facts` returns them.
    """

    train: Split
    test: Split
    facts: Mapping[str, Any]


class Night(NamedTuple):
    """What a night came to.

    Attributes:
      status: "published", "stopped", "diverged" or "refused".
      reason: in words; "" if it published.
      refused: attempts that the guard refused.
    """

    status: str
    reason: str
    refused: int


class Accepting(Guard):
    """The guard of an arm without one: it accepts whatever comes."""

    def judge(self, losses: Any, transaction: Any, *, total: Any = None) -> verdicts.Verdict:
        """Returns that the attempt may be committed."""
        del losses, transaction, total
        return verdicts.accepted()


class Worker:
    """One arm with its compiled step; the nights of one seed at a time.

    The step serves all seeds. Where there is dropout it serves one, since it is compiled with that
    seed's masks: `begin` builds it anew for another.
    """

    def __init__(self, arm: Arm, settings: Path) -> None:
        """Builds the model of `settings`, a file of SETTINGS."""
        self.arm, self._settings = arm, settings
        self._config = self._loaded(arm.rate, ())
        self._build(self._config)
        self._seed = -1
        self._start: dict[str, np.ndarray] = {}  # initial values of that seed
        self._newest: State = {}
        self._served: State = {}
        self._accepted: list[Mapping[str, Any]] = []  # facts of the nights that published

    def _build(self, config: RunConfig) -> None:
        self._inputs = GraphInputs(config)
        self.run = build_run(config, inputs=self._inputs)
        if not self.arm.is_guarded:
            self.run.step.guard = Accepting(max_refusals=1)
        self._fresh = self._state()

    def choose(self, rate: float, *extra: str) -> None:
        """Takes another rate than the arm's own, and settings that are inputs of the graph."""
        self._config = self._loaded(rate, extra)

    def _loaded(self, rate: float, extra: Collection[str]) -> RunConfig:
        rates = [f"optimizer.{group}.learning_rate={rate}" for group in ("dense", "embeddings")]
        return load.load(self._settings, [*self.arm.set, *rates, *extra], RunConfig)

    def begin(self, seed: int) -> None:
        """Forgets the nights before; the next one starts from initial values."""
        if seed != self._seed:
            config = dataclasses.replace(self._config, seed=seed)
            if config.model.dropout:
                self._build(config)
            fresh = build_model(config, self.run.schema, self.run.encoder.num_rows)
            drawn = {f"model/{n}": v.numpy() for n, v in (fresh.tables | fresh.dense).items()}
            self._seed, self._start = seed, {**self._fresh, **drawn}
        self._newest, self._served, self._accepted = self._start, {}, []

    def night(self, day: DayRows, *, seed: int, rate_factor: float = 1.0) -> Night:
        """Trains on a day, from the newest model or, if guarded, from the served one."""
        before = self._accepted[-INTAKE.nights :]
        if self.arm.is_guarded and (unlike := changes(INTAKE, day.facts, before)):
            return Night("stopped", "; ".join(unlike), 0)
        self._assign({**self._newest, **{n: self._start[n] for n in self._start if _is_new(n)}})
        outcome = self._train(day.train, seed, rate_factor)
        refused = int(self.run.step.guard.refused.numpy())
        if outcome.status != "completed":
            return Night("diverged", outcome.reason, refused)
        new = self._state()
        if self.arm.is_guarded and (reason := self._judge(day.test, new)):
            return Night("refused", reason, refused)
        self._newest = self._served = new
        self._accepted.append(day.facts)
        return Night("published", "", refused)

    def serve(self, parts: Collection[Split]) -> dict[str, np.ndarray]:
        """Returns what the served model says of some rows, by task [N]; {} if none is served.

        Of an arm that serves scores that are not finite somebody is told in the day, and it
        starts from initial values in the next night.
        """
        if not self._served:
            return {}
        found = [self._scores(part, self._served) for part in parts]
        joined = {task: np.concatenate([each[task] for each in found]) for task in found[0]}
        if not all(np.isfinite(values).all() for values in joined.values()):
            self._newest = self._start
        return joined

    def _train(self, rows: Split, seed: int, rate_factor: float) -> Outcome:
        config, step = dataclasses.replace(self._config, seed=seed), self.run.step
        self._inputs.assign(_faster(config, rate_factor))
        plan, progress = build_plan(config, len(rows)), Progress()
        store = MemoryStore(names=())
        controller = build_recovery(config, step, store, {})
        saving = Saving(step, store, plan, progress, controller=controller)
        saving.save_start()
        before = int(step.optimizer.step.numpy())
        return Trainer(
            step,
            build_stream(config, rows),
            plan,
            progress=progress,
            actions=[saving.action()] if controller else [],
            controller=controller,
            failure=lambda: (
                "" if int(step.optimizer.step.numpy()) > before else "every attempt was refused"
            ),
            is_ahead=False,
        ).run()

    def _judge(self, rows: Split, new: State) -> str:
        """Returns why the gate refuses the new model; "" if it does not."""
        candidate = self._scores(rows, new)
        served = self._scores(rows, self._served) if self._served else None
        present = {t: rows.rows.weights[t] > 0 for t in candidate}
        labels = {t: np.where(here, rows.rows.labels[t], np.nan) for t, here in present.items()}
        users = np.unique(rows.users, return_inverse=True)[1]
        labelled = Labelled(self.run.schema.tasks, labels, np.ones(len(rows)), users)
        return judge(GATE, scored(labelled, candidate, served)).reason

    def _scores(self, rows: Split, state: State) -> dict[str, np.ndarray]:
        for name, value in state.items():
            if name.startswith("model/"):
                self.run.step.variables[name].assign(value)
        logits = self.run.scorer.logits(rows)
        return {task: each.numpy() for task, each in scores(logits, self.run.schema).items()}

    def _state(self) -> dict[str, np.ndarray]:
        return {name: variable.numpy() for name, variable in self.run.step.variables.items()}

    def _assign(self, state: State) -> None:
        for name, variable in self.run.step.variables.items():
            variable.assign(state[name])


def with_nan(rows: Split, feature: str, row: int) -> Split:
    """Returns the rows with a NaN in one of them, behind all that validates rows."""
    values = rows.rows.features[feature].copy()
    values[row] = np.nan
    batch = Batch(rows.rows.features | {feature: values}, rows.rows.labels, rows.rows.weights)
    return dataclasses.replace(rows, rows=batch)


def _is_new(name: str) -> bool:
    """Whether a variable begins anew every night, as where `train.start_from` begins a run."""
    return name in _OF_ONE_NIGHT or name.startswith("recovery/")


def _faster(config: RunConfig, factor: float) -> RunConfig:
    """Returns the settings with every learning rate times `factor`."""
    groups = {
        name: dataclasses.replace(group, learning_rate=factor * group.learning_rate)
        for name in ("dense", "embeddings")
        for group in (getattr(config.optimizer, name),)
    }
    return dataclasses.replace(config, optimizer=dataclasses.replace(config.optimizer, **groups))
