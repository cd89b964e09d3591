"""Update clipping: no update may be large beside what its second moment has seen."""

from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import norms, share_within
from ranker.optim.clip.clipper import ClipInput, Stateless
from ranker.spec.clip import Rms


class RmsClipper(Rms, Stateless):
    """`ranker.spec.clip.Rms`.

    With Adam the two measures differ by its momentum: the gradient's sees a spike at once, the
    update's only its share 1 - beta_1. With Adagrad in the standard order and no decay this does
    nothing at a max_rms of 1 or more: its accumulator holds g^2 already, so no element of U is
    above 1. It has no mean of squared gradients either, but their sum.

    Source: Shazeer and Stern 2018, arXiv:1804.04235; Wortsman et al. 2023, arXiv:2304.13013,
    where a decay of the weights is scaled along, as here.
    """

    def shares(self, items: Sequence[ClipInput]) -> list[tf.Tensor]:
        """Returns for each update the share to keep, a scalar; 0 if it is not finite, 1 if
        it is 0."""
        if self.of == "gradient":
            measured = [self._against_moment(item) for item in items]
            limits = [self.max_rms * _root_of_size(item) for item in items]
        else:
            measured = [item.values for item in items]
            limits = [self.max_rms * item.rate * _root_of_size(item) for item in items]
        return tf.unstack(share_within(norms(measured), tf.stack(limits)), len(items))

    def _against_moment(self, item: ClipInput) -> tf.Tensor:
        """Returns the gradient over the root of the mean of its squares."""
        if item.mean_square is None or item.gradient is None:
            raise self._no_mean(repr(item.name))
        return item.gradient / tf.maximum(tf.sqrt(item.mean_square), self.epsilon)

    def _no_mean(self, what: str) -> ValueError:
        return ValueError(
            f"Rms: of is {self.of!r}, but the rule of {what} has no mean of squared gradients; "
            "Adam and RmsProp have"
        )


def _root_of_size(item: ClipInput) -> tf.Tensor:
    return tf.sqrt(tf.cast(tf.size(item.values), item.values.dtype))
