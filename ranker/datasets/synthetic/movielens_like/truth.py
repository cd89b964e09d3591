"""How well the best possible scores do on the rows that were drawn.

No ranking of rows by what is known before their labels are drawn has a higher expected
AUC than that by the chance that each label is 1: AUC is the share of pairs of a 1 and a
0 that are in order (Hanley and McNeil 1982, https://doi.org/10.1148/radiology.143.1.7063747),
and that order is best for each pair (Clemencon, Lugosi and Vayatis 2008,
https://doi.org/10.1214/009052607000000910, section 2). Two figures tell it:

- on labels: the AUC of the chances on the labels as they were drawn;
- expected: with p the chances, over pairs of different rows,
      sum p_i (1 - p_j) ([p_i > p_j] + [p_i = p_j] / 2) / sum p_i (1 - p_j),
  the mean over all labels that could have been drawn of the pairs in order, over the
  mean of the pairs.

Rows are counted in bins by score, and sums are kept in whole numbers: memory does not
grow with the rows, and no bit depends on the pieces they came in. Rows of one bin are
taken as equal, which costs less than 1e-6 of an AUC.
"""

import itertools

import numpy as np

from ranker.datasets.synthetic.movielens_like.world import (
    INTERCEPTS,
    MAX_SCORE,
    NOISE,
    RATING,
    TASKS,
    Drawn,
)

_BINS = 1 << 16
_ONE = 1 << 24  # what 1 is in sums of whole numbers


class Truth:
    """Counts rows, and says how well their true chances would have done."""

    def __init__(self, correlation: float) -> None:
        """Counts nothing yet; `correlation` is that of the design."""
        self._correlation = correlation
        self._rows = 0
        self._binary = {task: np.zeros((4, _BINS), np.int64) for task in INTERCEPTS}
        self._squares = 0
        self._moments = np.zeros((len(TASKS), len(TASKS) + 1), np.int64)

    def add(self, drawn: Drawn, where: np.ndarray) -> None:
        """Counts the rows at `where`, bool [N]."""
        self._rows += int(where.sum())
        for task, counted in self._binary.items():
            p = drawn.chance[task][where]
            position = (drawn.score[task][where] + MAX_SCORE) / (2 * MAX_SCORE) * (_BINS - 1)
            bins = position.astype(np.int64)
            ones = np.ones(len(p), np.int64)
            counts = (ones, drawn.label[task][where] > 0, _whole(p), _whole(p * (1 - p)))
            for total, values in zip(counted, counts, strict=True):
                np.add.at(total, bins, values.astype(np.int64))
        error = drawn.label[RATING][where].astype(np.float64) - drawn.chance[RATING][where]
        self._squares += int(_whole(error * error).sum())
        scores = [drawn.score[task][where] for task in TASKS]
        for i, one in enumerate(scores):
            self._moments[i, -1] += _whole(one).sum()
            for j, other in enumerate(scores[: i + 1]):
                self._moments[i, j] += _whole(one * other).sum()

    def report(self) -> dict[str, object]:
        """Returns the figures for a manifest, rounded to six places."""
        tasks: dict[str, dict[str, float]] = {
            task: _of_binary(counted) for task, counted in self._binary.items()
        }
        on_labels = (self._squares / _ONE / max(self._rows, 1)) ** 0.5
        tasks[RATING] = {"bayes_rmse_expected": NOISE, "bayes_rmse_on_labels": round(on_labels, 6)}
        return {
            "rows": "those of the test part",
            "tasks": tasks,
            "score_correlation": {"by_design": self._correlation, **self._correlations()},
        }

    def _correlations(self) -> dict[str, float]:
        means = self._moments[:, -1] / _ONE / max(self._rows, 1)
        mean_products = self._moments[:, :-1] / _ONE / max(self._rows, 1)
        deviation = np.sqrt(np.diag(mean_products) - means**2)
        found = {}
        for i, j in itertools.combinations(range(len(TASKS)), 2):
            covariance = mean_products[j, i] - means[i] * means[j]
            found[f"{TASKS[i]}, {TASKS[j]}"] = round(covariance / (deviation[i] * deviation[j]), 6)
        return found


def _of_binary(counted: np.ndarray) -> dict[str, float]:
    rows, ones = counted[0].astype(np.float64), counted[1].astype(np.float64)
    chance, spread = counted[2] / _ONE, float(counted[3].sum()) / _ONE
    return {
        "bayes_auc_expected": round(_auc(chance, rows - chance, same=spread), 6),
        "bayes_auc_on_labels": round(_auc(ones, rows - ones), 6),
        "rate_expected": round(float(chance.sum() / max(rows.sum(), 1)), 6),
    }


def _auc(ones: np.ndarray, zeros: np.ndarray, *, same: float = 0.0) -> float:
    """Returns the share of pairs in order, ties half; `same` is the weight of rows with themselves.

    Args:
      ones, zeros: how much of each there is, by bin in ascending order.
    """
    below = np.cumsum(zeros) - zeros
    in_order = float((ones * (below + 0.5 * zeros)).sum()) - 0.5 * same
    pairs = float(ones.sum()) * float(zeros.sum()) - same
    return in_order / pairs if pairs > 0 else float("nan")


def _whole(values: np.ndarray) -> np.ndarray:
    return np.rint(values * _ONE).astype(np.int64)
