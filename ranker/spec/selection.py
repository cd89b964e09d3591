"""What the settings name of the data must be what they keep of them; no schema is needed for it."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Protocol

from ranker.spec.inject import Injector
from ranker.spec.model import ROLES, ModelSettings


class Kept(Protocol):
    """The features and tasks that a run keeps, by name; none named is all of them."""

    @property
    def features(self) -> tuple[str, ...]: ...

    @property
    def tasks(self) -> tuple[str, ...]: ...


def require_kept(
    kept: Kept,
    model: ModelSettings,
    injectors: Sequence[Injector],
    named: Iterable[tuple[str, str]],
    monitor: str,
) -> None:
    """Raises ValueError for a feature or task that a setting names and `kept` leaves out.

    Args:
      named: settings that name a task, each with the name.
    """
    for setting, name in _features(model, injectors):
        _require("data.features", kept.features, setting, name)
    tasks = [*named]
    if "." in monitor:
        tasks.append(("train.monitor", monitor.partition(".")[0]))
    for setting, name in (*_tasks(model, injectors), *tasks):
        _require("data.tasks", kept.tasks, setting, name)


def _features(model: ModelSettings, injectors: Sequence[Injector]) -> Iterable[tuple[str, str]]:
    biases = [name for name in model.wide.biases if name not in ROLES]
    yield from (("model.wide.biases", name) for name in biases)
    yield from (("model.wide.histories", name) for name in model.wide.histories)
    for number, injector in enumerate(injectors):
        if (name := getattr(injector, "feature", "")) not in ("", "*"):
            yield f"inject.{number}.feature", name


def _tasks(model: ModelSettings, injectors: Sequence[Injector]) -> Iterable[tuple[str, str]]:
    for setting in ("logit_residuals", "esmm_products"):
        for pair in getattr(model, setting).items():
            yield from ((f"model.{setting}", name) for name in pair)
    for number, injector in enumerate(injectors):
        if name := getattr(injector, "task", ""):
            yield f"inject.{number}.task", name


def _require(kept_by: str, kept: tuple[str, ...], setting: str, name: str) -> None:
    if not kept or name in kept:
        return
    close = get_close_matches(name, kept, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"{setting} has {name!r}, which {kept_by} leaves out: {list(kept)}{meant}")
