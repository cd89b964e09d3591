"""The verdict of all checks on a candidate."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ranker.gate.checks import Evidence, Finding
from ranker.gate.resample import draws
from ranker.gate.scored import Export, Scored
from ranker.spec.gate import Check, GateSettings
from ranker.spec.part import act


class Verdict(NamedTuple):
    """Whether the candidate may be served.

    Attributes:
      accept: whether every finding passed.
      findings: of every check, in the order of the settings.
    """

    accept: bool
    findings: tuple[Finding, ...]

    @property
    def reason(self) -> str:
        """What blocks, in one sentence; "" if nothing does."""
        return "; ".join(finding.says for finding in self.findings if not finding.passed)

    def as_json(self) -> dict:
        """Returns it in plain values; what is not defined is None."""
        findings = [finding._asdict() for finding in self.findings]
        plain = [{key: _plain(value) for key, value in each.items()} for each in findings]
        return {"accept": self.accept, "reason": self.reason, "findings": plain}


def judge(
    settings: GateSettings,
    tasks: Sequence[Scored],
    *,
    export: Export | None = None,
    seed: int = 0,
) -> Verdict:
    """Returns whether the candidate may be served, from the same rows scored by both models.

    A task without rows is no reason to block; no rows of any task are, and scores that are not
    finite.

    Args:
      tasks: rows [N] of each task, with the scores of both.
      export: what is measured of the files.
      seed: of the draws.

    Raises:
      ValueError: for a check on a task or a metric that there is not.
    """
    _check_names(settings.checks, tasks)
    checks = [act(check) for check in settings.checks]
    findings: list[Finding] = []
    for rows in tasks:
        findings += _of_task(settings, checks, rows, seed)
    if tasks and not any(len(rows.labels) for rows in tasks):
        says = "no task has a labelled row, so nothing was judged"
        findings.append(Finding("rows", "", "rows", 0.0, None, None, None, False, says))
    for check in checks:
        if hasattr(check, "of_export") and export is not None:
            findings += check.of_export(export)
    return Verdict(all(finding.passed for finding in findings), tuple(findings))


def _of_task(
    settings: GateSettings, checks: Sequence, rows: Scored, seed: int
) -> Iterator[Finding]:
    if not len(rows.labels):
        return
    num_bad = int(np.sum(~np.isfinite(rows.candidate)))
    says = f"{rows.name}: {num_bad} of {len(rows.candidate)} scores are not finite"
    yield Finding(
        "finite", rows.name, "scores", float(num_bad), None, None, None, num_bad == 0, says
    )
    if num_bad:
        return
    if rows.served is not None and not np.isfinite(rows.served).all():
        rows = rows._replace(served=None)  # nothing to compare with
    counts = draws(int(rows.users.max()) + 1, settings.resamples, seed=seed)
    evidence = Evidence(rows, counts, settings.confidence)
    for check in checks:
        if hasattr(check, "of_task") and check.task in ("", rows.name):
            yield from check.of_task(evidence)


def _check_names(checks: Sequence[Check], tasks: Sequence[Scored]) -> None:
    names = [rows.name for rows in tasks]
    for index, check in enumerate(checks):
        if check.task and check.task not in names:
            raise ValueError(
                f"gate.checks.{index}.task {check.task!r} is none of {', '.join(names)}"
            )


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not np.isfinite(value) else value
