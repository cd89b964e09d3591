"""The gradients of a batch, differentiated when an aggregation asks for them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from ranker.optim.change import Gradient

Raw = Any  # a tensor, slices or None, as a tape returns it


class TaskGradients:
    """What `ranker.objective.aggregate.TaskGradients` says.

    Attributes:
      tasks, losses: as given.
    """

    def __init__(
        self,
        *,
        tasks: Sequence[str],
        means: Sequence[tf.Tensor],
        losses: tf.Tensor,
        total: tf.Tensor,
        scales: Callable[[], tf.Tensor],
        differentiate: Callable[..., Sequence[Raw]],
        summed: Callable[[Sequence[Raw]], tuple[Gradient, ...]],
        aligned: Callable[
            [Mapping[str, Sequence[Raw]]], Mapping[str, tuple[Gradient, dict[str, tf.Tensor]]]
        ],
    ) -> None:
        """Takes what was recorded; differentiates nothing.

        Args:
          tasks: T names.
          means: each task's loss.
          losses: all of them together, [T].
          total: their weighted sum.
          scales: returns how much each counts in that, [T].
          differentiate: returns the gradients of a loss, [...] of each trained variable in
            order, with injected faults and summed over workers; a second argument, of the
            loss's shape, scales it.
          summed, aligned: as `ranker.optim.Optimizer` has them.
        """
        self.tasks = tuple(tasks)
        self.losses = losses
        self._means = tuple(means)
        self._total = total
        self._scales = scales
        self._differentiate = differentiate
        self._summed = summed
        self._aligned = aligned
        self._gradients: dict[str, Gradient] = {}  # of each variable, once `each` was asked for

    def total(self, weights: tf.Tensor | None = None) -> tuple[Gradient, ...]:
        """Returns the gradient of the sum by `weights` [T], one for each variable that has one."""
        if weights is None:
            return self._summed(self._differentiate(self._total))
        counted = self._scales() * tf.ensure_shape(weights, [len(self.tasks)])
        return self._summed(self._differentiate(self.losses, counted))

    def each(self) -> dict[str, dict[str, tf.Tensor]]:
        """Returns each task's gradient of each variable, [U, ...], by variable and by task."""
        scales = tf.unstack(self._scales(), len(self.tasks))
        each = zip(self.tasks, self._means, scales, strict=True)
        found = self._aligned({t: self._differentiate(m, s) for t, m, s in each})
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
