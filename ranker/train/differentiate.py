"""The gradients of a batch, differentiated when an aggregation asks for them."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from ranker.optim.change import Gradient

Raw = Any  # a tensor, slices or None, as a tape returns it
Values = dict[str, tf.Tensor]  # of one variable, by task


@dataclasses.dataclass(kw_only=True)
class TaskGradients:
    """What `ranker.objective.aggregate.TaskGradients` says; differentiates nothing when made.

    Attributes:
      tasks: T names.
      means: each task's loss.
      losses: all of them together, [T].
      weighted_sum: of them, a scalar.
      scales: returns how much each counts in that, [T].
      differentiate: returns the gradients of a loss, [...] of each trained variable in order,
        with injected faults and summed over workers; a second argument, of the loss's shape,
        scales it.
      summed, aligned: as `ranker.optim.Optimizer` has them.
    """

    tasks: tuple[str, ...]
    means: Sequence[tf.Tensor]
    losses: tf.Tensor
    weighted_sum: tf.Tensor
    scales: Callable[[], tf.Tensor]
    differentiate: Callable[..., Sequence[Raw]]
    summed: Callable[[Sequence[Raw]], tuple[Gradient, ...]]
    aligned: Callable[[Mapping[str, Sequence[Raw]]], Mapping[str, tuple[Gradient, Values]]]
    _gradients: dict[str, Gradient] = dataclasses.field(default_factory=dict, init=False)

    def total(self, weights: tf.Tensor | None = None) -> tuple[Gradient, ...]:
        """Returns the gradient of the sum by `weights` [T], one for each variable that has one."""
        if weights is None:
            return self.summed(self.differentiate(self.weighted_sum))
        counted = self.scales() * tf.ensure_shape(weights, [len(self.tasks)])
        return self.summed(self.differentiate(self.losses, counted))

    def each(self) -> dict[str, dict[str, tf.Tensor]]:
        """Returns each task's gradient of each variable, [U, ...], by variable and by task."""
        scales = tf.unstack(self.scales(), len(self.tasks))
        each = zip(self.tasks, self.means, scales, strict=True)
        found = self.aligned({t: self.differentiate(m, s) for t, m, s in each})
        self._gradients = {name: gradient for name, (gradient, _) in found.items()}
        return {name: values for name, (_, values) in found.items()}

    def having(self, values: Mapping[str, tf.Tensor]) -> tuple[Gradient, ...]:
        """Returns the gradients of `each` with other values [U, ...]."""
        for name, value in values.items():
            known = self._gradients.get(name)
            if known is None:
                raise ValueError(
                    f"no gradient of {name!r} was asked for; there are: "
                    f"{', '.join(self._gradients) or 'none, call each() first'}"
                )
            if not value.shape.is_compatible_with(known.values.shape):
                raise ValueError(
                    f"the gradient of {name!r} must keep its shape {known.values.shape}, got "
                    f"{value.shape}"
                )
        return tuple(
            gradient._replace(values=values.get(name, gradient.values))
            for name, gradient in self._gradients.items()
        )
