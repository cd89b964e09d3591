"""What an attempt did."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from ranker.input.batch import Array
from ranker.optim.scalars import Scalars


class StepReport(NamedTuple):
    """What an attempt did; stacked over the attempts of a call, each array has them first.

    Attributes:
      attempt: number of the attempt, from 0; int64.
      step: committed updates after it; int64.
      losses: of the tasks, unweighted, [T].
      total: their weighted sum, an injected weight's too.
      accept: whether it was committed.
      scalars: what any part reported of it by name, [N]: "loss/<task>", "learning_rate/<group>",
        "clip_factor/<variable>"; and of the attempts that are logged, NaN of others,
        "gradient_norm" of all gradients together before any clipper, "gradient_norm/<group>",
        "update_norm".
      reason, task, variable, row, watched, limits: the verdict's, see `ranker.guard`.
      symptoms, began, levels, norm_symptom: the detector's findings, see `ranker.guard`;
        [0] each without a detector.
    """

    attempt: Array
    step: Array
    losses: Array
    total: Array
    accept: Array
    scalars: Scalars
    reason: Array
    task: Array
    variable: Array
    row: Array
    watched: Array
    limits: Array
    symptoms: Array
    began: Array
    levels: Array
    norm_symptom: Array

    @property
    def factors(self) -> Array:
        """The clip factor of every trained variable, [V], in the optimizer's order."""
        return self.scalars.under("clip_factor").values

    def arrays(self) -> dict[str, Array]:
        """Returns every array by its name; of the scalars, their values."""
        return self._asdict() | {"scalars": self.scalars.values}

    def numpy(self) -> "StepReport":
        """Returns it as NumPy arrays."""
        return StepReport(*(value.numpy() for value in self))


def joined(reports: Sequence[StepReport]) -> StepReport:
    """Returns the reports of several calls of one step, as NumPy arrays, as those of one."""
    every = [report.arrays() for report in reports]
    whole: dict[str, Any] = {n: np.concatenate([each[n] for each in every]) for n in every[0]}
    whole["scalars"] = Scalars(reports[0].scalars.names, whole["scalars"])
    return StepReport(**whole)


def empty_reports(
    size: tf.Tensor, *, num_tasks: int, num_watched: int, is_detecting: bool
) -> StepReport:
    """Returns an array for each field, to write the reports of `size` attempts, a scalar, into."""
    num_detected = num_tasks if is_detecting else 0
    shapes = {
        "losses": (num_tasks,),
        "scalars": (None,),
        "watched": (num_watched,),
        "limits": (num_watched,),
        "symptoms": (num_detected,),
        "began": (num_detected,),
        "levels": (num_detected,),
        "norm_symptom": (min(num_detected, 1),),
    }
    dtypes = {"attempt": tf.int64, "step": tf.int64, "row": tf.int64}
    dtypes |= {"accept": tf.bool, "reason": tf.int32, "task": tf.int32, "variable": tf.int32}
    dtypes |= {"symptoms": tf.int32, "began": tf.bool, "norm_symptom": tf.int32}
    return StepReport(
        *(
            tf.TensorArray(dtypes.get(n, tf.float32), size, element_shape=shapes.get(n, ()))
            for n in StepReport._fields
        )
    )
