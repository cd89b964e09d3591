"""What a block of the model is: an interaction of fields, or what the tasks share.

A block is made of its declaration, of `ranker.spec.model`, and of a context. Every variable in
it must be in one of its `layers`, or `Ranker` does not find it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import tensorflow as tf


class Context(NamedTuple):
    """What blocks know of the model that they are part of.

    Attributes:
      tasks: names, in their order, T.
      width: D of the embeddings.
      seed: of initial values.
      dropout: share of hidden units left out in training.
      precision: of activations, "float32" or "bfloat16".
    """

    tasks: Sequence[str]
    width: int
    seed: int
    dropout: float = 0.0
    precision: str = "float32"


class Interaction(Protocol):
    """From fields to one vector a row."""

    @property
    def layers(self) -> Sequence[tf.keras.layers.Layer]: ...

    def __call__(self, fields: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Returns [B, W] of fields, [B, D] for an embedding and [B, 1] for a number."""
        ...


class Sharing(Protocol):
    """From one vector a row to one for each task.

    It may have `last`: of its layers the last that tasks share, whose kernels stand for all that
    is shared where the tasks' gradients are compared. Without it all dense variables do.
    """

    @property
    def layers(self) -> Sequence[tf.keras.layers.Layer]: ...

    def __call__(self, x: tf.Tensor, seed: tf.Tensor | None = None) -> Mapping[str, tf.Tensor]:
        """Returns [B, W'] by task of `x` [B, W]; a `seed`, int32 [2], switches dropout on."""
        ...
