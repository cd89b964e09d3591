"""What a step's reports say happened beside training, as events: JSON-ready, in order."""

from collections.abc import Iterator

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
    """Returns the event of the refused k-th attempt: what was not finite, and where first."""
    reasons = ("accepted", "loss", "gradient", "update", "statistic")
    task, variable, row = (int(v[k]) for v in (reports.task, reports.variable, reports.row))
    names = step.objective.tasks
    return {
        "kind": "refused",
        "attempt": int(reports.attempt[k]) + 1,
        "step": int(reports.step[k]),
        "reason": f"{reasons[int(reports.reason[k])]} not finite",
        "task": names[task] if task >= 0 else None,
        "variable": step.optimizer.names[variable] if variable >= 0 else None,
        "row": row if row >= 0 else None,
        "losses": {t: float(v) for t, v in zip(names, reports.losses[k], strict=True)},
    }
