"""Feature interactions: fields to one vector a row, through TensorFlow Recommenders' layers."""

from collections.abc import Mapping

import tensorflow as tf
import tensorflow_recommenders as tfrs

from ranker.model.block import Context
from ranker.model.dense import dense, glorot, policy
from ranker.spec import model as spec


class NoInteractionBlock(tf.Module):
    """No interaction: the fields side by side."""

    layers: tuple[tf.keras.layers.Layer, ...] = ()

    def __init__(self, part: spec.NoInteraction, context: Context) -> None:
        super().__init__(name="no_interaction")
        del part, context

    def __call__(self, fields: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns [B, sum of the fields' widths]."""
        return tf.concat(list(fields.values()), axis=1)


class DcnBlock(tf.Module):
    """DCN-v2 cross layers over the concatenated fields (arXiv:2008.13535)."""

    def __init__(self, part: spec.Dcn, context: Context) -> None:
        super().__init__(name="dcn")
        self.layers = [
            tfrs.layers.dcn.Cross(
                projection_dim=part.projection_width or None,
                kernel_initializer=glorot(context.seed, f"cross/{i}"),
                name=f"cross/{i}",
                dtype=policy(context.precision),
            )
            for i in range(part.num_layers)
        ]

    def __call__(self, fields: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns [B, sum of the fields' widths]."""
        x = x0 = tf.concat(list(fields.values()), axis=1)
        for layer in self.layers:
            x = layer(x0, x)
        return x


class DotBlock(tf.Module):
    """Dot products of all pairs of fields beside the fields themselves (DLRM, arXiv:1906.00091).

    Numeric features first epoch one dense layer together, to be one field more.
    """

    def __init__(self, part: spec.Dot, context: Context) -> None:
        super().__init__(name="dot")
        del part
        self._numeric = dense(
            "dot/numeric",
            context.width,
            seed=context.seed,
            activation="relu",
            precision=context.precision,
        )
        self._dot = tfrs.layers.feature_interaction.DotInteraction(
            name="dot/pairs", dtype=policy(context.precision)
        )
        self.layers = [self._numeric, self._dot]

    def __call__(self, fields: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns [B, fields * D + pairs of fields]."""
        numeric = [f for f in fields.values() if f.shape[1] == 1]
        vectors = [f for f in fields.values() if f.shape[1] != 1]
        if numeric:
            vectors.append(self._numeric(tf.concat(numeric, axis=1)))
        return tf.concat([*vectors, self._dot(vectors)], axis=1)
