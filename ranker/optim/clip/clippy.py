"""Clippy: no element of an update may move its variable by more than a share of it."""

from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import is_zero, share_within
from ranker.optim.clip.clipper import ClipInput, Stateless
from ranker.spec.clip import Clippy


class ClippyClipper(Clippy, Stateless):
    """`ranker.spec.clip.Clippy`. The paper clips no embeddings.

    Source: Tang et al. 2023, arXiv:2302.09178, algorithm 1.
    """

    def shares(self, items: Sequence[ClipInput]) -> list[tf.Tensor]:
        """Returns for each update the share to keep, that broadcasts to it; 0 for a scope that is
        not finite. By scope [U, ...], [U, 1, ...] or a scalar."""
        excesses = [self._excess(item) for item in items]
        if self.scope == "coordinate":
            return [share_within(excess, 1.0) for excess in excesses]
        if self.scope == "row":
            return [share_within(_worst_of_row(excess), 1.0) for excess in excesses]
        worst = [tf.reduce_max(excess) for excess in excesses]
        return _each(items, worst, by_layer=self.scope == "layer")

    def _excess(self, item: ClipInput) -> tf.Tensor:
        """Returns |update| / bound, of the update's shape."""
        bound = self.relative * tf.abs(item.before) + self.absolute
        if not is_zero(self.accumulator_relative):
            if item.precondition is None:
                raise self._no_precondition(repr(item.name))
            bound += self.accumulator_relative * item.precondition
        return tf.abs(item.values) / bound

    def _no_precondition(self, what: str) -> ValueError:
        return ValueError(
            f"Clippy: accumulator_relative is {self.accumulator_relative}, but the rule of {what} "
            "has no precondition; Adagrad and RmsProp have"
        )


def _each(items: Sequence[ClipInput], worst: list[tf.Tensor], *, by_layer: bool) -> list[tf.Tensor]:
    """Returns each item's share from the worst excess of its variable or layer.

    All shares are taken in one vector: for small variables the number of operations
    is the cost.
    """
    names = [_layer(item) if by_layer else item.name for item in items]
    scopes: dict[str, list[tf.Tensor]] = {name: [] for name in names}
    for name, excess in zip(names, worst, strict=True):
        scopes[name].append(excess)
    excesses = [e[0] if len(e) == 1 else tf.reduce_max(tf.stack(e)) for e in scopes.values()]
    shares = dict(zip(scopes, tf.unstack(share_within(tf.stack(excesses), 1.0)), strict=True))
    return [shares[name] for name in names]


def _layer(item: ClipInput) -> str:
    """Returns what is before the last "/" of the name; a table is a layer of its own."""
    return item.name if item.is_table else item.name.rpartition("/")[0] or item.name


def _worst_of_row(excess: tf.Tensor) -> tf.Tensor:
    rank = excess.shape.rank
    return tf.reduce_max(excess, axis=list(range(1, rank)), keepdims=True) if rank > 1 else excess
