"""What a comparison is: safeguards by rates by workloads by seeds. No TensorFlow."""

import dataclasses
import itertools
import math
from typing import ClassVar

from ranker.spec.part import AtLeastOne, Count, Part, declared

NO_FAULT = "none"


@declared
class Variant(Part):
    """One model, optimizer or injector of the grid.

    Attributes:
      name: as tables and the report call it; "none" is the injector that injects nothing.
      set: settings laid over the base, each "section.name=value" as `--set` takes it.
    """

    name: str
    set: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises ValueError for what does not go together."""
        _require_name(self.name)


@declared
class Safeguard(Part):
    """What is compared: named settings, and the one among them that is tuned.

    Attributes:
      name: as tables and the report call it.
      set: settings laid over the base, each "section.name=value" as `--set` takes it.
      title: a line for the report; the name if not given.
      tune: path of its own setting that is tuned, such as "clip.0.max_norm"; "" for none.
      values: of that setting, in the order of preference at a tie; with one nothing is tuned.
    """

    renamed: ClassVar = {"knob": "tune"}
    name: str
    title: str = ""
    set: tuple[str, ...] = ()
    tune: str = ""
    values: tuple[float, ...] = ()

    def check(self) -> None:
        """Raises ValueError for what does not go together."""
        _require_name(self.name)
        if bool(self.tune) != bool(self.values):
            raise ValueError(f"tune {self.tune!r} has values {self.values}: give both or none")
        _require_distinct("values", self.values)
        if self.tune and not all(math.isfinite(value) for value in self.values):
            raise ValueError(f"values must be finite, got {self.values}")


@declared
class CompareConfig(Part):
    """A whole comparison.

    Every safeguard runs at every rate, on every workload (model, optimizer, injector), with
    every seed. One with a tuned setting runs first at each of its values, with `tuning_seed`; the
    value that does best on validation, at its own best rate, is used with `seeds`.

    Attributes:
      base: TOML file of a run, relative to this file.
      set: settings laid over it in every run, each "section.name=value".
      rates: learning rates, rising; a geometric series of at least 7 shows a range.
      rate_settings: paths that get the rate.
      seeds: of the runs that count.
      tuning_seed: of the runs that choose a tuned setting's value; none of `seeds`.
      primary: "task.metric" on validation that chooses rates and tuned settings.
      reference: the safeguard that the others are tested against.
      workers: processes that run side by side, one core each.
      safeguards: what is compared.
      models: a workload is one of them with an optimizer and an injector.
      optimizers: see `models`.
      injectors: faults, "none" for a run without; see `models`.
    """

    base: str
    set: tuple[str, ...] = ()
    rates: tuple[float, ...]
    rate_settings: tuple[str, ...] = ("optimizer.dense.learning_rate",)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    tuning_seed: Count = 1_000
    primary: str = "like.auc"
    reference: str = "none"
    workers: AtLeastOne = 2
    safeguards: tuple[Safeguard, ...]
    models: tuple[Variant, ...] = dataclasses.field(default_factory=lambda: _only("base"))
    optimizers: tuple[Variant, ...] = dataclasses.field(default_factory=lambda: _only("base"))
    injectors: tuple[Variant, ...] = dataclasses.field(default_factory=lambda: _only(NO_FAULT))

    def check(self) -> None:
        """Raises ValueError for what does not go together."""
        for name in ("rates", "rate_settings", "seeds"):
            if not getattr(self, name):
                raise ValueError(f"{name} must name at least one, got {getattr(self, name)}")
        self._require_rates()
        _require_distinct("seeds", self.seeds)
        if self.tuning_seed in self.seeds:
            raise ValueError(f"tuning_seed must be none of seeds, got {self.tuning_seed}")
        for name in ("safeguards", "models", "optimizers", "injectors"):
            names = [part.name for part in getattr(self, name)]
            if not names:
                raise ValueError(f"{name} must name at least one, got none")
            _require_distinct(name, names)
        if self.reference not in [safeguard.name for safeguard in self.safeguards]:
            raise ValueError(f"reference must be a safeguard's name, got {self.reference!r}")
        self._require_equal_budgets()

    def _require_rates(self) -> None:
        is_rising = all(low < high for low, high in itertools.pairwise(self.rates))
        if not (all(0 < rate < math.inf for rate in self.rates) and is_rising):
            raise ValueError(f"rates must be > 0 and rising, got {self.rates}")

    def _require_equal_budgets(self) -> None:
        budgets = {s.name: len(s.values) for s in self.safeguards if len(s.values) > 1}
        if len(set(budgets.values())) > 1:
            raise ValueError(
                "safeguards must have equally many values to tune, or one wins by tuning: "
                f"{budgets}"
            )


def _only(name: str) -> tuple[Variant, ...]:
    return (Variant(name=name),)


def _require_name(name: str) -> None:
    if not name.strip():
        raise ValueError(f"name must not be blank, got {name!r}")


def _require_distinct(what: str, members: tuple | list) -> None:
    if len(set(members)) < len(members):
        raise ValueError(f"{what} must be distinct, got {list(members)}")
