"""A group: variables that are trained alike; and each of them, with what is its own."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from ranker.numerics import as_dtype, in_dtype, is_zero
from ranker.optim import arguments, rows
from ranker.optim.change import Change, Gradient, Reads
from ranker.optim.clip.clipper import ClipInput, Clipped
from ranker.optim.phases import Phases
from ranker.optim.schedules import Schedule, check_schedule
from ranker.optim.transaction import Transaction
from ranker.spec.optimizer import check_fit
from ranker.spec.part import Count, NonNegative, Part, declared


@declared
class Group(Part):
    """Variables that share a rule, a schedule and a weight decay.

    Attributes:
      name: what clippers call it in `targets`: "dense", "embeddings".
      variables: by a name that is unique in the optimizer and stable from run to run;
        checkpoints, reports and Clippy's layers go by it. A sequence goes by the
        variables' own names.
      rule: such as `Adagrad()`, or your own with the methods of `Rule`.
      schedule: such as `Constant(rate=0.1)`.
      weight_decay: decoupled: rate * weight_decay * variable is part of the update, so
        clipped and judged with it; of a table, only the rows touched decay. >= 0.
      reset_every: steps after which the slots, and a rule's correction for their start,
        start over, again and again; 0 for never. Of a table, only the rows touched at that
        step do: finding the others would cost a pass over the table or a slot for it.
      phases: of the run, with some of which slots begin anew, or nothing is written; None for
        none. Of a table all rows begin anew, and the schedule does not go by them: see `InPhases`.

    Raises:
      TypeError: for what is none of these: text or a class for a rule, a number for a schedule,
        one variable for a mapping of them.
      ValueError: for a number out of its range, or a variable of a dtype that does not train.
    """

    name: str
    variables: Mapping[str, tf.Variable] | Sequence[tf.Variable]
    rule: Any  # declared, and once the group is made a `Rule`
    schedule: Schedule
    weight_decay: NonNegative = 0.0
    reset_every: Count = 0
    phases: Phases | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        what = f"Group {self.name!r}"
        object.__setattr__(self, "rule", arguments.acting_rule(self.rule, what))
        check_schedule(self.schedule, what)
        arguments.check_variables(self.variables, what)

    def since_reset(self, step: tf.Tensor) -> tf.Tensor:
        """Returns how many of `step` committed updates came after the last start over, a scalar."""
        if self.reset_every:
            return tf.math.floormod(step, self.reset_every)
        return step if self.phases is None else self.phases.since("slots", step, step)

    def starts_over(self, step: tf.Tensor) -> tf.Tensor | None:
        """Returns whether the slots start over with the next update, a bool scalar; None: never."""
        if self.reset_every:
            return self.since_reset(step) == 0
        return None if self.phases is None else self.phases.begins_slots(step)

    def held(self, step: tf.Tensor) -> tf.Tensor | None:
        """Returns whether nothing of it is written at `step`, a bool scalar; None if always."""
        return None if self.phases is None else self.phases.is_frozen(self.name, step)

    def refuse_unsuited(self, clippers: Sequence[Any]) -> None:
        """Raises ValueError for a clipper of this group that asks what its rule does not give."""
        for clipper in clippers:
            if hasattr(clipper, "needs") and hasattr(self.rule, "gives") and self.variables:
                check_fit(clipper, self.rule, self.name)

    def named(self) -> list[tuple[str, tf.Variable]]:
        """Returns each variable with its name."""
        if isinstance(self.variables, Mapping):
            return list(self.variables.items())
        return [(variable.name.partition(":")[0], variable) for variable in self.variables]


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
            counts=None if touched is None else functools.partial(_count, gradient, reads),
        )

    def update(
        self, clipped: Clipped, step: tf.Tensor, rate: tf.Tensor, transaction: Transaction
    ) -> ClipInput:
        """Returns the update that the clipped gradient would make: what update clippers see.

        Args:
          step: updates committed before, a scalar.
          rate: the group's learning rate, a scalar.
          transaction: takes what the rule reports.
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

    def change(
        self, gradient: Gradient, clipped: Clipped, factor: tf.Tensor, step: tf.Tensor
    ) -> Change:
        """Returns the change that is left of the update; none at all while its group is frozen.

        Its slots advance by the clipped gradient if the rule asks.

        Args:
          gradient: before any clipper.
          clipped: the update.
          factor: what clippers left of the gradient, a scalar.
          step: updates committed before, a scalar.
        """
        item, rule = clipped.item, in_dtype(self.group.rule, self.dtype)
        slots = tuple(item.slots.values())
        if rule.order == "delayed":
            seen: Any = item.gradient
            if rule.accumulate == "clipped" and clipped.share is not None:
                seen = tf.math.multiply_no_nan(seen, clipped.share)
            slots = rule.advance(seen, slots)
        update, after = item.values, item.before - item.values
        is_held = self.group.held(step)
        if is_held is not None:
            before = self._read_slots(gradient.rows, step).values()
            slots = [tf.where(is_held, b, s) for b, s in zip(before, slots, strict=True)]
            update = tf.where(is_held, tf.zeros_like(update), update)
            after = tf.where(is_held, item.before, after)
        return Change(
            gradient=gradient,
            update=update,
            after=tf.cast(after, self.variable.dtype),
            slots=tuple(zip(self.slots.values(), slots, strict=True)),
            factor=factor * clipped.factor,
            unclipped=clipped.unclipped,
        )

    def _read_slots(self, touched: tf.Tensor | None, step: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the slots at the rows touched, as they start where it is time to start over."""
        slots = {name: rows.read(slot, touched) for name, slot in self.slots.items()}
        is_over = self.group.starts_over(step)
        if is_over is None:
            return slots
        starts = self.group.rule.initial()
        return {
            name: tf.where(is_over, as_dtype(starts[name], values.dtype), values)
            for name, values in slots.items()
        }


def _count(gradient: Gradient, reads: Reads | None) -> tf.Tensor:
    """Returns how often the batch read each row of a table's gradient, int32 [U]."""
    assert gradient.rows is not None
    assert gradient.ids is not None
    return rows.count(reads(gradient.name) if reads else gradient.ids, rows=gradient.rows)
