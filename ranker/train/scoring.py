"""Scores of a whole split, in batches, and what they are worth."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from ranker import measure
from ranker.input.split import Split
from ranker.model.ranker import Ranker, scores
from ranker.objective.losses import Objective
from ranker.schema import Schema
from ranker.spec.metric import Metric
from ranker.train.evaluation import Evaluation

_BATCH = 8_192


class Scorer:
    """Scores splits with one compiled graph."""

    def __init__(
        self,
        model: Ranker,
        objective: Objective,
        schema: Schema,
        *,
        extra: Sequence[Metric] = (),
    ) -> None:
        """Takes the parts; `extra` are metrics beside those that every evaluation has."""
        self._extra = extra
        self._objective = objective
        self._schema = schema
        self._past = tuple(feature.name for feature in schema.features if feature.past_of)
        self._logits = tf.function(
            lambda features: model(features), reduce_retracing=True, autograph=False
        )

    def logits(self, split: Split) -> dict[str, np.ndarray]:
        """Returns the logits of every row of `split`, by task, [N]."""
        return self._logits_with(split, {})

    def evaluate(
        self, split: Split, *, with_frozen: bool = False, with_distributions: bool = False
    ) -> Evaluation:
        """Returns the loss and the metrics of `split`, by exact formulas over all its rows.

        Args:
          with_frozen: whether to score once more with the features of each user's past
            frozen, for the group "frozen" of each task's metrics; there is no such group
            if the schema names no such feature. `split` must have been read with its
            frozen values.
          with_distributions: whether to say how the scores are distributed, too.
        """
        logits = self.logits(split)
        rows = {
            "labels": split.rows.labels,
            "scores": self._scores(logits),
            "weights": split.rows.weights,
        }
        losses = self._objective.losses(logits, split.rows.labels, split.rows.weights)
        metrics = measure.evaluate(
            self._schema.tasks,
            **rows,
            users=split.users,
            is_warm=split.is_warm,
            requests=split.requests,
            frozen=self._frozen_scores(split) if with_frozen and self._past else None,
            extra=self._extra,
        )
        found = measure.distributions(self._schema.tasks, **rows) if with_distributions else None
        return Evaluation(float(self._objective.total(losses)), metrics, found)

    def _frozen_scores(self, split: Split) -> dict[str, np.ndarray]:
        first, each = split.first_rows(), np.arange(len(split))
        columns = {name: (split.rows.features[name], first) for name in self._past}
        columns |= {name: (values, each) for name, values in split.frozen.items()}
        return self._scores(self._logits_with(split, columns))

    def _logits_with(
        self, split: Split, columns: Mapping[str, tuple[np.ndarray, np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """Returns the logits of `split` with other features: values, and the row of each."""
        parts = []
        for start in range(0, len(split), _BATCH):
            rows = np.arange(start, min(start + _BATCH, len(split)))
            features = split.take(rows).features
            features |= {name: values[row[rows]] for name, (values, row) in columns.items()}
            parts.append(self._logits(features))
        return {t: np.concatenate([p[t].numpy() for p in parts]) for t in parts[0]}

    def _scores(self, logits: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {task: s.numpy() for task, s in scores(logits, self._schema).items()}
