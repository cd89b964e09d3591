"""What in a table will hurt: said before anything is trained."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ranker.datasets.describe import names
from ranker.datasets.describe.column import Column
from ranker.datasets.describe.features import day
from ranker.datasets.describe.labels import Label
from ranker.datasets.describe.leaks import LabelAuc
from ranker.datasets.describe.roles import Roles, moments
from ranker.datasets.describe.sample import Sample

_FEW_POSITIVES = 500  # in the whole table
_FEW_SHARE = 0.001
_UNLIKE = 10.0  # a deviation that a loss of 0 and 1 is small beside
_REPEATED = 0.01
_COLD = 0.95
_LEAST_TESTED = 30
_PREDICTS_WELL = 0.95
_NULL_LABELS = 0.5


def of_labels(labels: Sequence[Label], num_rows: int) -> Iterator[str]:
    """Yields what is wrong with labels: few positives, few rows, units unlike each other's."""
    for label in labels:
        known = label.values[label.has_label]
        if not len(known):
            yield f"task {label.name}: no row of the sample has a label"
        elif label.is_binary:
            yield from _of_positives(label, known, num_rows)
        elif (deviation := float(known.std())) > _UNLIKE and any(a.is_binary for a in labels):
            yield (
                f"task {label.name}: its label has a standard deviation of {deviation:.3g}, and a "
                "loss in its units would swamp those of the binary tasks: losses of regressions "
                "are scaled by the deviation of the training labels unless the settings say "
                "otherwise"
            )
        missing = float(1 - label.has_label.mean())
        if label.is_binary and missing > _NULL_LABELS and not label.task.where:
            yield f"task {label.name}: {missing:.0%} of the rows have no label"


def _of_positives(label: Label, known: np.ndarray, num_rows: int) -> Iterator[str]:
    share = float(known.mean())
    rarer, what = min((share, "positives"), (1 - share, "negatives"))
    there = rarer * num_rows * label.has_label.mean()
    if rarer < _FEW_SHARE or there < _FEW_POSITIVES:
        yield (
            f"task {label.name}: few {what}, about {there:,.0f} ({rarer:.3%}): its metrics will "
            "be noisy, and a model hardly learns of them"
        )


def of_features(best_aucs: Mapping[str, LabelAuc], kept: Sequence[str]) -> Iterator[str]:
    """Yields a warning for each feature that predicts a label so well that one has to look."""
    for name in kept:
        if name in best_aucs and best_aucs[name].auc > _PREDICTS_WELL:
            yield (
                f"{name!r:.80} alone predicts {best_aucs[name].label.name} well (AUC "
                f"{best_aucs[name].auc:.3f}): make sure that it is known before the row is shown"
            )


def of_constants(columns: Mapping[str, Column]) -> Iterator[str]:
    """Yields what to say of labels that are the same in every row."""
    for name, column in columns.items():
        if names.is_event(name) and len(column.counts) == 1 and not column.is_missing.any():
            yield (
                f"{name!r:.80} is {column.words(1)[0]!r:.40} in every row: rows where it is not "
                "must be there too, or nothing can be learnt of it"
            )


def of_rows(columns: Mapping[str, Column], roles: Roles) -> Iterator[str]:
    """Yields what is wrong with rows: there twice, or two of one user and item and moment."""
    keys = [columns[name].coded[0] for name in (roles.user, roles.item, roles.time) if name]
    everything = [column.coded[0] for column in columns.values()]
    for codes, what in ((everything, "rows"), (keys, "user, item and time")):
        if len(codes) < 3:
            continue
        repeated = 1 - len(np.unique(np.stack(codes, axis=1), axis=0)) / len(codes[0])
        if repeated > _REPEATED:
            same = "equal to another" if what == "rows" else f"of the same {what} as another"
            yield f"duplicates: {repeated:.1%} of the rows of the sample are {same}"
            break


def of_time(columns: Mapping[str, Column], roles: Roles, now: float) -> Iterator[str]:
    """Yields what is wrong with time: not sorted, or after `now`, in seconds since 1970."""
    if not roles.time:
        return
    time = moments(columns[roles.time], roles.time_unit)
    known = time[~np.isnan(time)]
    if len(known) > 1 and (back := float((np.diff(known) < 0).mean())) > 0:
        yield (
            f"rows are not in the order of {roles.time}: {back:.1%} are before the row above; "
            "prepare sorts them"
        )
    if len(known) and known.max() > now:
        late = float((known > now).mean())
        yield (
            f"a clock in the future: {roles.time} goes to {day(known.max())}, and {late:.2%} of "
            "the rows are after the present"
        )


def cold_users(
    sample: Sample, columns: Mapping[str, Column], roles: Roles, share: float = 0.9
) -> float | None:
    """Returns the share of the users of the last tenth of the time that no row before has.

    None where that cannot be best_aucs: no user, no time, or a sample that is not whole.
    """
    if not (roles.user and roles.time and sample.is_whole):
        return None
    time = moments(columns[roles.time], roles.time_unit)
    user = columns[roles.user].coded[0]
    known = ~np.isnan(time) & (user >= 0)
    if not known.any():
        return None
    limit = np.quantile(time[known], share)
    tested = np.unique(user[known & (time > limit)])
    if len(tested) < _LEAST_TESTED:
        return None
    return float(1 - np.isin(tested, user[known & (time <= limit)]).mean())


def are_cold(share: float | None) -> bool:
    """Returns whether so many users are new that a split by time tests nothing of a user."""
    return share is not None and share > _COLD


def of_users(share: float | None) -> Iterator[str]:
    """Yields what to say where nearly all users of the last tenth of the time are new then."""
    if are_cold(share):
        yield (
            f"{share:.0%} of the users of the last tenth of the time have no row before it: a "
            'split by "time" would test on new users alone, so the split is by "user_time"'
        )
