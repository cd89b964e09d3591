"""Jumps of numbers that are watched attempt by attempt, in the graph."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from ranker.guard.detect import RETURN, RISE, SMOOTHING, Detect

_SIGMA = 1.4826 / math.sqrt(2)  # of noise, from the median of neighbours' distances


class Jump(NamedTuple):
    """What is known of each of S numbers after an attempt.

    Attributes:
      age: attempts since the jump that is open began, that one too; 0 if none is. int64 [S]
      level: the number's usual value, before the jump if one is open; NaN while it is
        not known. float32 [S]
      has_returned: whether a jump ended at this attempt. [S]
    """

    age: tf.Tensor
    level: tf.Tensor
    has_returned: tf.Tensor


class Jumps:
    """The last values of S numbers, those outside of jumps by themselves, and the open jumps.

    Attributes:
      variables: "recent" float32 [S, window], the n-th of a number in column n % window, and
        "num_recent" int64 [S], all that ever entered; "last" float32 [S, 5], oldest first,
        "is_normal" int64 [S, 5], 1 where the value of `last` will enter, and "num_seen"
        int64 [S]; "first" float32 [S], the first ever seen; "age" int64 and "level"
        float32 [S], of the open jumps.
    """

    def __init__(self, detect: Detect, *, has_start: Sequence[bool]) -> None:
        """Makes the variables.

        Args:
          has_start: of each number, whether its first value says how high is too high
            before `detect.minimum` are known.
        """
        self._detect = detect
        self._has_start = tf.constant(has_start)
        size = len(has_start)
        columns = {"recent": detect.window, "last": SMOOTHING, "is_normal": SMOOTHING}
        counts = ("is_normal", "num_recent", "num_seen", "age")
        names = ("recent", "num_recent", "last", "is_normal", "num_seen", "first", "age", "level")
        self.variables: dict[str, tf.Variable] = {}
        for name in names:
            shape = [size, columns[name]] if name in columns else [size]
            zeros = tf.zeros(shape, tf.int64 if name in counts else tf.float32)
            self.variables[name] = tf.Variable(zeros, trainable=False, name=name)

    def observe(self, values: tf.Tensor, is_seen: tf.Tensor) -> Jump:
        """Returns what is known after an attempt with `values` [S], finite where `is_seen` [S]."""
        variables = self.variables
        age = variables["age"].read_value()
        last, is_normal = self._push(values, is_seen)
        smooth = tf.math.top_k(last, k=SMOOTHING // 2 + 1).values[:, -1]
        median, limit = self._limits()
        level = tf.where(age > 0, variables["level"].read_value(), median)
        can_tell = is_seen & (variables["num_seen"].read_value() >= SMOOTHING)
        opens = can_tell & (age == 0) & (smooth > limit)
        returns = can_tell & (age > 0) & (smooth <= level + RETURN * tf.abs(level))
        stays = (age > 0) & tf.logical_not(returns)
        first = tf.argmax(last > limit[:, tf.newaxis], axis=1)  # that is above
        age = tf.where(opens, SMOOTHING - first, tf.where(stays, age + 1, tf.zeros_like(age)))
        num_normal = tf.where(opens, first, SMOOTHING - tf.cast(stays & is_seen, tf.int64))
        is_normal *= tf.cast(
            tf.range(SMOOTHING, dtype=tf.int64) < num_normal[:, tf.newaxis], tf.int64
        )
        # A number that is not to return by itself has a new level then.
        is_new = (age >= self._detect.max_recovery) & tf.logical_not(self._has_start)
        num_recent = variables["num_recent"]
        num_recent.assign(tf.where(is_new, tf.zeros_like(age), num_recent.read_value()))
        age = tf.where(is_new, tf.zeros_like(age), age)
        for name, value in {"age": age, "level": level, "is_normal": is_normal}.items():
            variables[name].assign(value)
        return Jump(age, level, returns)

    def _push(self, values: tf.Tensor, is_seen: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Puts `values` last where seen; the first, if normal, enters the history.

        Returns:
          The last values and whether each will enter, as they are then.
        """
        variables = self.variables
        last, is_normal = variables["last"].read_value(), variables["is_normal"].read_value()
        recent, num_recent = variables["recent"], variables["num_recent"].read_value()
        num_seen = variables["num_seen"].read_value()
        enters = is_seen & (is_normal[:, 0] > 0)
        places = tf.range(self._detect.window, dtype=tf.int64)
        is_place = places == (num_recent % self._detect.window)[:, tf.newaxis]
        recent.assign(tf.where(is_place & enters[:, tf.newaxis], last[:, :1], recent.read_value()))
        variables["num_recent"].assign(num_recent + tf.cast(enters, tf.int64))
        first = variables["first"]
        first.assign(tf.where(is_seen & (num_seen == 0), values, first.read_value()))
        seen = tf.cast(is_seen, tf.int64)
        variables["num_seen"].assign(num_seen + seen)
        last = tf.where(is_seen[:, tf.newaxis], _shift(last, values), last)
        is_normal = tf.where(is_seen[:, tf.newaxis], _shift(is_normal, seen), is_normal)
        variables["last"].assign(last)
        return last, is_normal

    def _limits(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the level of each number and what a jump would be above, [S] each."""
        window, variables = self._detect.window, self.variables
        entered = variables["num_recent"].read_value()
        places = tf.range(window, dtype=tf.int64)
        columns = (entered[:, tf.newaxis] + places) % window  # oldest first
        values = tf.gather(variables["recent"].read_value(), columns, batch_dims=1)
        num = tf.minimum(entered, window)
        is_value = places >= (window - num)[:, tf.newaxis]
        distances = tf.abs(values - tf.roll(values, 1, axis=1))
        is_distance = places > (window - num)[:, tf.newaxis]
        both = tf.stack(
            [tf.where(is_value, values, -math.inf), tf.where(is_distance, distances, -math.inf)]
        )
        median, distance = tf.unstack(_upper_medians(both, tf.stack([num, num - 1])))
        far = tf.maximum(
            self._detect.sigmas * _SIGMA * distance, self._detect.margin * tf.abs(median)
        )
        first = variables["first"].read_value()
        is_known = num >= self._detect.minimum
        has_first = self._has_start & (variables["num_seen"].read_value() > 0)
        level = tf.where(is_known, median, tf.where(has_first, first, math.nan))
        early = tf.where(has_first, first + RISE * tf.abs(first), math.inf)
        return level, tf.where(is_known, median + far, early)


def _shift(last: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Returns `last` [S, 5] with `values` [S] behind and without its first."""
    return tf.concat([last[:, 1:], values[:, tf.newaxis]], axis=1)


def _upper_medians(values: tf.Tensor, num: tf.Tensor) -> tf.Tensor:
    """Returns the median, the upper of two, of the `num` [2, S] finite ones of `values` [2, S, W].

    The rest are -inf; without any the largest of those.
    """
    upper = tf.math.top_k(values, k=values.shape[-1] // 2 + 1).values
    return tf.gather(upper, tf.maximum(num - 1 - num // 2, 0), batch_dims=2)
