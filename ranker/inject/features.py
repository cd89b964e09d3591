"""Faults of the features: numbers out of scale, outliers, noise, unknown ids."""

import tensorflow as tf

from ranker.inject.fault_targets import FaultTargets, match
from ranker.inject.injector import BatchFault, chosen
from ranker.spec import inject


class _NumericFault(BatchFault):
    """A fault of numeric features as they come, before any logarithm and standardising."""

    feature: str

    def targets(self, available: FaultTargets) -> tuple[str, ...]:
        """Returns the numeric features."""
        return match(self.feature, available.features("numeric"), what="numeric feature")


class FeatureScaleInjector(inject.FeatureScale, _NumericFault):
    """`ranker.spec.inject.FeatureScale`."""

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` [B] times the factor."""
        del seed, unknown
        return values * tf.cast(self.factor, values.dtype)


class FeatureOutlierInjector(inject.FeatureOutlier, _NumericFault):
    """`ranker.spec.inject.FeatureOutlier`."""

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` [B] with `value` at the rows chosen."""
        del unknown
        is_chosen = chosen(self.share, tf.shape(values), seed=seed)
        return tf.where(is_chosen, tf.cast(self.value, values.dtype), values)


class NoiseInjector(inject.Noise, _NumericFault):
    """`ranker.spec.inject.Noise`.

    Source: GradientStabilizer, arXiv:2502.17055, section 4.3, with level 0.05.
    """

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values` [B] with noise."""
        del unknown
        sigma = tf.cast(self.level, values.dtype) * tf.reduce_max(tf.abs(values))
        return values + sigma * tf.random.stateless_normal(tf.shape(values), seed, alg="philox")


class UnknownIdsInjector(inject.UnknownIds, BatchFault):
    """`ranker.spec.inject.UnknownIds`."""

    def targets(self, available: FaultTargets) -> tuple[str, ...]:
        """Returns the categorical features whose tables have rows for unknown values."""
        names = [
            feature.name
            for feature in available.schema.features
            if feature.vocabulary in available.unknown_rows
        ]
        return match(self.feature, names, what="categorical feature with a row for unknown values")

    def corrupt(self, values: tf.Tensor, *, seed: tf.Tensor, unknown: range) -> tf.Tensor:
        """Returns `values`, [B] or [B, L], with unknown rows at the ids chosen."""
        which, where = tf.unstack(tf.random.split(seed, 2, alg="philox"))
        is_chosen = chosen(self.share, tf.shape(values), seed=which) & (values >= 0)
        rows = tf.random.stateless_uniform(
            tf.shape(values), where, unknown.start, unknown.stop, values.dtype, alg="philox"
        )
        return tf.where(is_chosen, rows, values)
