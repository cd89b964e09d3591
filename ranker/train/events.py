"""What a step's reports say happened beside training, as events: JSON-ready, in order."""

from collections.abc import Iterator

import numpy as np

from ranker.guard.detector import HEALTHY, SYMPTOMS
from ranker.guard.verdict import LOSS_SPIKE, NORM_SPIKE, REASONS
from ranker.train.report import StepReport
from ranker.train.step import Step

_WHY = ("attempt", "reason", "task", "variable", "row", "first_bad", "column", "try", "incident")


def interventions(reports: StepReport, step: Step) -> Iterator[dict]:
    """Yields what was injected, refused, found diverging or begun in the attempts of `reports`.

    Args:
      reports: stacked over the attempts, as NumPy arrays.
    """
    attempts = reports.attempt.tolist()
    begun, ended = step.faults.begun(attempts), step.faults.ended(attempts)
    for k, attempt in enumerate(attempts):
        updates = {"step": int(reports.step[k])}
        for event in begun.get(attempt, ()):
            yield event | updates
        if not reports.accept[k]:
            yield refusal(reports, k, step)
        yield from divergences(reports, k, step)
        if reports.accept[k]:
            yield from phase(updates["step"], attempt, step)
        for event in ended.get(attempt, ()):
            yield event | updates


def refusal(reports: StepReport, k: int, step: Step) -> dict:
    """Returns the event of the refused k-th attempt: what was wrong, and where first."""
    task, variable, row = (int(v[k]) for v in (reports.task, reports.variable, reports.row))
    names = step.objective.tasks
    return {
        "kind": "refused",
        "attempt": int(reports.attempt[k]) + 1,
        "step": int(reports.step[k]),
        "reason": REASONS[int(reports.reason[k])],
        "task": names[task] if task >= 0 else None,
        "variable": step.optimizer.names[variable] if variable >= 0 else None,
        "row": row if row >= 0 else None,
        "losses": {t: float(v) for t, v in zip(names, reports.losses[k], strict=True)},
        **_spike(reports, k, step),
    }


def refused_because(event: dict) -> dict:
    """Returns of the event of a refused attempt what says why; {} of {}."""
    return {name: event[name] for name in _WHY if event.get(name) is not None}


def divergences(reports: StepReport, k: int, step: Step) -> Iterator[dict]:
    """Yields an event for each task whose symptom at the k-th attempt is new, and not "healthy".

    "level" is what the loss usually was; "norm" says whether the gradients' norm has jumped.
    """
    for index in np.flatnonzero(reports.began[k] & (reports.symptoms[k] != HEALTHY)):
        yield {
            "kind": "divergence",
            "attempt": int(reports.attempt[k]) + 1,
            "step": int(reports.step[k]),
            "task": step.objective.tasks[index],
            "symptom": SYMPTOMS[reports.symptoms[k, index]],
            "loss": float(reports.losses[k, index]),
            "level": float(reports.levels[k, index]),
            "norm": SYMPTOMS[reports.norm_symptom[k, 0]],
        }


def phase(committed: int, attempt: int, step: Step) -> Iterator[dict]:
    """Yields the event of the phase that begins after `attempt`, from 0, if one does.

    Args:
      committed: updates after the attempt.
    """
    phases = step.optimizer.phases
    if phases is None or (index := phases.at(committed)) == phases.at(committed - 1):
        return
    begun = phases.phases[index]
    yield {
        "kind": "phase",
        "attempt": attempt + 1,
        "step": committed,
        "index": index,
        "reset": begun.reset,
        "frozen": ", ".join(begun.frozen) or None,
        "warmup_steps": begun.warmup_steps or None,
        "task_weights": begun.task_weights,
        "rate_factors": begun.rate_factors,
    }


def _spike(reports: StepReport, k: int, step: Step) -> dict:
    """Returns the number that was above its usual range, and that range's limit, if any was."""
    spikes = {LOSS_SPIKE: "loss", NORM_SPIKE: "norm"}
    name = spikes.get(int(reports.reason[k]))
    if name is None:
        return {}
    index = step.guard.watched.index(name)
    return {"value": float(reports.watched[k, index]), "limit": float(reports.limits[k, index])}
