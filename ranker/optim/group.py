"""A group: variables that are trained alike."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from ranker.numerics import Number, check_number
from ranker.optim import arguments
from ranker.optim.schedules import Schedule, check_schedule
from ranker.spec.optimizer import check_fit


@dataclasses.dataclass(frozen=True, kw_only=True)
class Group:
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

    Raises:
      TypeError: for what is none of these: text or a class for a rule, a number for a schedule,
        one variable for a mapping of them.
      ValueError: for a number out of its range, or a variable of a dtype that does not train.
    """

    name: str
    variables: Mapping[str, tf.Variable] | Sequence[tf.Variable]
    rule: Any  # declared, and once the group is made a `Rule`
    schedule: Schedule
    weight_decay: Number = 0.0
    reset_every: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise TypeError(f"Group: name must be text, got {self.name!r}")
        what = f"Group {self.name!r}"
        object.__setattr__(self, "rule", arguments.acting_rule(self.rule, what))
        check_schedule(self.schedule, what)
        arguments.check_variables(self.variables, what)
        check_number(self, "weight_decay", least=0)
        check_number(self, "reset_every", least=0)

    def since_reset(self, step: tf.Tensor) -> tf.Tensor:
        """Returns how many of `step` committed updates came after the last start over, a scalar."""
        return tf.math.floormod(step, self.reset_every) if self.reset_every else step

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
