"""Several workers train one run: one leads, with the run directory; the others follow it.

The chief does all that one process does. Before each call of the step it says which batches come,
and what it changed between the calls; the others try their parts of those, in the same graph with
the same variables. What each of them computed must be the same, and is compared.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from ranker.input.batch import Batch
from ranker.spec.run import RunConfig
from ranker.train.calls import Call
from ranker.train.evaluation import Evaluation
from ranker.train.report import StepReport
from ranker.train.step import Step
from ranker.wiring.run import Run, build_run
from ranker.wiring.shareable import check_losses
from ranker.wiring.team import Team
from ranker.workers.peers import RefusedError

_LEAVING_SECONDS = 15.0


class Leading:
    """The chief's part; an observer of its own run, too: it learns there of a rollback."""

    def __init__(self, team: Team) -> None:
        """Takes the workers; nothing is said before the first call."""
        self.team = team
        self._step: Step | None = None
        self._ready: dict[str, Any] = {}
        self._is_stale = True
        self._is_met = False

    @property
    def said(self) -> dict[str, int]:
        """What the files of the run say of its workers."""
        return {"workers": self.team.cluster.size, "rank": self.team.cluster.rank}

    def part(self, config: RunConfig) -> slice:
        """Returns which examples of a batch are this worker's."""
        return self.team.cluster.part(config.data.batch_size)

    def build(self, config: RunConfig) -> Run:
        """Returns the run, whose step shares its batches; ValueError as `check_losses`."""
        run = build_run(config, share=self.team.share)
        check_losses(run.step.objective, self.team.cluster.size)
        return run

    def attach(self, run: Run, num_examples: int) -> Call:
        """Takes the run, of which the others must have read the same data; returns `call`."""
        self._step = run.step
        self._ready = ready(run, num_examples)
        return self.call

    def call(self, step: Step, stack: Batch) -> StepReport:
        """Tries `stack`, this worker's part of some batches, with all others.

        Raises:
          LostError: if a worker is gone, frozen or cut off.
          RefusedError: if one has other data, or computed something else.
        """
        peers = self.team.peers
        self._meet()
        if self._is_stale:
            peers.send({"do": "take"})
            self.team.together(lambda: self.team.collectives.send(step.variables))
            self._is_stale = False
        num = len(next(iter(stack.labels.values())))
        peers.send({"do": "run", "first": int(step.attempts), "num": num, "set": _controls(step)})
        reports = self.team.together(lambda: step.run(stack).numpy())
        self._compare(digest_of_reports(reports), f"attempt {int(step.attempts):,}")
        return reports

    def reports(self, reports: StepReport, seconds: float) -> None:
        """Does nothing."""

    def evaluation(self, attempt: int, step: int, evaluation: Evaluation) -> None:
        """Compares all variables, unless the others have not got them yet."""
        assert self._step is not None
        if not self._is_stale:
            self.team.peers.send({"do": "digest", "set": _controls(self._step)})
            self._compare(digest_of_variables(self._step), f"attempt {attempt:,}")

    def event(self, event: dict) -> None:
        """Notes that the variables were restored."""
        self._is_stale |= event["kind"] == "rolled_back"

    def close(self) -> None:
        """Does nothing: `end` ends it."""

    def end(self, code: int, why: str = "") -> None:
        """Tells the others with which exit code all of them end, and lets them leave first."""
        self.team.peers.send({"do": "end", "code": code, "why": why})
        self.team.peers.wait_until_left(_LEAVING_SECONDS)

    def _meet(self) -> None:
        if self._is_met:
            return
        for rank in self.team.peers.ranks:
            theirs = self.team.peers.receive(rank)["ready"]
            if what := _difference(self._ready, theirs):
                raise RefusedError(
                    f"{self.team.cluster.name(rank)} has other data than the chief: {what}: give "
                    "all workers the same"
                )
        self._is_met = True

    def _compare(self, ours: int, where: str) -> None:
        for rank in self.team.peers.ranks:
            if self.team.peers.receive(rank)["digest"] != ours:
                raise RefusedError(
                    f"{self.team.cluster.name(rank)} has other numbers than the chief at {where}: "
                    "take machines of one kind, with the same versions, for all workers"
                )


def ready(run: Run, num_examples: int) -> dict[str, Any]:
    """Returns what must be equal on all workers before they begin, JSON-ready."""
    assert run.identity is not None
    return {"data": dict(run.identity.data), "rows of train": num_examples}


def digest_of_reports(reports: StepReport) -> int:
    """Returns what is equal for equal reports."""
    return _digest(reports.arrays())


def digest_of_variables(step: Step) -> int:
    """Returns what is equal for equal variables, all of them."""
    return _digest({name: variable.numpy() for name, variable in step.variables.items()})


def set_controls(step: Step, values: Mapping[str, Any]) -> None:
    """Gives the variables of `_controls` their values."""
    for name, value in values.items():
        step.variables[name].assign(value)


def _controls(step: Step) -> dict[str, Any]:
    """Returns what recovery may have changed between two calls, by name."""
    names = [name for name in step.variables if name.startswith("recovery/")]
    return {n: step.variables[n].numpy().item() for n in [*names, "guard/refused_in_a_row"]}


def _digest(arrays: Mapping[str, np.ndarray]) -> int:
    found = 0
    for name in sorted(arrays):
        found = zlib.crc32(np.ascontiguousarray(arrays[name]).tobytes(), found)
    return found


def _difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    """Returns which of the data differ, "" for none."""
    data, other = ours["data"], theirs.get("data") or {}
    names = [name for name in {**data, **other} if data.get(name) != other.get(name)]
    if not names and ours != theirs:
        names = [f"{theirs.get('rows of train')} rows of train, not {ours['rows of train']}"]
    return ", ".join(names)
