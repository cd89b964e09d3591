"""Update rules and learning-rate schedules; `ranker.optim` says where each comes from."""

from typing import Any, ClassVar, Literal

from annotated_types import Gt

from ranker.spec.part import (
    AtLeastOne,
    Count,
    Decay,
    NonNegative,
    Part,
    Positive,
    Share,
    register,
)

__all__ = [
    "Adagrad",
    "Adam",
    "RmsProp",
    "Sgd",
]

Order = Literal["standard", "delayed"]
Accumulate = Literal["raw", "clipped"]


class Rule(Part):
    """An update rule.

    Attributes:
      gives: what its direction says to clippers: the "precondition" that the gradient was
        multiplied by, a "mean_square" of gradients.
      order: "standard" if its slots take the gradient in before the step, "delayed" if after.
      accumulate: whether they see the gradient "raw", or "clipped" as update clippers left it.
    """

    gives: ClassVar[tuple[str, ...]] = ()
    order: Order = "standard"
    accumulate: Accumulate = "raw"

    def _check_accumulation(self, initial: str, epsilon: Any) -> None:
        """Raises ValueError unless order, accumulate and the field `initial` go together."""
        start = getattr(self, initial)
        if (self.order, self.accumulate) == ("standard", "clipped"):
            raise ValueError(
                f"accumulate {self.accumulate!r} needs order 'delayed', got {self.order!r}: how "
                "much is clipped is not known before the step"
            )
        if self.order == "delayed":
            self.require(initial, Gt(0))
        if is_off(epsilon) and not start > 0:
            raise ValueError(
                f"{initial} or epsilon must be > 0, got {start} and {epsilon}: a gradient of 0 "
                "would be divided by 0"
            )


def is_off(number: Any) -> bool:
    """Returns whether a number is 0; that of a tensor is not known."""
    return isinstance(number, int | float) and number == 0


@register("adagrad", acts="ranker.optim.rules.adagrad.AdagradRule")
class Adagrad(Rule):
    """Adagrad: each coordinate's rate falls with the sum of its squared gradients.

    direction = g / sqrt(accumulator + epsilon), accumulator += g^2.

    Attributes:
      initial_accumulator: above 0 in the delayed order, where the first step would else divide
        by sqrt(epsilon).
      epsilon: in the unit of a squared gradient.
      order: "standard" (accumulate, then step: Duchi et al. and Tang et al.) or "delayed" (step,
        then accumulate: TensorFlow Recommenders). Delayed steps have no bound of their own;
        standard ones are at most the learning rate.
      accumulate: "raw" or "clipped": whether the accumulator sees the whole gradient, or the
        share that update clippers kept. "clipped" needs the order "delayed".
    """

    gives: ClassVar[tuple[str, ...]] = ("precondition",)
    initial_accumulator: NonNegative = 0.1
    epsilon: NonNegative = 1e-7
    order: Order = "standard"
    accumulate: Accumulate = "raw"

    def check(self) -> None:
        """Raises ValueError unless order, accumulate and the start go together."""
        self._check_accumulation("initial_accumulator", self.epsilon)


@register("adam", acts="ranker.optim.rules.adam.AdamRule")
class Adam(Rule):
    """Adam: a mean of gradients over the root of a mean of their squares.

    direction = m / (sqrt(v) + epsilon), times sqrt(1 - beta_2^t) / (1 - beta_1^t).

    With a group's weight decay it is AdamW. Rows that a batch does not touch keep their
    moments and stay where they are ("lazy").

    Attributes:
      beta_1: share of the old mean of gradients, m, kept.
      beta_2: share of the old mean of their squares, v, kept.
      epsilon: in the unit of a gradient.
    """

    gives: ClassVar[tuple[str, ...]] = ("mean_square",)
    order: ClassVar[Order] = "standard"
    accumulate: ClassVar[Accumulate] = "raw"
    beta_1: Decay = 0.9
    beta_2: Decay = 0.999
    epsilon: Positive = 1e-7


@register("sgd", acts="ranker.optim.rules.sgd.SgdRule")
class Sgd(Rule):
    """Gradient descent, with momentum or without.

    velocity = momentum * velocity + g; direction = velocity, or with Nesterov's correction
    g + momentum * velocity.

    The rate is no part of the velocity, so a schedule acts at once.

    Attributes:
      momentum: share of the old velocity kept; 0 makes no slot.
      nesterov: needs a momentum.
    """

    order: ClassVar[Order] = "standard"
    accumulate: ClassVar[Accumulate] = "raw"
    momentum: Decay = 0.0
    nesterov: bool = False

    def check(self) -> None:
        """Raises ValueError for Nesterov's correction of no momentum."""
        if self.nesterov and is_off(self.momentum):
            raise ValueError(f"nesterov needs a momentum > 0, got {self.momentum}")


@register("rmsprop", acts="ranker.optim.rules.rmsprop.RmsPropRule")
class RmsProp(Rule):
    """RMSprop: each coordinate's rate follows a mean of its squared gradients.

    direction = g / sqrt(mean_square + epsilon), or its velocity if there is a momentum.

    The rate is no part of the velocity, so a schedule acts at once.

    Attributes:
      rho: share of the old mean kept.
      momentum: share of the old velocity kept; 0 makes no slot; needs the standard order.
      initial_mean_square: above 0 in the delayed order, where the first step would else divide
        by sqrt(epsilon).
      epsilon: in the unit of a squared gradient.
      order: as in `Adagrad`.
      accumulate: as in `Adagrad`.
    """

    gives: ClassVar[tuple[str, ...]] = ("precondition", "mean_square")
    rho: Decay = 0.9
    momentum: Decay = 0.0
    initial_mean_square: NonNegative = 0.0
    epsilon: NonNegative = 1e-7
    order: Order = "standard"
    accumulate: Accumulate = "raw"

    def check(self) -> None:
        """Raises ValueError unless order, accumulate, momentum and the start go together."""
        self._check_accumulation("initial_mean_square", self.epsilon)
        if self.order == "delayed" and not is_off(self.momentum):
            raise ValueError(f"momentum {self.momentum} needs order 'standard', got 'delayed'")


class Schedule(Part):
    """A learning rate by the number of committed updates; the class that acts has the `rate`."""


@register("constant", acts="ranker.optim.schedules.Constant")
class Constant(Schedule):
    """The same rate throughout, after a linear warm-up.

    The n-th update of the warm-up, from 1, has n / warmup_steps of it, so the first is not 0.

    Attributes:
      warmup_steps: updates of the warm-up.
    """

    warmup_steps: Count = 0


@register("cosine", acts="ranker.optim.schedules.Cosine")
class Cosine(Schedule):
    """Warms up, then falls along half a cosine, and stays at the end.

    Attributes:
      warmup_steps: updates of the warm-up.
      decay_steps: the step that has the lowest rate first.
      final_share: the lowest rate, as a share of the highest.
    """

    warmup_steps: Count = 0
    decay_steps: AtLeastOne = 10_000
    final_share: Share = 0.0

    def check(self) -> None:
        """Raises ValueError unless it falls after the warm-up."""
        self.require("decay_steps", Gt(self.warmup_steps))


@register("inverse_sqrt", acts="ranker.optim.schedules.InverseSquareRoot")
class InverseSquareRoot(Schedule):
    """Warms up, then falls as 1 / sqrt(step).

    Attributes:
      warmup_steps: updates of the warm-up.
    """

    warmup_steps: AtLeastOne = 1_000
