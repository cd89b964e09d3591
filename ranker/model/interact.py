"""Feature interactions: fields to one vector a row, through TensorFlow Recommenders' layers."""

from collections.abc import Mapping

import tensorflow as tf
import tensorflow_recommenders as tfrs

from ranker.model.dense import dense, glorot, policy


class Concatenation(tf.Module):
    """No interaction: the fields side by side."""

    layers: tuple[tf.keras.layers.Layer, ...] = ()

    def __call__(self, fields: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns [B, sum of the fields' widths]."""
        return tf.concat(list(fields.values()), axis=1)


class Dcn(tf.Module):
    """DCN-v2 cross layers over the concatenated fields (arXiv:2008.13535)."""

    def __init__(
        self,
        *,
        num_layers: int,
        projection_width: int | None,
        seed: int,
        precision: str = "float32",
    ) -> None:
        """Makes the layers; `projection_width` None is full rank."""
        super().__init__(name="dcn")
        self.layers = [
            tfrs.layers.dcn.Cross(
                projection_dim=projection_width,
                kernel_initializer=glorot(seed, f"cross/{i}"),
                name=f"cross/{i}",
                dtype=policy(precision),
            )
            for i in range(num_layers)
        ]

    def __call__(self, fields: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns [B, sum of the fields' widths]."""
        x = x0 = tf.concat(list(fields.values()), axis=1)
        for layer in self.layers:
            x = layer(x0, x)
        return x


class Dot(tf.Module):
    """Dot products of all pairs of fields beside the fields themselves (DLRM, arXiv:1906.00091).

    Numeric features first pass one dense layer together, to be one field more.
    """

    def __init__(self, *, width: int, seed: int, precision: str = "float32") -> None:
        super().__init__(name="dot")
        self._numeric = dense(
            "dot/numeric", width, seed=seed, activation="relu", precision=precision
        )
        self._dot = tfrs.layers.feature_interaction.DotInteraction(
            name="dot/pairs", dtype=policy(precision)
        )
        self.layers = [self._numeric, self._dot]

    def __call__(self, fields: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns [B, fields * D + pairs of fields]."""
        numeric = [f for f in fields.values() if f.shape[1] == 1]
        vectors = [f for f in fields.values() if f.shape[1] != 1]
        if numeric:
            vectors.append(self._numeric(tf.concat(numeric, axis=1)))
        return tf.concat([*vectors, self._dot(vectors)], axis=1)


Interaction = Concatenation | Dcn | Dot
