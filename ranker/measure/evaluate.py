"""All metrics of all tasks, warm and cold users apart, as plain numbers for JSON.

A metric that the rows do not define is left out and a `note` says why: no file of ours
holds a NaN, and no reader takes a 0.5 for an AUC that was never measured.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ranker.measure import binary, regression
from ranker.measure.lists import Lists
from ranker.schema import Task
from ranker.spec import metric as spec
from ranker.spec.metric import Metric, OfLists
from ranker.spec.part import act


def evaluate(
    tasks: Sequence[Task],
    *,
    labels: Mapping[str, np.ndarray],
    scores: Mapping[str, np.ndarray],
    weights: Mapping[str, np.ndarray],
    users: np.ndarray,
    is_warm: np.ndarray,
    requests: np.ndarray | None = None,
    frozen: Mapping[str, np.ndarray] | None = None,
    extra: Sequence[Metric] = (),
) -> dict[str, dict[str, Any]]:
    """Returns the metrics of each task over the rows that carry its label.

    A binary task has `auc`, `log_loss`, `gauc` with `gauc_users` and `gauc_rows`,
    `normalized_entropy`, `ece` and `calibration`; a regression `rmse` and `mae`; each
    has `rows`, and the same again under `warm`, `cold` and, of the scores in `frozen`,
    `frozen`. All but that are *live*: a row's score may know of the user's earlier rows.

    Args:
      labels, scores, weights: by task, [N]; a weight of 0 masks the row. Scores are
        what is served: probabilities, or predictions in the label's unit.
      users: whose rows they are, integers or strings. [N]
      is_warm: whether that user was in the training split. [N]
      requests: which rows were ranked against each other, for metrics by request. [N]
      frozen: scores of the same rows, by task, with what is known of each user's past
        frozen at the user's first row; None for no such group. [N]
      extra: metrics beside those above, by their label, of the tasks that have them.

    Raises:
      ValueError: for a label of a binary task that is neither 0 nor 1, a weight that is
        not finite or below 0, or a metric by request without `requests`.
    """
    is_numbered = np.issubdtype(np.asarray(users).dtype, np.integer)
    numbers = users if is_numbered else np.unique(users, return_inverse=True)[1]
    extra = tuple(act(metric) for metric in extra)
    if requests is None:
        spec.refuse_requests(extra, "there are none")
        requests = numbers
    result = {}
    for task in tasks:
        name = task.name
        _check_weights(name, np.asarray(weights[name]))
        of_row = (numbers, is_warm, requests)
        live = _Rows(labels[name], scores[name], weights[name], *of_row).by_score()
        result[name] = _metrics(task, live, extra) | {
            "warm": _metrics(task, live.take(live.is_warm), extra),
            "cold": _metrics(task, live.take(~live.is_warm), extra),
        }
        if frozen is not None:
            rows = _Rows(labels[name], frozen[name], weights[name], *of_row)
            result[name]["frozen"] = _metrics(task, rows.by_score(), extra)
    return result


class _Rows(NamedTuple):
    labels: np.ndarray
    scores: np.ndarray
    weights: np.ndarray
    users: np.ndarray
    is_warm: np.ndarray
    requests: np.ndarray

    def by_score(self) -> "_Rows":
        """Returns the rows that count, sorted once here and not in every metric."""
        rows = self.take(np.flatnonzero(np.asarray(self.weights) > 0))
        return rows.take(np.argsort(rows.scores))

    def take(self, rows: np.ndarray) -> "_Rows":
        """Returns those `rows` [M]; labels, scores and weights as float64."""
        labels, scores, weights = (np.asarray(v)[rows].astype(np.float64) for v in self[:3])
        return _Rows(labels, scores, weights, *(np.asarray(v)[rows] for v in self[3:]))


def _check_weights(task: str, weights: np.ndarray) -> None:
    is_good = np.isfinite(weights) & (weights >= 0)
    if not is_good.all():
        row = int(is_good.argmin())
        raise ValueError(
            f"task {task!r}: the weight in row {row} of {len(weights)} is {weights[row]}, and "
            "must be finite and at least 0"
        )


def _metrics(task: Task, rows: _Rows, extra: Sequence[Any]) -> dict[str, Any]:
    labels, scores, weights, *_ = rows
    counted: dict[str, Any] = {"rows": len(labels)}
    if not len(labels):
        return counted | {"note": "no labelled rows"}
    num_bad = int(len(labels) - np.isfinite(scores).sum())
    if num_bad:
        return counted | {"note": f"{num_bad} of {len(scores)} scores are not finite: no metrics"}
    more = _extra([m for m in extra if m.task_kind == task.kind], rows)
    if task.kind == "regression":
        values = {
            "rmse": regression.root_mean_squared_error(labels, scores, weights),
            "mae": regression.mean_absolute_error(labels, scores, weights),
        }
        return counted | values | {name: v for name, v in more.items() if v is not None}
    return counted | _binary(task, rows, more)


def _extra(metrics: Sequence[Any], rows: _Rows) -> dict[str, float | None]:
    """Returns metrics by their labels; the rows of lists are sorted once."""
    groups = {"user": rows.users, "request": rows.requests}
    lists: dict[str, Lists] = {}
    found = {}
    for metric in metrics:
        if not isinstance(metric, OfLists):
            found[metric.label] = metric(*rows[:4])
            continue
        by = metric.by
        if by not in lists:
            lists[by] = Lists.of(rows.labels, rows.scores, groups[by])
        found[metric.label] = metric.of(lists[by])
    return found


def _binary(task: Task, rows: _Rows, more: Mapping[str, float | None]) -> dict[str, Any]:
    labels, scores, weights, users = rows[:4]
    is_odd = (labels != 0) & (labels != 1)
    if is_odd.any():
        raise ValueError(f"task {task.name!r}: a label is {labels[is_odd][0]}, neither 0 nor 1")
    by_user = binary.auc_by_user(labels, scores, weights, users)
    values = {
        "auc": binary.auc(labels, scores, weights),
        "log_loss": binary.log_loss(labels, scores, weights),
        "gauc": by_user and by_user.value,
        "gauc_users": by_user and by_user.users,
        "gauc_rows": by_user and by_user.rows,
        "normalized_entropy": binary.normalized_entropy(labels, scores, weights),
        "ece": binary.calibration_error(labels, scores, weights),
        "calibration": binary.calibration_ratio(labels, scores, weights),
        **more,
    }
    present = {name: value for name, value in values.items() if value is not None}
    notes = _notes([name for name in values if name not in present])
    return present | ({"note": "; ".join(notes)} if notes else {})


def _notes(undefined: Sequence[str]) -> list[str]:
    """Returns why metrics are undefined, one reason at a time."""
    if "auc" in undefined:
        return [f"one class only: no {', '.join(undefined)}"]
    by_user = [name for name in undefined if name.startswith("gauc")]
    others = [name for name in undefined if name not in by_user]
    reasons = {"no user has both classes": by_user, "above 1.8e308": others}
    return [f"{reason}: no {', '.join(names)}" for reason, names in reasons.items() if names]


def is_higher_better(metric: str) -> bool:
    """Returns whether more of "<task>.<metric>" is better; "loss" is no task's."""
    name = metric.split(".")[-1]
    return name in ("auc", "gauc") or bool(spec.is_higher_better(name))
