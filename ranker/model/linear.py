"""The shallow part: per-task biases and a user-item product, added to each task's logit."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from ranker.model.dense import drop, normal
from ranker.schema import Schema


class Linear(tf.Module):
    """A bias per value of some features, and one factorisation term (Koren et al. 2009).

    logit[t] = sum over features f of bias_f[value, t]
             + sum over k of user[u, t, k] * item[i, t, k]

    Attributes:
      tables: the embedding variables; biases start at 0, factors at N(0, scale^2).
    """

    def __init__(
        self,
        schema: Schema,
        num_rows: Mapping[str, int],
        *,
        biases: Sequence[str],
        factors: int,
        dropout: float,
        seed: int,
        scale: float,
    ) -> None:
        """Makes the tables.

        Args:
          biases: the features with a bias a value.
          factors: K; 0 for no product.
          dropout: share of the products' terms left out in training.

        Raises:
          ValueError: if a feature with a bias is not a categorical one of the schema.
        """
        super().__init__(name="linear")
        self._schema = schema
        self._factors = factors
        self._dropout = dropout
        tasks = len(schema.tasks)
        categorical = {f.name: f.vocabulary for f in schema.features if f.vocabulary}
        self._biases = {}
        for name in biases:
            if name not in categorical:
                raise ValueError(
                    f"no categorical feature {name!r} to give a bias; there are: "
                    f"{', '.join(categorical)}"
                )
            rows = num_rows[categorical[name]]
            self._biases[name] = tf.Variable(tf.zeros((rows, tasks)), name=f"bias/{name}")
        pair = (schema.user, schema.item) if factors else ()
        self._pair = [
            normal(
                f"factor/{name}",
                (num_rows[categorical[name]], tasks * factors),
                seed=seed,
                scale=scale,
            )
            for name in pair
        ]
        self.tables = (*self._biases.values(), *self._pair)

    def __call__(
        self, features: Mapping[str, tf.Tensor], seed: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """Returns what to add to each task's logit, [B]."""
        size = tf.shape(features[self._schema.user])[0]
        total = tf.zeros((size, len(self._schema.tasks)))
        for name, table in self._biases.items():
            total += tf.gather(table, features[name])
        if self._pair:
            user, item = (
                tf.gather(table, features[name])
                for table, name in zip(
                    self._pair, (self._schema.user, self._schema.item), strict=True
                )
            )
            product = drop(user * item, self._dropout, seed=seed, salt=7)
            product = tf.reshape(product, (-1, len(self._schema.tasks), self._factors))
            total += tf.reduce_sum(product, axis=2)
        return {t.name: total[:, i] for i, t in enumerate(self._schema.tasks)}
