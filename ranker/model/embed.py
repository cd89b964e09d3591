"""Features to fields: one [B, D] embedding each, or [B, 1] if numeric."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ranker.model.dense import normal
from ranker.model.lists import embed, read
from ranker.schema import Feature, Schema


class Embedding(tf.Module):
    """One table a vocabulary; features that share a vocabulary share its table."""

    def __init__(
        self,
        schema: Schema,
        num_rows: Mapping[str, int],
        *,
        width: int,
        seed: int,
        scale: float,
    ) -> None:
        """Makes the tables, N(0, scale^2).

        Args:
          num_rows: rows of each vocabulary's table, the unknown values' included.
          width: D.
        """
        super().__init__(name="embedding")
        self._features = schema.features
        self._num_rows = dict(num_rows)
        self._tables = {
            name: normal(f"embedding/{name}", (rows, width), seed=seed, scale=scale)
            for name, rows in num_rows.items()
        }

    @property
    def readers(self) -> list[tuple[tf.Variable, list[str]]]:
        """Each table, and the names of the features that read it."""
        return [
            (table, [f.name for f in self._features if f.vocabulary == name])
            for name, table in self._tables.items()
        ]

    def read(self, features: Mapping[str, tf.Tensor]) -> dict[str, Any]:
        """Returns `features`, [B] or [B, L], but of each multi-valued one its `Values`."""
        return dict(features) | {
            f.name: read(features[f.name], self._num_rows[f.vocabulary])
            for f in self._features
            if f.is_multivalued
        }

    def __call__(self, features: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        """Returns each feature's field, given `read(features)`; that of a list is a mean."""
        return {f.name: self._field(f, features[f.name]) for f in self._features}

    def _field(self, feature: Feature, value: Any) -> tf.Tensor:
        if feature.kind == "numeric":
            return standardise(feature, value)[:, tf.newaxis]
        return embed(self._tables[feature.vocabulary], value)


def standardise(feature: Feature, value: tf.Tensor) -> tf.Tensor:
    """Returns `value` [B] with the training split's mean at 0 and its deviation at 1."""
    if feature.log1p:
        value = tf.math.log1p(tf.maximum(value, 0.0))
    return (value - feature.mean) / feature.standard_deviation
