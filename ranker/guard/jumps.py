"""Jumps of numbers that are watched block by block of attempts, in the graph."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from ranker.guard.detect import BELIEVED, RISE
from ranker.guard.floor import Floor, upper_medians
from ranker.spec.guard import BLOCK, RETURN, Detect

_SIGMA = 1.4826 / math.sqrt(2)  # of noise, from the median of neighbours' distances


class Jump(NamedTuple):
    """What is known of each of S numbers after a block.

    Attributes:
      age: attempts since the jump that is open began, that one too; 0 if none is. int64 [S]
      level: the number's usual value, before the jump if one is open; infinite before
        any is known. float32 [S]
      has_returned: whether a jump ended with this block. [S]
    """

    age: tf.Tensor
    level: tf.Tensor
    has_returned: tf.Tensor


class Jumps:
    """The values of S numbers in their last blocks outside of jumps, and the open jumps.

    A level is no lower than its floor, see `Floor`: what fell for a while is no level yet.

    Attributes:
      variables: "running_window" float32 [S, blocks, width], -inf where nothing was seen, the n-th
        block of a number at n % blocks; "num_entered" int64 [S], all blocks that ever
        entered; "first" float32 [S], the first value ever seen, +inf before; "age" int64
        and "level" float32 [S], of the open jumps; and the floor's.
    """

    def __init__(
        self, detect: Detect, *, bases: Sequence[float], width: int, is_held: bool
    ) -> None:
        """Makes the variables.

        Args:
          bases: what each of the S numbers is where nothing has been learned, >= 0; 0 if that
            is not known: then its first value stands for it.
          width: how often each is seen in a block of `BLOCK` attempts.
          is_held: whether the level before a jump is kept until the number returns to it,
            and the first value says how high is too high while no level is known. If not,
            what stays for `detect.max_recovery` attempts becomes usual.
        """
        self._detect = detect
        self._is_held = is_held
        self._width = width
        self._bases = tf.constant(list(bases), tf.float32)
        size = len(bases)
        blocks = detect.window // BLOCK
        self._floor = Floor(size=size, windows=detect.floor_windows, every=blocks)
        counts = tf.zeros([size], tf.int64)
        initial = {
            "running_window": tf.fill([size, blocks, width], -math.inf),
            "num_entered": counts,
            "first": tf.fill([size], math.inf),
            "age": counts,
            "level": tf.fill([size], math.nan),
        }
        self.variables: dict[str, tf.Variable] = {
            name: tf.Variable(value, trainable=False, name=name) for name, value in initial.items()
        } | self._floor.variables

    def observe(self, block: tf.Tensor) -> Jump:
        """Returns what is known after a block of `BLOCK` attempts.

        Args:
          block: values in order, -inf where nothing was seen. [S, width]
        """
        variables = self.variables
        age, level = variables["age"].read_value(), variables["level"].read_value()
        num_seen = _count(block > -math.inf)
        has_enough = 2 * num_seen > self._width
        typical = upper_medians(block, num_seen)
        self._start(block)
        median, usual, limit = self._limits()
        is_open = age > 0
        is_above = is_open if self._is_held else is_open & (age < self._detect.max_recovery)
        level = tf.where(is_above, level, usual)
        opens = has_enough & (typical > limit) & ~is_open
        returns = has_enough & (typical <= level + RETURN * tf.abs(level)) & is_open
        since = BLOCK - tf.argmax(tf.cast(block > limit[:, tf.newaxis], tf.int32), axis=1)
        grown = (age + BLOCK) * tf.cast(is_open & ~returns, tf.int64)
        age = tf.where(opens, since, grown)
        enters = has_enough & ~is_above & ~opens
        self._enter(block, enters)
        num, least = variables["num_entered"].read_value(), BELIEVED * self._bases
        self._floor.enter(median, num, enters=enters, least=least)
        variables["age"].assign(age)
        variables["level"].assign(level)
        return Jump(age, level, returns)

    def _limits(self) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns the median of each number, its level, and what a jump would be above, [S]
        each; the median is -inf before enough is known."""
        detect, first = self._detect, self.variables["first"].read_value()
        values = tf.reshape(self.variables["running_window"].read_value(), [first.shape[0], -1])
        before = tf.roll(values, 1, axis=1)
        num = _count(values > -math.inf)
        is_known = num >= detect.minimum
        median = tf.where(is_known, upper_medians(values, num), -math.inf)
        is_pair = tf.minimum(values, before) > -math.inf
        distances = tf.where(is_pair, tf.abs(values - before), -math.inf)
        spread = _SIGMA * upper_medians(distances, _count(is_pair))
        untrained = tf.maximum(first, self._bases)
        start = tf.where(self._bases > 0, self._bases, first)
        level = tf.where(is_known, self._floor.raised(median, start), untrained)
        far = tf.maximum(detect.sigmas * spread, detect.margin * tf.abs(level))
        early = RISE * tf.abs(untrained) if self._is_held else math.inf
        return median, level, level + tf.where(is_known, far, early)

    def _start(self, block: tf.Tensor) -> None:
        """Keeps the first values ever seen."""
        first = self.variables["first"]
        index = tf.argmax(tf.cast(block > -math.inf, tf.int32), axis=1)
        value = tf.gather(block, index, batch_dims=1)
        is_new = (first == math.inf) & (value > -math.inf)
        first.assign(tf.where(is_new, value, first.read_value()))

    def _enter(self, block: tf.Tensor, enters: tf.Tensor) -> None:
        """Lets the blocks in of those of the S numbers that `enters` says."""
        window, num = self.variables["running_window"], self.variables["num_entered"]
        blocks = tf.shape(window, out_type=tf.int64)[1]
        is_next = tf.range(blocks) == (num.read_value() % blocks)[:, tf.newaxis]
        is_new = (is_next & enters[:, tf.newaxis])[:, :, tf.newaxis]
        window.assign(tf.where(is_new, block[:, tf.newaxis], window.read_value()))
        num.assign_add(tf.cast(enters, tf.int64))


def _count(is_there: tf.Tensor) -> tf.Tensor:
    """Returns how many of each row are, int32 [S]."""
    return tf.math.count_nonzero(is_there, axis=1, dtype=tf.int32)
