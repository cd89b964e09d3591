"""Features to fields: one [B, D] embedding each, or [B, 1] if numeric."""

from collections.abc import Mapping

import tensorflow as tf

from ranker.model.dense import normal
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
        self.tables = {
            name: normal(f"embedding/{name}", (rows, width), seed=seed, scale=scale)
            for name, rows in num_rows.items()
        }

    def __call__(self, features: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns each feature's field; a multi-valued one is the mean of its values."""
        return {f.name: self._field(f, features[f.name]) for f in self._features}

    def _field(self, feature: Feature, value: tf.Tensor) -> tf.Tensor:
        if feature.kind == "numeric":
            return standardise(feature, value)[:, tf.newaxis]
        table = self.tables[feature.vocabulary]
        if feature.is_multivalued:
            return pool(table, value)
        return tf.gather(table, value)


def pool(table: tf.Variable, rows: tf.Tensor, *, power: float = 1.0) -> tf.Tensor:
    """Returns the sum [B, D] of the rows of `table` in `rows` [B, L] over their number to `power`.

    A row of -1 is no row: it is neither read nor, in the gradient, touched, so that
    padding decays nothing. Without any row the sum is 0.
    """
    is_value = rows >= 0
    present = tf.where(is_value)[:, 0]
    values = tf.gather(table, tf.boolean_mask(rows, is_value))
    # A sum over places that ascend, and its gradient, cost half of one over places in any order;
    # it ends with the last example that has a value.
    total = tf.math.segment_sum(values, present)
    missing = tf.shape(rows)[0] - tf.shape(total)[0]
    total = tf.pad(total, tf.convert_to_tensor([[0, missing], [0, 0]]))
    count = tf.reduce_sum(tf.cast(is_value, table.dtype), axis=1, keepdims=True)
    return total * tf.maximum(count, 1.0) ** -power


def standardise(feature: Feature, value: tf.Tensor) -> tf.Tensor:
    """Returns `value` with the training split's mean at 0 and its deviation at 1."""
    if feature.log1p:
        value = tf.math.log1p(tf.maximum(value, 0.0))
    return (value - feature.mean) / feature.standard_deviation
