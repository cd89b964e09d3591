"""Injectors of faults of the training, its state and the order of its batches.

The classes of `ranker.inject` inject them, and say where each comes from.
"""

from typing import Annotated, Literal

from annotated_types import Ge, Le

from ranker.spec.inject import Injector, RangedInjector
from ranker.spec.part import AtLeastOne, NonNegative, Positive, register

__all__ = [
    "Bf16",
    "EmbeddingScale",
    "GradientSpike",
    "OptimizerReset",
    "OrderShift",
    "RateScale",
    "RepeatedRow",
    "RepeatedShard",
    "ShortWarmup",
    "TaskWeight",
]


@register("task_weight", acts="ranker.inject.training.TaskWeightInjector")
class TaskWeight(RangedInjector):
    """A task's weight in the sum of losses times a factor.

    Attributes:
      task: name of the task.
      factor: what is multiplied by, no unit.
    """

    task: str
    factor: NonNegative = 100.0


@register("rate_scale", acts="ranker.inject.training.RateScaleInjector")
class RateScale(RangedInjector):
    """Every learning rate times a factor.

    Attributes:
      factor: what is multiplied by, no unit.
    """

    factor: NonNegative = 10.0


@register("short_warmup", acts="ranker.inject.training.ShortWarmupInjector")
class ShortWarmup(RangedInjector):
    """The schedules run a factor faster: a warm-up of 100 updates takes 100 / factor.

    Attributes:
      factor: no unit; the n-th update, from 1, has the rate of the (n * factor)-th.
    """

    factor: Positive = 10.0


@register("gradient_spike", acts="ranker.inject.training.GradientSpikeInjector")
class GradientSpike(RangedInjector):
    """The gradients of some variables, or of one row of each, times a factor.

    Attributes:
      variable: name of the variable; * and ? match several.
      row: index on axis 0; none for all.
      factor: what is multiplied by, no unit.
    """

    variable: str = "*"
    row: Annotated[int | None, Ge(0)] = None
    factor: float = 1_000.0


@register("bf16", acts="ranker.inject.training.Bf16Injector")
class Bf16(RangedInjector):
    """The gradients of some variables rounded to bfloat16: 8 of 24 significant bits.

    Attributes:
      variable: name of the variable.
    """

    variable: str = "*"


@register("embedding_scale", acts="ranker.inject.state.EmbeddingScaleInjector")
class EmbeddingScale(Injector):
    """Embedding tables times a factor, once; at attempt 0, larger initial embeddings.

    Attributes:
      table: name of the table; * and ? match several.
      factor: what is multiplied by, no unit.
    """

    table: str = "*"
    factor: float = 10.0


@register("optimizer_reset", acts="ranker.inject.state.OptimizerResetInjector")
class OptimizerReset(Injector):
    """The optimizer's slots back to their initial values, once, as when only a model's weights
    are loaded.

    Attributes:
      slot: name of the slot, by "<variable>/<slot>".
    """

    slot: str = "*"


@register("order_shift", acts="ranker.inject.order.OrderShiftInjector")
class OrderShift(RangedInjector):
    """Batches come in another order, from its beginning, whatever the run's order is.

    Attributes:
      order: "time", oldest rows first; or "item_age", first the rows that came soonest after
        their item's first row: the shift at a window's boundary.
    """

    order: Literal["time", "item_age"] = "time"


@register("repeated_shard", acts="ranker.inject.order.RepeatedShardInjector")
class RepeatedShard(RangedInjector):
    """Batches repeat those before `start`, again and again: stale data.

    Attributes:
      batches: how many of them.
    """

    batches: AtLeastOne = 10

    def check(self) -> None:
        """Raises ValueError unless there are as many before it."""
        super().check()
        if isinstance(self.start, int):
            self.require("batches", Ge(1), Le(self.start))


@register("repeated_row", acts="ranker.inject.order.RepeatedRowInjector")
class RepeatedRow(RangedInjector):
    """Every row of the batches is the first that they would have had: an export gone wrong."""
