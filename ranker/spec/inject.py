"""Injectors: faults, each on in a stated range of attempts; here those of a batch's columns.

The classes of `ranker.inject` inject them, and say where each comes from.
"""

from typing import ClassVar, Literal

from annotated_types import Gt

from ranker.spec.part import Count, NonNegative, Part, Share, declared, register

__all__ = [
    "ExtremeLabel",
    "FeatureOutlier",
    "FeatureScale",
    "LabelFlip",
    "LabelScale",
    "Noise",
    "NotFinite",
    "TaskVanishes",
    "UnknownIds",
]


@declared
class Injector(Part):
    """A fault at one attempt.

    Attributes:
      start: the first attempt at which it is on, from 0: what events, logs and replay call
        attempt 1 is 0 here.
    """

    varies: ClassVar[bool] = True
    start: Count

    @property
    def until(self) -> int:
        """The first attempt at which it is off again."""
        return self.start + 1


@declared
class RangedInjector(Injector):
    """A fault of the attempts in [start, stop).

    Attributes:
      stop: the first attempt at which it is off again.
    """

    stop: int

    def check(self) -> None:
        """Raises ValueError unless it is on at some attempt."""
        if isinstance(self.start, int):
            self.require("stop", Gt(self.start))

    @property
    def until(self) -> int:
        """The first attempt at which it is off again."""
        return self.stop


@register("label_flip", acts="ranker.inject.labels.LabelFlipInjector")
class LabelFlip(RangedInjector):
    """A share of a binary task's labels says the opposite: y becomes 1 - y.

    Attributes:
      task: name of the task; * and ? match several.
      share: of the rows.
    """

    task: str
    share: Share = 0.5


@register("extreme_label", acts="ranker.inject.labels.ExtremeLabelInjector")
class ExtremeLabel(RangedInjector):
    """A share of a regression task's labels is `value`: spurious gradients that others share.

    Attributes:
      task: name of the task.
      value: in the label's unit.
      share: of the rows.
    """

    task: str
    value: float = 1e6
    share: Share = 0.01


@register("label_scale", acts="ranker.inject.labels.LabelScaleInjector")
class LabelScale(RangedInjector):
    """A regression task's labels times a factor: a unit that changed; several in a row are a drift.

    Attributes:
      task: name of the task.
      factor: what is multiplied by, no unit.
    """

    task: str
    factor: float = 1_000.0


@register("feature_scale", acts="ranker.inject.features.FeatureScaleInjector")
class FeatureScale(RangedInjector):
    """A numeric feature times a factor: a unit that changed.

    Attributes:
      feature: name of the feature; * and ? match several.
      factor: what is multiplied by, no unit.
    """

    feature: str
    factor: float = 1_000.0


@register("feature_outlier", acts="ranker.inject.features.FeatureOutlierInjector")
class FeatureOutlier(RangedInjector):
    """A share of the rows of a numeric feature has `value`.

    Attributes:
      feature: name of the feature.
      value: as in the data, before any logarithm and standardising.
      share: of the rows.
    """

    feature: str
    value: float = 1e9
    share: Share = 0.01


@register("not_finite", acts="ranker.inject.batch.NotFiniteInjector")
class NotFinite(RangedInjector):
    """A share of the rows of a numeric feature, or of a task's labels, is not finite.

    Attributes:
      feature: the feature whose values are changed; give either it or `task`.
      task: the task whose labels are changed; give either it or `feature`.
      value: what they become.
      share: of the rows.
    """

    feature: str = ""
    task: str = ""
    value: Literal["nan", "inf", "-inf"] = "nan"
    share: Share = 0.01

    def check(self) -> None:
        """Raises ValueError unless one of feature and task is given."""
        super().check()
        if bool(self.feature) == bool(self.task):
            raise ValueError(
                f"feature or task must be given, one of them, "
                f"got {self.feature!r} and {self.task!r}"
            )


@register("unknown_ids", acts="ranker.inject.features.UnknownIdsInjector")
class UnknownIds(RangedInjector):
    """A share of the ids of a categorical feature is unknown: a flood of new ones.

    Attributes:
      feature: name of the feature.
      share: of the ids; padding stays padding.
    """

    feature: str
    share: Share = 0.5


@register("task_vanishes", acts="ranker.inject.labels.TaskVanishesInjector")
class TaskVanishes(RangedInjector):
    """No row has the task's label; one that appears at N vanishes in [0, N).

    Attributes:
      task: name of the task.
    """

    task: str


@register("noise", acts="ranker.inject.features.NoiseInjector")
class Noise(RangedInjector):
    """Gaussian noise on numeric features, sigma = level * the batch's largest |x|.

    Attributes:
      feature: name of the feature.
      level: share of that largest |x|, no unit.
    """

    feature: str = "*"
    level: NonNegative = 0.05
