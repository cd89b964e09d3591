"""A trained variable with its slots: what becomes of its gradient, step by step."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ranker.numerics import as_dtype, in_dtype, is_zero
from ranker.optim import rows
from ranker.optim.change import Change, Gradient, Reads
from ranker.optim.clip.chain import Clipped
from ranker.optim.clip.clipper import ClipInput
from ranker.optim.group import Group
from ranker.optim.transaction import Transaction


@dataclasses.dataclass(frozen=True, eq=False)
class Member:
    """One variable of an optimizer, with what is its own.

    Attributes:
      name: unique in the optimizer.
      group: that it is in.
      slots: of its group's rule, by name.
      dtype: that everything is computed in.
    """

    name: str
    variable: tf.Variable
    group: Group
    slots: Mapping[str, tf.Variable]
    dtype: tf.DType

    @classmethod
    def make(cls, name: str, variable: tf.Variable, group: Group, dtype: tf.DType) -> "Member":
        """Returns the variable with slots as they start."""
        slots = {
            slot: tf.Variable(
                tf.fill(variable.shape, as_dtype(value, dtype)),
                trainable=False,
                name=f"{name}/{slot}",
            )
            for slot, value in group.rule.initial().items()
        }
        return cls(name, variable, group, slots, dtype)

    def clip_input(self, gradient: Gradient, step: tf.Tensor, reads: Reads | None) -> ClipInput:
        """Returns what gradient-stage clippers see of `gradient`, [U, ...], at `step`, a scalar."""
        touched = gradient.rows
        return ClipInput(
            name=self.name,
            group=self.group.name,
            is_table=touched is not None,
            before=tf.cast(rows.read(self.variable, touched), self.dtype),
            values=gradient.values,
            slots=self._read_slots(touched, step),
            counts=None if touched is None else functools.partial(gradient.count, reads),
        )

    def update(
        self, clipped: Clipped, step: tf.Tensor, rate: tf.Tensor, transaction: Transaction
    ) -> ClipInput:
        """Returns the update that the clipped gradient would make: what update clippers see.

        Args:
          step: updates committed before, a scalar.
          rate: the group's learning rate, a scalar.
          transaction: is told what the rule has to tell.
        """
        item, rule = clipped.item, in_dtype(self.group.rule, self.dtype)
        slots = tuple(item.slots.values())
        used = slots if rule.order == "delayed" else rule.advance(item.values, slots)
        direction = rule.direct(item.values, used, step=self.group.since_reset(step))
        for name, value in direction.scalars.items():
            transaction.scalar(f"rule/{self.name}/{name}", value)
        update = direction.values
        if not is_zero(self.group.weight_decay):
            update += as_dtype(self.group.weight_decay, self.dtype) * item.before
        rate = tf.cast(rate, update.dtype)
        update *= rate
        return item._replace(
            values=update,
            precondition=direction.precondition,
            gradient=item.values,
            slots=dict(zip(self.slots, used, strict=True)),
            rate=rate,
            mean_square=direction.mean_square,
        )

    def change(self, gradient: Gradient, clipped: Clipped, factor: tf.Tensor) -> Change:
        """Returns the change that is left of the update.

        Its slots advance by the clipped gradient if the rule asks.

        Args:
          gradient: before any clipper.
          clipped: the update.
          factor: what clippers left of the gradient, a scalar.
        """
        item, rule = clipped.item, in_dtype(self.group.rule, self.dtype)
        slots = tuple(item.slots.values())
        if rule.order == "delayed":
            seen: Any = item.gradient
            if rule.accumulate == "clipped" and clipped.share is not None:
                seen = tf.math.multiply_no_nan(seen, clipped.share)
            slots = rule.advance(seen, slots)
        return Change(
            gradient=gradient,
            update=item.values,
            after=tf.cast(item.before - item.values, self.variable.dtype),
            slots=tuple(zip(self.slots.values(), slots, strict=True)),
            factor=factor * clipped.factor,
            unclipped=clipped.unclipped,
        )

    def _read_slots(self, touched: tf.Tensor | None, step: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the slots at the rows touched, as they start where it is time to start over."""
        slots = {name: rows.read(slot, touched) for name, slot in self.slots.items()}
        if not self.group.reset_every:
            return slots
        is_over = self.group.since_reset(step) == 0
        starts = self.group.rule.initial()
        return {
            name: tf.where(is_over, as_dtype(starts[name], values.dtype), values)
            for name, values in slots.items()
        }
