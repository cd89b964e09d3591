"""What a clipper is.

A clipper says by how much to scale each element; the optimizer does it. A clipper's scale
is in [0, 1], so it shrinks and cannot turn; `Lamb` and `GradientStabilizer`, which set a
length instead of bounding one, may also stretch, and then count as a clip factor of 1. None
repairs: where it cannot say what is left of a NaN or an infinity, the scale is 0, and the
optimizer makes that zeros by selecting, since 0 * inf is NaN. What such a step was worth is
for the guard, which sees the values from before.

What a clipper knows of earlier steps are its *statistics*: tensors that it is given and
gives back advanced. The optimizer holds them as variables, writes them with the step they
came from, and so never writes those of a refused one. Neither a norm that is not finite nor
one of 0 enters any: the one is no size, the other is no gradient. What is kept of each
variable goes by its name and is left out of a step that has no gradient for it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import tensorflow as tf

Statistics = Mapping[str, tf.Tensor]


class ClipInput(NamedTuple):
    """What a clipper sees of one variable.

    Attributes:
      name: the variable's, unique in its optimizer.
      group: the name of its group.
      is_table: whether axis 0 is the U rows touched, of a table, not the whole variable.
      before: the variable's values, or its rows', before the step.
      values: gradient or update, by the clipper's stage; of the shape of `before`.
      precondition: update stage: what the rule multiplied the gradient by, of the same
        shape, or None.
      gradient: update stage: what the rule was given, of the same shape; else None.
      slots: the rule's slots by name, of the same shape: at the gradient stage as they were
        before the step, at the update stage as the update was made with.
      rate: the learning rate that is part of `values`, a scalar; 1 at the gradient stage.
      mean_square: update stage: the rule's mean of squared gradients, this one's among them
        in the standard order, corrected for its start as the rule corrects it; or None.
      counts: of a table: returns how often the batch read each row, int32 [U].
    """

    name: str
    group: str
    is_table: bool
    before: tf.Tensor
    values: tf.Tensor
    precondition: tf.Tensor | None = None
    gradient: tf.Tensor | None = None
    slots: Mapping[str, tf.Tensor] = {}
    rate: tf.Tensor | float = 1.0
    mean_square: tf.Tensor | None = None
    counts: Callable[[], tf.Tensor] | None = None


class Clipped(NamedTuple):
    """What clippers left of an item.

    Attributes:
      item: with the values that are left.
      unclipped: the values before any clipper.
      share: what they were multiplied by, broadcasts to them; None if no clipper was at work.
      factor: the smallest share, at most 1; a scalar.
    """

    item: ClipInput
    unclipped: tf.Tensor
    share: tf.Tensor | None
    factor: tf.Tensor


class Clipper(Protocol):
    """A pure function of all it applies to and of its statistics; frozen settings.

    One that asks something of a rule may have `needs`, as `ranker.spec.clip.Clip` says. One that
    has something to report may have `scalars(items, scales, statistics)`, which returns scalars by
    name: of what `clip` was given, what it returned, and the statistics after the step. They are
    reported as "clip/<index in the chain>/<name>".

    Attributes:
      stage: "gradient" or "update": what it is given.
      targets: the name of the group of variables it applies to, or "all".
    """

    @property
    def stage(self) -> str: ...

    @property
    def targets(self) -> str: ...

    def initial(self, names: Sequence[str]) -> Mapping[str, tf.Tensor]:
        """Returns what its statistics start from, [...] by name; {} if it keeps none.

        Args:
          names: of the variables it applies to.
        """
        ...

    def clip(
        self, items: Sequence[ClipInput], statistics: Statistics
    ) -> tuple[list[tf.Tensor], Statistics]:
        """Returns for each item the scale, that broadcasts to its values [U, ...]; and the
        statistics after this step, those that do not change left out.

        A variable without a gradient is not among the items of that step.
        """
        ...


def gathered(statistics: Statistics, items: Sequence[ClipInput], what: str) -> tf.Tensor:
    """Returns each item's statistic "<name>/<what>", a scalar, together as [V]."""
    return tf.stack([statistics[f"{item.name}/{what}"] for item in items])


def spread(values: tf.Tensor, items: Sequence[ClipInput], what: str) -> dict[str, tf.Tensor]:
    """Returns `values` [V] as each item's statistic "<name>/<what>"."""
    named = zip(items, tf.unstack(values, len(items)), strict=True)
    return {f"{item.name}/{what}": value for item, value in named}


class Stateless:
    """A clipper that keeps nothing: it has `shares` alone."""

    def initial(self, names: Sequence[str]) -> Mapping[str, tf.Tensor]:
        """Returns {}: no statistics, not one scalar."""
        del names
        return {}

    def clip(
        self, items: Sequence[ClipInput], statistics: Statistics
    ) -> tuple[list[tf.Tensor], Statistics]:
        """Returns the shares, that broadcast to [U, ...]; `statistics` is empty."""
        del statistics
        return self.shares(items), {}

    def shares(self, items: Sequence[ClipInput]) -> list[tf.Tensor]:
        """Returns for each item the scale, that broadcasts to its values [U, ...]."""
        raise NotImplementedError(f"{type(self).__name__} has no shares")
