"""How far a served score may be from the trainer's: what float32 rounds, and no more."""

import math
from collections.abc import Mapping

import numpy as np

from ranker.schema import Schema, Task

TOLERANCE = 4e-6  # of a logit, in shares of the largest of what it sums up

_EPSILON = float(np.finfo(np.float32).eps)
_TINY = float(np.finfo(np.float32).tiny)
_LEAST_RATE = 1e-6  # of which the model takes a prior logit


def tolerances(schema: Schema, scores: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns how far from each of `scores` another computation of it may be, by task.

    A score is made of a logit, of which two processes give sums in another order: they
    differ by a share of the terms, whatever is left of these. In the logit's own units
    (a regression's is standardised) the terms are taken to be as large as the largest
    logit among the rows, and 1 at least.

        regression, score = mean + deviation * logit:
            TOLERANCE * (deviation + max |score - mean|) + 4 eps (|mean| + |score|)
        binary, score = sigmoid(logit), whose slope is score * (1 - score):
            TOLERANCE * (1 + max |logit|) * score * (1 - score) + 4 eps score

    with the label's mean and deviation in training, and eps of float32.

    Args:
      scores: by task, float32 [B], as they are served.

    Returns:
      By task, float64 [B], in the scores' units; NaN where a score is.
    """
    return {task.name: _tolerance(task, scores[task.name]) for task in schema.tasks}


def _tolerance(task: Task, scores: np.ndarray) -> np.ndarray:
    scores = scores.astype(np.float64)
    if task.kind == "binary":
        inside = np.clip(scores, _TINY, 1 - _EPSILON / 2)
        rate = min(max(task.mean, _LEAST_RATE), 1 - _LEAST_RATE)
        logits = np.abs(np.log(inside) - np.log1p(-inside))
        scale = 1 + max(abs(math.log(rate / (1 - rate))), float(np.max(logits)))
        return TOLERANCE * scale * inside * (1 - inside) + 4 * _EPSILON * scores + _TINY
    scale = task.standard_deviation + float(np.max(np.abs(scores - task.mean)))
    return TOLERANCE * scale + 4 * _EPSILON * (abs(task.mean) + np.abs(scores))
