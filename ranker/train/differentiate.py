"""The gradients of a batch, differentiated when an aggregation asks for them."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from ranker.objective.aggregate.gramian import gramian
from ranker.optim.change import Gradient
from ranker.spec.aggregate import Shared

Raw = Any  # a tensor, slices or None, as a tape returns it
Values = dict[str, tf.Tensor]  # of one variable, by task


@dataclasses.dataclass(kw_only=True)
class TaskGradients:
    """What `ranker.objective.aggregate.TaskGradients` says; differentiates nothing when made.

    Attributes:
      tasks: T names.
      names: of the trained variables, in order.
      means: each task's loss.
      own: all of them together, [T]: of several workers' batch what this one's rows add.
      losses: of the whole batch, [T].
      weights: of each task, the sum of its labels' weights in the whole batch.
      weighted_sum: of `own`, a scalar.
      scales: returns how much each counts in that, [T].
      differentiate: returns the gradients of a loss, [...] of each trained variable in order,
        with injected faults and summed over workers; a second argument, of the loss's shape,
        scales it; a third names the variables to differentiate by, None for all.
      summed, aligned: as `ranker.optim.Optimizer` has them.
      shared: returns the names of the shared variables, all of them or some.
    """

    tasks: tuple[str, ...]
    names: Sequence[str]
    means: Sequence[tf.Tensor]
    own: tf.Tensor
    losses: tf.Tensor
    weights: Sequence[tf.Tensor]
    weighted_sum: tf.Tensor
    scales: Callable[[], tf.Tensor]
    differentiate: Callable[..., Sequence[Raw]]
    summed: Callable[[Sequence[Raw]], tuple[Gradient, ...]]
    aligned: Callable[[Mapping[str, Sequence[Raw]]], Mapping[str, tuple[Gradient, Values]]]
    shared: Callable[[Shared], Sequence[str]]
    _gradients: dict[str, Gradient] = dataclasses.field(default_factory=dict, init=False)

    @property
    def labelled(self) -> tf.Tensor:
        """Which tasks have labels in the batch, bool [T]."""
        return tf.stack(list(self.weights)) > 0

    def total(
        self, weights: tf.Tensor | None = None, *, keeps_own: bool = False
    ) -> tuple[Gradient, ...]:
        """Returns the gradient of the sum by `weights` [T], one for each variable that has one."""
        if weights is None:
            return self.summed(self.differentiate(self.weighted_sum))
        counted = self.scales() * tf.ensure_shape(weights, [len(self.tasks)])
        if not keeps_own:
            return self.summed(self.differentiate(self.own, counted))
        shared = set(self.shared("all"))
        own = [name for name in self.names if name not in shared]
        of_shared = self.differentiate(self.own, counted, shared)
        of_own = self.differentiate(self.weighted_sum, None, own)
        both = zip(of_shared, of_own, strict=True)
        return self.summed([one if one is not None else other for one, other in both])

    def each(self) -> dict[str, dict[str, tf.Tensor]]:
        """Returns each task's gradient of each variable, [U, ...], by variable and by task."""
        found = self._each(None)
        self._gradients = {name: gradient for name, (gradient, _) in found.items()}
        return {name: values for name, (_, values) in found.items()}

    def gramian(self, of: Shared) -> tf.Tensor:
        """Returns the inner products [T, T] of the tasks' gradients by some shared variables."""
        found = self._each(self.shared(of))
        return gramian({name: values for name, (_, values) in found.items()}, self.tasks)

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

    def _each(self, names: Sequence[str] | None) -> Mapping[str, tuple[Gradient, Values]]:
        scales = tf.unstack(self.scales(), len(self.tasks))
        each = zip(self.tasks, self.means, scales, strict=True)
        return self.aligned({t: self.differentiate(m, s, names) for t, m, s in each})
