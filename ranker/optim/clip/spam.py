"""SPAM's spike clipping: no element may be far above the root of its mean square."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from ranker.numerics import as_dtype, share_within
from ranker.optim.clip.clipper import ClipInput, Statistics
from ranker.spec.clip_by_history import Spam

MOMENTS = ("second_moment", "mean_square")  # Adam's slot, and RmsProp's


class SpamClipper(Spam):
    """The clipping of `ranker.spec.clip_by_history.Spam`; of a table see `Group.reset_every`.

    Source: Huang et al. 2025, arXiv:2501.06842. Its authors' code differs:
      - An element that had no gradient since the start over has v = 0, so a limit of 0, and is
        held at 0 until the next; here it passes. There is no other floor under v, there or
        here: where it fell to next to nothing, usual elements are held near it until v has
        grown, or until the slots start over.
      - Slots start over before updates number n, 2n, ..., counted from 1, where n is the number
        of steps; here one update later, after each n.
      - It rests in the `rest_steps` updates from each start over on, but in one less at the very
        beginning; here in as many.
      - Adam's correction for the start of its moments goes on counting from the first update
        of all, so late start-overs are all but uncorrected, and their first update is up to
        (1 - beta_1) / sqrt(1 - beta_2) = 3.2 times as long; here the correction starts over too.
      - For its warm-up see `Restarts`.
    """

    def initial(self, names: Sequence[str]) -> Mapping[str, tf.Tensor]:
        """Returns a count of 0, a scalar."""
        del names
        return {"num_steps": tf.zeros([], tf.int64)}

    def clip(
        self, items: Sequence[ClipInput], statistics: Statistics
    ) -> tuple[list[tf.Tensor], Statistics]:
        """Returns each element's share, [U, ...]: 0 for NaN and infinity, 1 for 0."""
        number = statistics["num_steps"]
        rests = tf.math.floormod(number, self.reset_every) < self.rest_steps
        shares = [self._share(item, rests) for item in items]
        return shares, {"num_steps": number + 1}

    def _share(self, item: ClipInput, rests: tf.Tensor) -> tf.Tensor:
        root = tf.sqrt(_moment(item))
        size = tf.abs(item.values)
        highest = tf.sqrt(as_dtype(self.threshold, root.dtype)) * root
        limit = tf.where(rests | (root == 0), size, highest)
        return share_within(size, limit)


def _moment(item: ClipInput) -> tf.Tensor:
    for name in MOMENTS:
        if name in item.slots:
            return item.slots[name]
    raise ValueError(
        f"Spam: the rule of {item.name!r} keeps no mean of squared gradients, only "
        f"{list(item.slots)}; Adam and RmsProp do"
    )
