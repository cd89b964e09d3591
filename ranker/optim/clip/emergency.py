"""A clipper that is switched on when it is needed."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from ranker.numerics import choose
from ranker.optim.clip.clipper import ClipInput, Statistics
from ranker.spec.part import act


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Emergency:
    """`clipper` while `is_on`, and nothing at all while not: every share is then 1.

    A clipper that keeps statistics goes on keeping them, so that it knows what is usual when
    it is needed; of one that keeps none, nothing is computed while it is off. It has no level of
    its own.

    Attributes:
      clipper: any other, or its declaration.
      is_on: bool variable, a scalar; no step writes it.
    """

    clipper: Any
    is_on: tf.Variable

    def __post_init__(self) -> None:
        object.__setattr__(self, "clipper", act(self.clipper))

    @property
    def stage(self) -> str:
        """Its clipper's."""
        return self.clipper.stage

    @property
    def targets(self) -> str:
        """Its clipper's."""
        return self.clipper.targets

    @property
    def kind(self) -> str:
        """Its clipper's, if it has one."""
        return getattr(self.clipper, "kind", "")

    def needs(self) -> dict[str, str]:
        """Returns what its clipper asks of a rule."""
        return self.clipper.needs() if hasattr(self.clipper, "needs") else {}

    def initial(self, names: Sequence[str]) -> Mapping[str, tf.Tensor]:
        """Returns its clipper's, [...] by name."""
        return self.clipper.initial(names)

    def clip(
        self, items: Sequence[ClipInput], statistics: Statistics
    ) -> tuple[list[tf.Tensor], Statistics]:
        """Returns its clipper's shares [...], or 1 for each while it is off."""
        if statistics:
            shares, advanced = self.clipper.clip(items, statistics)
            is_on = self.is_on.read_value()
            return [tf.where(is_on, share, tf.ones_like(share)) for share in shares], advanced
        return self._chosen(items), {}

    def scalars(
        self, items: Sequence[ClipInput], scales: Sequence[tf.Tensor], statistics: Statistics
    ) -> Mapping[str, tf.Tensor]:
        """Returns the scalars that its clipper reports, {} if it reports none."""
        scalars = getattr(self.clipper, "scalars", None)
        return scalars(items, scales, statistics) if scalars else {}

    def _chosen(self, items: Sequence[ClipInput]) -> list[tf.Tensor]:
        shapes: list[tf.TensorShape] = []  # of the shares, known once that branch is traced

        def clipped() -> list[tf.Tensor]:
            shares = [tf.convert_to_tensor(s) for s in self.clipper.clip(items, {})[0]]
            shapes[:] = [share.shape for share in shares]
            return shares

        def untouched() -> list[tf.Tensor]:
            known = shapes or [tf.TensorShape([])] * len(items)
            return [_ones(i.values, shape) for i, shape in zip(items, known, strict=True)]

        shares = choose(self.is_on.read_value(), clipped, untouched)
        if not shapes:  # without a graph, and off
            return shares
        return [tf.ensure_shape(s, shape) for s, shape in zip(shares, shapes, strict=True)]


def _ones(values: tf.Tensor, shape: tf.TensorShape) -> tf.Tensor:
    """Returns ones of `shape`, whose unknown sizes are those of `values`."""
    sizes = zip(shape.as_list(), tf.unstack(tf.shape(values)), strict=False)
    known = [size if size is not None else actual for size, actual in sizes]
    return tf.ones(tf.stack(known) if known else [], values.dtype)
