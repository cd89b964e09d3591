"""Faults of the features: numbers out of scale, outliers, noise, unknown ids."""

import dataclasses

import tensorflow as tf

from ranker.inject.batch import BatchFault
from ranker.inject.injector import check_share, chosen, finite
from ranker.inject.subjects import Subjects, match
from ranker.numerics import Number, check_number


@dataclasses.dataclass(frozen=True, kw_only=True)
class _NumericFault(BatchFault):
    """A fault of numeric features as they come, before any logarithm and standardising."""

    feature: str

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the numeric features."""
        return match(self.feature, subjects.features("numeric"), what="numeric feature")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeatureScale(_NumericFault):
    """A numeric feature times `factor`: a unit that changed."""

    kind = "feature_scale"
    factor: Number

    def __post_init__(self) -> None:
        super().__post_init__()
        finite(self, "factor")

    def spoil(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` times the factor."""
        del seed, unknown
        return values * tf.cast(self.factor, values.dtype)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeatureOutlier(_NumericFault):
    """A share of the rows of a numeric feature has `value`."""

    kind = "feature_outlier"
    value: Number
    share: Number

    def __post_init__(self) -> None:
        super().__post_init__()
        check_share(self, "share")
        finite(self, "value")

    def spoil(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` with `value` at the rows chosen."""
        del unknown
        is_chosen = chosen(self.share, tf.shape(values), seed=seed)
        return tf.where(is_chosen, tf.cast(self.value, values.dtype), values)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Noise(_NumericFault):
    """Adds N(0, sigma^2) draws, sigma = level * the batch's largest |x|; level >= 0.

    Source: GradientStabilizer, arXiv:2502.17055, section 4.3, with level 0.05.
    """

    kind = "noise"
    level: Number

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "level", least=0)

    def spoil(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` with noise."""
        del unknown
        sigma = tf.cast(self.level, values.dtype) * tf.reduce_max(tf.abs(values))
        return values + sigma * tf.random.stateless_normal(tf.shape(values), seed, alg="philox")


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnknownIds(BatchFault):
    """A share of the ids of a categorical feature is unknown: a flood of new ones.

    Each takes one of the rows that unknown values get, at random if there are several;
    padding stays padding.
    """

    kind = "unknown_ids"
    feature: str
    share: Number

    def __post_init__(self) -> None:
        super().__post_init__()
        check_share(self, "share")

    def targets(self, subjects: Subjects) -> tuple[str, ...]:
        """Returns the categorical features whose tables have rows for unknown values."""
        names = [
            feature.name
            for feature in subjects.schema.features
            if feature.vocabulary in subjects.unknown_rows
        ]
        return match(self.feature, names, what="categorical feature with a row for unknown values")

    def spoil(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` with unknown rows at the ids chosen."""
        which, where = tf.unstack(tf.random.split(seed, 2, alg="philox"))
        is_chosen = chosen(self.share, tf.shape(values), seed=which) & (values >= 0)
        rows = tf.random.stateless_uniform(
            tf.shape(values), where, unknown.start, unknown.stop, values.dtype, alg="philox"
        )
        return tf.where(is_chosen, rows, values)
