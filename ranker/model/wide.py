"""The wide part: biases, weights of the numbers and a product, added to each logit."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from ranker.model.dense import dense, normal, scope
from ranker.model.embed import standardise
from ranker.model.lists import embed
from ranker.schema import Feature, Schema


class Wide(tf.Module):
    """What memorises: a bias a value, a weight a number, and one factorisation term.

    logit[t] = sum over features f with a bias: bias_f[value, t]
             + sum over numeric features n: weight[n, t] * standardised n
             + (user[u, t] + sum over histories h: h[t]) . item[i, t]

    where h[t] = L^-0.5 * sum of the rows, in a table of h's own, of the L items in it,
    as in SVD++ (Koren 2008, doi:10.1145/1401890.1401944, eq. 15).

    Biases start at 0, factors at N(0, scale^2).

    Attributes:
      layers: the weights of the numeric features.
    """

    def __init__(
        self,
        schema: Schema,
        num_rows: Mapping[str, int],
        *,
        biases: Sequence[str],
        has_numeric: bool,
        factors: int,
        histories: Sequence[str],
        seed: int,
        scale: float,
    ) -> None:
        """Makes the tables.

        Args:
          num_rows: rows of each vocabulary's table.
          biases: the features with a bias a value, multi-valued ones pooled.
          has_numeric: whether numeric features have a weight.
          factors: width of the product's vectors, a task; 0 for no product.
          histories: multi-valued features of items that join the user's vector.

        Raises:
          ValueError: for a bias or a history that is no such feature of the schema.
        """
        super().__init__(name="wide")
        tasks = [task.name for task in schema.tasks]
        self._tasks = tasks
        self._factors = factors
        self._user, self._item = schema.user, schema.item
        self._numeric = [f for f in schema.features if has_numeric and f.kind == "numeric"]
        of_rows = {f.name: num_rows[f.vocabulary] for f in schema.features if f.vocabulary}
        _require("bias", biases, of_rows)
        _require("place among the histories", histories, _histories_of(schema))
        self._biases = {
            name: tf.Variable(tf.zeros((of_rows[name], len(tasks))), name=scope(f"bias/{name}"))
            for name in biases
        }
        self._factor_tables = {
            name: normal(
                f"factor/{name}", (of_rows[name], len(tasks) * factors), seed=seed, scale=scale
            )
            for name in ((self._user, self._item, *histories) if factors else ())
        }
        self._weights = dense(
            "wide/numeric", len(tasks), seed=seed, use_bias=False, seeded_as="shallow/numeric"
        )
        self.layers = [self._weights] if self._numeric else []

    @property
    def readers(self) -> list[tuple[tf.Variable, list[str]]]:
        """Each table, and the names of the features that read it."""
        named = [*self._biases.items(), *self._factor_tables.items()]
        return [(table, [name]) for name, table in named]

    def __call__(self, features: Mapping[str, Any]) -> dict[str, tf.Tensor]:
        """Returns what to add to each task's logit, [B], given `Embedding.read(features)`."""
        parts = [embed(table, features[name]) for name, table in self._biases.items()]
        if self._numeric:
            numbers = [standardise(f, features[f.name]) for f in self._numeric]
            parts.append(self._weights(tf.stack(numbers, axis=1)))
        if self._factors:
            parts.append(self._product(features))
        total = tf.add_n(parts) if parts else tf.zeros((1, len(self._tasks)))
        return {task: total[:, i] for i, task in enumerate(self._tasks)}

    def _product(self, features: Mapping[str, Any]) -> tf.Tensor:
        vectors = {
            name: embed(table, features[name], power=0.5)
            for name, table in self._factor_tables.items()
        }
        item = vectors.pop(self._item)
        product = tf.reshape(
            tf.add_n(list(vectors.values())) * item, (-1, len(self._tasks), self._factors)
        )
        return tf.reduce_sum(product, axis=2)


def _histories_of(schema: Schema) -> list[str]:
    item = schema.feature(schema.item)

    def is_history(feature: Feature) -> bool:
        return feature.is_multivalued and feature.vocabulary == item.vocabulary

    return [f.name for f in schema.features if is_history(f)]


def _require(what: str, names: Sequence[str], allowed: Sequence[str] | Mapping) -> None:
    for name in names:
        if name not in allowed:
            raise ValueError(
                f"no feature {name!r} to have a {what}; there are: {', '.join(allowed)}"
            )
