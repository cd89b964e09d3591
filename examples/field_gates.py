"""A model block: an interaction that gives each field of a row a trained weight.

[model]
interaction = "field_gates"
"""

from collections.abc import Mapping

import tensorflow as tf

from ranker.model import Context
from ranker.spec.model import Interaction
from ranker.spec.part import register


@register("field_gates", acts=f"{__name__}.FieldGatesBlock")
class FieldGates(Interaction):
    """The fields side by side, each times a trained weight that starts at 1."""


class FieldGatesBlock(tf.Module):
    """Keeps its weights in plain variables: the model finds them."""

    layers = ()

    def __init__(self, part: FieldGates, context: Context) -> None:
        super().__init__(name="field_gates")
        del part, context
        self.gates: dict[str, tf.Variable] = {}

    def __call__(self, fields: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns [B, W] of fields, each [B, D] or [B, 1]."""
        for name in fields.keys() - self.gates.keys():
            self.gates[name] = tf.Variable(1.0, name=f"gate/{name}")
        gated = [tf.cast(self.gates[n], field.dtype) * field for n, field in fields.items()]
        return tf.concat(gated, axis=1)
