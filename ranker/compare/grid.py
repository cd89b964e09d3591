"""The runs of a comparison, as settings: pure functions of its config."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ranker.compare.summary import Workload
from ranker.config import knobs, load
from ranker.config.compare import CompareConfig, Safeguard
from ranker.config.settings import RunConfig

TUNE, FINAL = "tune", "final"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """One run of the grid: its place in it, and all its settings.

    Attributes:
      stage: "tune" or "final".
      knob_value: NaN if the safeguard has no knob.
      key: 16 hexadecimal digits of the settings' digest; equal settings are one run.
      form: `ranker.config.knobs.form` of the settings.
    """

    stage: str
    workload: Workload
    safeguard: str
    knob: str
    knob_value: float
    rate: float
    seed: int
    config: RunConfig
    key: str
    form: str


def tuning(config: CompareConfig, folder: Path) -> list[Trial]:
    """Returns the runs that choose knob values: those of safeguards with two values or more.

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
      chosen: workload and safeguard to the knob value that tuning chose.

    Raises:
      ConfigError: naming the setting that does not fit the base.
    """
    return [
        _trial(config, folder, FINAL, workload, safeguard, value, rate, seed)
        for workload, safeguard in itertools.product(_workloads(config), config.safeguards)
        for value in [_value(safeguard, chosen.get((workload, safeguard.name)))]
        for rate, seed in itertools.product(config.rates, config.seeds)
    ]


def count(config: CompareConfig) -> int:
    """Returns the number of runs of both stages."""
    values = sum(len(s.values) for s in config.safeguards if len(s.values) > 1)
    per_rate = values + len(config.safeguards) * len(config.seeds)
    return len(list(_workloads(config))) * len(config.rates) * per_rate


def distinct(trials: Iterable[Trial]) -> list[Trial]:
    """Returns the first trial of each key, those of one form next to each other."""
    by_key = {trial.key: trial for trial in reversed(list(trials))}
    forms: dict[str, list[Trial]] = {}
    for trial in reversed(by_key.values()):
        forms.setdefault(trial.form, []).append(trial)
    return [trial for of_form in forms.values() for trial in of_form]


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
    settings += [f"{safeguard.knob}={value!r}"] if value is not None else []
    settings += [f"{path}={rate!r}" for path in config.rate_settings]
    run = load.load(folder / config.base, [*settings, f"seed={seed}"], RunConfig)
    return Trial(
        stage=stage,
        workload=workload,
        safeguard=safeguard.name,
        knob=safeguard.knob,
        knob_value=float("nan") if value is None else value,
        rate=rate,
        seed=seed,
        config=run,
        key=load.sha256(run)[:16],
        form=knobs.form(run),
    )
