"""The runs of a comparison, as settings: pure functions of its config."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ranker.compare.summary import Workload
from ranker.files import digest
from ranker.spec import graph_inputs, load
from ranker.spec.compare import CompareConfig, Safeguard
from ranker.spec.run import RunConfig, TrainSettings

TUNE, FINAL = "tune", "final"
DIGITS = 16  # of a digest, in a key


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """One run of the grid: its index in it, and all its settings.

    Attributes:
      stage: "tune" or "final".
      tuned_value: NaN if the safeguard has no tuned setting.
      settings: 16 hexadecimal digits of the settings' digest.
      data: as many of the data's; "" until `identity.Data` has named them.
      key: as many of both; equal keys are one run.
      graph_signature: `ranker.spec.graph_inputs.signature` of the settings.
    """

    stage: str
    workload: Workload
    safeguard: str
    tune: str
    tuned_value: float
    rate: float
    seed: int
    config: RunConfig
    settings: str
    data: str = ""
    key: str
    graph_signature: str

    def of_data(self, data: str) -> "Trial":
        """Returns this trial on the data with the digest `data`."""
        key = digest(f"{self.settings} {data}")[:DIGITS]
        return dataclasses.replace(self, data=data, key=key)


def tuning(config: CompareConfig, folder: Path) -> list[Trial]:
    """Returns the runs that tune: those of safeguards with two values or more.

    Args:
      folder: what `config.base` is relative to.

    Raises:
      ConfigError: naming the setting that does not fit the base.
    """
    tuned = [s for s in config.safeguards if len(s.values) > 1]
    cells = itertools.product(_workloads(config), tuned)
    return [
        _trial(config, folder, TUNE, workload, safeguard, value, rate, config.tuning_seed)
        for workload, safeguard in cells
        for value in safeguard.values
        for rate in config.rates
    ]


def finals(
    config: CompareConfig, folder: Path, chosen: Mapping[tuple[Workload, str], float]
) -> list[Trial]:
    """Returns the runs that count.

    Args:
      chosen: workload and safeguard to the tuned setting value that tuning chose.

    Raises:
      ConfigError: naming the setting that does not fit the base.
    """
    return [
        _trial(config, folder, FINAL, workload, safeguard, value, rate, seed)
        for workload, safeguard in itertools.product(_workloads(config), config.safeguards)
        for value in [_value(safeguard, chosen.get((workload, safeguard.name)))]
        for rate, seed in itertools.product(config.rates, config.seeds)
    ]


def possible(config: CompareConfig, folder: Path) -> list[Trial]:
    """Returns the runs of both stages, those that count for every choice that tuning has."""
    most = max(1, *(len(safeguard.values) for safeguard in config.safeguards))
    finals_of_each = [
        finals(config, folder, {
            (workload, s.name): s.values[min(index, len(s.values) - 1)]
            for workload, s in itertools.product(_workloads(config), config.safeguards)
            if s.values
        })
        for index in range(most)
    ]  # fmt: skip
    return [*tuning(config, folder), *itertools.chain.from_iterable(finals_of_each)]


def count(config: CompareConfig) -> int:
    """Returns the number of runs of both stages."""
    values = sum(len(s.values) for s in config.safeguards if len(s.values) > 1)
    per_rate = values + len(config.safeguards) * len(config.seeds)
    return len(list(_workloads(config))) * len(config.rates) * per_rate


def distinct(trials: Iterable[Trial]) -> list[Trial]:
    """Returns the first trial of each key, those of one graph next to each other."""
    by_key = {trial.key: trial for trial in reversed(list(trials))}
    signatures: dict[str, list[Trial]] = {}
    for trial in reversed(by_key.values()):
        signatures.setdefault(trial.graph_signature, []).append(trial)
    return [trial for of_one in signatures.values() for trial in of_one]


def _workloads(config: CompareConfig) -> Iterator[Workload]:
    parts = itertools.product(config.models, config.optimizers, config.injectors)
    return (Workload(*(part.name for part in each)) for each in parts)


def _value(safeguard: Safeguard, chosen: float | None) -> float | None:
    if chosen is not None or not safeguard.values:
        return chosen
    return safeguard.values[0]


def _trial(
    config: CompareConfig,
    folder: Path,
    stage: str,
    workload: Workload,
    safeguard: Safeguard,
    value: float | None,
    rate: float,
    seed: int,
) -> Trial:
    parts = zip(workload, (config.models, config.optimizers, config.injectors), strict=True)
    variants = [next(v for v in variants if v.name == name) for name, variants in parts]
    settings = [*config.set, *(s for variant in variants for s in variant.set), *safeguard.set]
    settings += [f"{safeguard.tune}={value!r}"] if value is not None else []
    settings += [f"{path}={rate!r}" for path in config.rate_settings]
    run = load.load(folder / config.base, [*settings, f"seed={seed}"], RunConfig)
    _require_used(run, config.primary)
    settings_digest = load.sha256(run)[:DIGITS]
    return Trial(
        stage=stage,
        workload=workload,
        safeguard=safeguard.name,
        tune=safeguard.tune,
        tuned_value=float("nan") if value is None else value,
        rate=rate,
        seed=seed,
        config=run,
        settings=settings_digest,
        key=settings_digest,
        graph_signature=graph_inputs.signature(run),
    )


def _require_used(run: RunConfig, primary: str) -> None:
    """Refuses what a base may say and no comparison does, rather than leave it out unsaid."""
    train, default = run.train, TrainSettings()
    if train.monitor not in (default.monitor, primary):
        raise load.ConfigError(
            f"train.monitor is {train.monitor!r}, but in a comparison primary, {primary!r}, "
            "chooses the best evaluation: set primary to it, or leave train.monitor out"
        )
    if train.start_from:
        raise load.ConfigError(
            f"train.start_from is {train.start_from!r}, but every run of a comparison trains from "
            "its start: leave it out"
        )
    if train.patience_evaluations:
        raise load.ConfigError(
            f"train.patience_evaluations is {train.patience_evaluations}, but no run of a "
            "comparison stops early: set it to 0"
        )
