"""Clippers one after the other, and the variables that hold their statistics."""

from collections.abc import Mapping, Sequence

import tensorflow as tf

from ranker.numerics import in_dtype
from ranker.optim.clip.clipper import ClipInput, Clipped, Clipper
from ranker.optim.transaction import Transaction


class Chain:
    """Applies clippers in order.

    Attributes:
      variables: their statistics, as "clip/<index in the chain>/<statistic>".
    """

    def __init__(
        self,
        clippers: Sequence[Clipper],
        groups: Mapping[str, str],
        *,
        dtype: tf.DType = tf.float32,
    ) -> None:
        """Makes the statistics.

        Args:
          groups: each variable's name to its group's.
          dtype: of what is clipped, and of statistics that are no counts.

        Raises:
          ValueError: for a clipper of an unknown stage, or one that targets no group.
        """
        for clipper in clippers:
            _refuse_idle(clipper, sorted(set(groups.values())))
        self._clippers = tuple(clippers)
        self._dtype = dtype
        self._statistics = [
            _make_statistics(clipper, groups, dtype, scope=f"clip/{index}")
            for index, clipper in enumerate(clippers)
        ]
        self.variables: dict[str, tf.Variable] = {
            f"clip/{index}/{name}": variable
            for index, statistics in enumerate(self._statistics)
            for name, variable in statistics.items()
        }

    def clip(
        self, stage: str, items: Sequence[ClipInput], transaction: Transaction
    ) -> dict[str, Clipped]:
        """Returns what the clippers of `stage` leave of each item, by its name.

        What they remember and report goes into the transaction.
        """
        left = {item.name: Clipped(item, item.values, None, tf.constant(1.0)) for item in items}
        for index, (clipper, kept) in enumerate(zip(self._clippers, self._statistics, strict=True)):
            names = [i.name for i in items if clipper.targets in ("all", i.group)]
            if clipper.stage != stage or not names:
                continue
            statistics = {name: variable.read_value() for name, variable in kept.items()}
            clipper = in_dtype(clipper, self._dtype)
            given = [left[name].item for name in names]
            scales, advanced = clipper.clip(given, statistics)
            for name, value in advanced.items():
                transaction.write(kept[name], value)
            if scalars := getattr(clipper, "scalars", None):
                for name, value in scalars(given, scales, {**statistics, **advanced}).items():
                    transaction.scalar(f"clip/{index}/{name}", value)
            for name, scale in zip(names, scales, strict=True):
                left[name] = _keep(left[name], scale)
        return left


def _make_statistics(
    clipper: Clipper, groups: Mapping[str, str], dtype: tf.DType, *, scope: str
) -> dict[str, tf.Variable]:
    names = [name for name, group in groups.items() if clipper.targets in ("all", group)]
    return {
        name: tf.Variable(
            tf.cast(value, dtype) if value.dtype.is_floating else value,
            trainable=False,
            name=f"{scope}/{name}",
        )
        for name, value in clipper.initial(names).items()
    }


def _keep(clipped: Clipped, scale: tf.Tensor) -> Clipped:
    """Returns what is left times `scale`; zeros where it is 0, whatever was there."""
    scale = tf.cast(scale, clipped.item.values.dtype)
    least = scale if scale.shape.rank == 0 else tf.reduce_min(scale)
    least = tf.minimum(1.0, tf.cast(least, tf.float32))
    values = tf.math.multiply_no_nan(clipped.item.values, scale)
    return clipped._replace(
        item=clipped.item._replace(values=values),
        share=scale if clipped.share is None else clipped.share * scale,
        factor=least if clipped.share is None else clipped.factor * least,
    )


def _refuse_idle(clipper: Clipper, groups: Sequence[str]) -> None:
    if clipper.targets not in ("all", *groups):
        raise ValueError(
            f"{clipper} would clip nothing: no group {clipper.targets!r}; there are: "
            f"{', '.join(groups)}"
        )
    if clipper.stage not in ("gradient", "update"):
        raise ValueError(f"{clipper}: stage {clipper.stage!r} is none of gradient, update")
