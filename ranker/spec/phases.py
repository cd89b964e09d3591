"""Phases of a run: until which step which weights, rates and groups are trained. No TensorFlow."""

import dataclasses
import difflib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from ranker.spec.part import Count, Part, declared


@declared
class Phase(Part):
    """What holds until another phase begins; all else is as the settings of the run say.

    Steps are committed updates, counted from the run's first: a refused attempt brings no phase
    nearer, as it moves no learning rate. The call in which a phase begins ends with a checkpoint.

    Attributes:
      until_step: the step at which the next phase begins; 0 for the last, which goes on to the
        run's end.
      task_weights: in place of those of `objective.task_weights`, of the tasks named here alone.
        Evaluations weigh by `objective.task_weights` throughout, so that they can be compared.
      rate_factors: by "dense" or "embeddings", what that group's learning rate is multiplied by.
      warmup_steps: updates, from the phase's first on, in which the rates rise to what they are
        without it.
      frozen: of which groups nothing is written, neither variables nor slots: "dense" or
        "embeddings". Their gradients are made, clipped and judged as ever.
      reset: what begins anew with the phase: "none"; "schedule", the learning rates' schedules;
        "slots", the rules' slots and the count of steps that goes with them; or "both". The
        first phase has none: `train.start_slots` and `train.start_schedule` say how a run begins.
    """

    until_step: Count = 0
    task_weights: dict[str, float] = dataclasses.field(default_factory=dict)
    rate_factors: dict[str, float] = dataclasses.field(default_factory=dict)
    warmup_steps: Count = 0
    frozen: tuple[str, ...] = ()
    reset: Literal["none", "schedule", "slots", "both"] = "none"

    def check(self) -> None:
        """Raises ValueError for a weight below 0 or a factor of 0."""
        for name, weight in self.task_weights.items():
            if weight < 0:
                raise ValueError(f"task_weights.{name} must be >= 0, got {weight}")
        for name, factor in self.rate_factors.items():
            if factor <= 0:
                raise ValueError(f"rate_factors.{name} must be > 0, got {factor}: see frozen")

    def resets(self, what: Literal["schedule", "slots"]) -> bool:
        """Returns whether `what` begins anew with it."""
        return self.reset in (what, "both")


def check_phases(phases: Sequence[Phase], *, groups: Sequence[str], has_spam: bool) -> None:
    """Raises ValueError for phases that do not follow each other, or do not fit the run.

    Args:
      groups: of variables, by name.
      has_spam: whether there is a clipper that starts slots over.
    """
    for index, phase in enumerate(phases):
        step, before = phase.until_step, phases[index - 1].until_step if index else 0
        if phase is phases[-1] and step:
            raise ValueError(
                f"phases.{index}.until_step must be 0, got {step}: the last phase goes on to the "
                "run's end; another [[phases]] after it has what then holds"
            )
        if phase is not phases[-1] and step <= before:
            raise ValueError(
                f"phases.{index}.until_step must be > {before}, where the phase begins, got {step}"
            )
        _require_groups(f"phases.{index}.rate_factors", phase.rate_factors, groups)
        _require_groups(f"phases.{index}.frozen", phase.frozen, groups)
        if set(phase.frozen) == set(groups):
            raise ValueError(
                f"phases.{index}.frozen has {' and '.join(groups)}: nothing would be trained"
            )
        if phase.resets("slots") and has_spam:
            raise ValueError(
                f"phases.{index}.reset is {phase.reset!r}, and clip 'spam' starts slots over at a "
                "pace of its own: leave out one of the two"
            )
    if phases and phases[0].reset != "none":
        raise ValueError(
            f"phases.0.reset must be none, got {phases[0].reset!r}: nothing is before the first "
            "phase; train.start_slots and train.start_schedule say how a run begins"
        )


def check_reached(phases: Sequence[Phase], total: int) -> None:
    """Raises ValueError for a phase that a run of `total` attempts does not come to."""
    for index, phase in enumerate(phases[:-1]):
        if phase.until_step >= total:
            raise ValueError(
                f"phases.{index + 1} begins at step {phase.until_step:,}, and the run is over "
                f"after {total:,} attempts: lower phases.{index}.until_step, or train for longer"
            )


def last_begun(
    phases: Sequence[Phase], what: Literal["schedule", "slots"], step: int, *, otherwise: int
) -> int:
    """Returns at which step of the run `what` last began anew with a phase.

    Args:
      step: updates committed. What would begin anew with the next has not yet.
      otherwise: returned if it never did.
    """
    begins = [(p.until_step, following) for p, following in itertools.pairwise(phases)]
    found = [begin for begin, phase in begins if phase.resets(what) and begin < step]
    return found[-1] if found else otherwise


def weights_of(usual: Mapping[str, float], phases: Sequence[Phase]) -> list[dict[str, float]]:
    """Returns the tasks' weights in each phase, of those that are named in it or in `usual`."""
    return [{**usual, **phase.task_weights} for phase in phases]


def largest_weights(usual: Mapping[str, float], phases: Sequence[Phase]) -> dict[str, float]:
    """Returns the weight of each task that is named in the phase where it has most."""
    each = weights_of(usual, phases) or [dict(usual)]
    names = dict.fromkeys(name for weights in each for name in weights)
    return {name: max(weights.get(name, 1.0) for weights in each) for name in names}


def _require_groups(setting: str, names: Iterable[str], groups: Sequence[str]) -> None:
    for name in names:
        if name not in groups:
            near = difflib.get_close_matches(name, groups, n=1)
            meant = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(f"{setting}: no group {name!r}; {meant}there are: {', '.join(groups)}")
