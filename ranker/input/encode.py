"""Raw feature values to row numbers, by one code path in training and in serving."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from ranker.input.batch import Array
from ranker.schema import Feature, Schema

PADDING = {"string": "", "int64": -1}


class Encoder(tf.Module):
    """Looks raw values up; holds the vocabularies, so that a SavedModel does too.

    With `num_buckets` 0, value i of a vocabulary is row i and an unknown value
    hashes into one of the `num_unknown` rows behind. With `num_buckets` > 0
    every value hashes into that many rows and no vocabulary is kept.
    """

    def __init__(
        self,
        schema: Schema,
        vocabularies: Mapping[str, Sequence[str]],
        *,
        num_unknown: int = 1,
        num_buckets: int = 0,
    ) -> None:
        """Makes a lookup table for each vocabulary of `schema` that has a value.

        Raises:
          ValueError: if a vocabulary is missing or its size is not the schema's,
            or `num_unknown` < 1: a vocabulary without room for the unknown would
            fail on the first new id.
        """
        super().__init__(name="encoder")
        if num_unknown < 1:
            raise ValueError(f"num_unknown must be >= 1, got {num_unknown}")
        self._schema = schema
        self._tables: dict[str, tf.lookup.StaticVocabularyTable] = {}
        self.num_rows: dict[str, int] = {}
        self._num_known: dict[str, int] = {}  # by vocabulary; none where all is hashed
        for feature in schema.features:
            name = feature.vocabulary
            if not name or name in self.num_rows:
                continue
            if num_buckets:
                self.num_rows[name] = num_buckets
                continue
            values = vocabularies.get(name, ())
            if len(values) != schema.vocabularies[name]:
                raise ValueError(
                    f"vocabulary {name!r} has {len(values)} values, "
                    f"its schema says {schema.vocabularies[name]}"
                )
            if values:  # none of a list that is empty in all of training: all is unknown
                self._tables[name] = _lookup_table(values, feature.dtype, num_unknown)
            self.num_rows[name] = len(values) + num_unknown
            self._num_known[name] = len(values)

    def __call__(self, raw: Mapping[str, Array]) -> dict[str, tf.Tensor]:
        """Returns the encoded features of `raw`, as `Batch.features` describes them.

        Args:
          raw: by feature name: [B], or [B, L] if multi-valued, padded with "" or -1.

        Raises:
          KeyError: if a feature of the schema is not in `raw`.
        """
        return {f.name: self._encode(f, raw[f.name]) for f in self._schema.features}

    def rows(self, feature: Feature, values: Array) -> np.ndarray:
        """Returns what `values` [N] of one feature of the schema are encoded as, [N]."""
        return self._encode(feature, values).numpy()

    def count_unknown(self, raw: Mapping[str, Array]) -> dict[str, tf.Tensor]:
        """Returns how many values each feature has, and how many its vocabulary lacks.

        Args:
          raw: as of a call.

        Returns:
          int64 [2] by feature, of those with a vocabulary that is looked up.
        """
        found = {}
        for feature in self._schema.features:
            if feature.vocabulary not in self._num_known:
                continue
            value = tf.convert_to_tensor(raw[feature.name], feature.dtype)
            rows = self._encode(feature, value)
            is_value = rows >= 0
            is_unknown = rows >= self._num_known[feature.vocabulary]
            found[feature.name] = tf.stack(
                [tf.math.count_nonzero(is_value), tf.math.count_nonzero(is_unknown)]
            )
        return found

    def _encode(self, feature: Feature, value: Array) -> tf.Tensor:
        value = tf.convert_to_tensor(value, feature.dtype)
        if feature.kind == "numeric":
            return value
        if feature.vocabulary in self._tables:
            rows = self._tables[feature.vocabulary].lookup(value)
        else:
            text = value if feature.dtype == "string" else tf.strings.as_string(value)
            rows = tf.strings.to_hash_bucket_fast(text, self.num_rows[feature.vocabulary])
        rows = tf.cast(rows, tf.int32)
        if not feature.is_multivalued:
            return rows
        return tf.where(value == PADDING[feature.dtype], -1, rows)


def _lookup_table(
    values: Sequence[str], dtype: str, num_unknown: int
) -> tf.lookup.StaticVocabularyTable:
    keys = tf.constant([int(v) for v in values] if dtype == "int64" else list(values), dtype)
    rows = tf.range(len(values), dtype=tf.int64)
    return tf.lookup.StaticVocabularyTable(
        tf.lookup.KeyValueTensorInitializer(keys, rows), num_unknown, lookup_key_dtype=keys.dtype
    )
