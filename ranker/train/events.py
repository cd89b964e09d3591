"""What a step's reports say happened beside training, as events: JSON-ready, in order."""

from collections.abc import Iterator

from ranker.guard import LOSS_SPIKE, NORM_SPIKE, REASONS
from ranker.train.step import Step, StepReport


def interventions(reports: StepReport, step: Step) -> Iterator[dict]:
    """Yields what was injected and what was refused in the attempts of `reports`.

    Args:
      reports: stacked over the attempts, as NumPy arrays.
    """
    for k, attempt in enumerate(reports.attempt):
        updates = {"step": int(reports.step[k])}
        for event in step.faults.begun(int(attempt)):
            yield event | updates
        if not reports.accept[k]:
            yield refusal(reports, k, step)
        for event in step.faults.ended(int(attempt)):
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


def _spike(reports: StepReport, k: int, step: Step) -> dict:
    """Returns the number that was above its usual range, and that range's limit, if any was."""
    spikes = {LOSS_SPIKE: "loss", NORM_SPIKE: "norm"}
    name = spikes.get(int(reports.reason[k]))
    if name is None:
        return {}
    place = step.guard.watched.index(name)
    return {"value": float(reports.watched[k, place]), "limit": float(reports.limits[k, place])}
