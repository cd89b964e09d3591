"""Update clipping: no update may be large beside what its second moment has seen."""

import dataclasses
from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import Number, check_member, check_number, norms, share_within
from ranker.optim.clip.clipper import Clippable, Stateless
from ranker.optim.rules.rule import Rule, first_direction

MEASURED = ("update", "gradient")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rms(Stateless):
    """Each variable's update is scaled by 1 / max(1, RMS / max_rms), where RMS is

        of = "update":    sqrt(mean(U^2)), U the update without the learning rate (Adafactor)
        of = "gradient":  sqrt(mean(g^2 / max(v, epsilon^2))), v the rule's mean of squared
                          gradients, g among them (StableAdamW)

    over the variable, or over the rows touched of a table. With Adam the two differ by its
    momentum: the second sees a spike at once, the first only its share 1 - beta_1.

    With Adagrad in the standard order and no decay this does nothing at a max_rms of 1 or
    more: its accumulator holds g^2 already, so no element of U is above 1. It has no mean of
    squared gradients either, but their sum, so "gradient" is for Adam and RmsProp.

    Attributes:
      max_rms: no unit, > 0.
      of: what is measured.
      epsilon: least root of v to divide by, in the gradient's unit, > 0.
      targets: the group it applies to, or "all".

    Source: Shazeer and Stern 2018, arXiv:1804.04235; Wortsman et al. 2023, arXiv:2304.13013,
    where a decay of the weights is scaled along, as here.
    """

    max_rms: Number = 1.0
    of: str = "update"
    epsilon: Number = 1e-8
    targets: str = "all"
    stage: str = dataclasses.field(default="update", init=False)

    def __post_init__(self) -> None:
        check_number(self, "max_rms", above=0)
        check_member(self, "of", MEASURED)
        check_number(self, "epsilon", above=0)

    def check_rule(self, rule: Rule, what: str) -> None:
        """Raises ValueError for a rule without the mean of squared gradients that is asked for."""
        if self.of == "gradient" and first_direction(rule).mean_square is None:
            raise self._no_mean(what)

    def shares(self, items: Sequence[Clippable]) -> list[tf.Tensor]:
        """Returns for each update the share to keep, a scalar; 0 if it is not finite, 1 if
        it is 0."""
        if self.of == "gradient":
            measured = [self._against_moment(item) for item in items]
            limits = [self.max_rms * _root_of_size(item) for item in items]
        else:
            measured = [item.values for item in items]
            limits = [self.max_rms * item.rate * _root_of_size(item) for item in items]
        return tf.unstack(share_within(norms(measured), tf.stack(limits)), len(items))

    def _against_moment(self, item: Clippable) -> tf.Tensor:
        """Returns the gradient over the root of the mean of its squares."""
        if item.mean_square is None or item.gradient is None:
            raise self._no_mean(repr(item.name))
        return item.gradient / tf.maximum(tf.sqrt(item.mean_square), self.epsilon)

    def _no_mean(self, what: str) -> ValueError:
        return ValueError(
            f"Rms: of is {self.of!r}, but the rule of {what} has no mean of squared gradients; "
            "Adam and RmsProp have"
        )


def _root_of_size(item: Clippable) -> tf.Tensor:
    return tf.sqrt(tf.cast(tf.size(item.values), item.values.dtype))
