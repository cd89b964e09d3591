"""Clippy: no element of an update may move its variable by more than a share of it."""

import dataclasses
from collections.abc import Sequence

import tensorflow as tf

from ranker.numerics import Number, check_member, check_number, is_zero, share_within
from ranker.optim.clip.clipper import Clippable, Stateless
from ranker.optim.rules.rule import Rule, first_direction

SCOPES = ("variable", "layer", "row", "coordinate")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Clippy(Stateless):
    """Scales an update by the largest share in [0, 1] with, for every element i,

        share * |update[i]| <= relative * |variable[i]| + absolute
                               + accumulator_relative * precondition[i]

    The direction is kept within a scope: its worst element slows all of it.

    Attributes:
      relative: largest change as a share of |variable|; no unit, >= 0.
      absolute: added to that bound, in the variable's unit; > 0, or a variable that
        starts at zero never moves. With Adagrad in the standard order no step is above
        the learning rate, so at rates up to `absolute` this clipper does nothing.
      accumulator_relative: >= 0; else than 0 it needs a rule with a precondition:
        Adagrad or RmsProp. The bound then tightens as the accumulator grows.
      scope: what shares one factor: a "variable", a "layer" (dense variables whose names are
        equal up to the last "/"), a "row" (place on axis 0), or each "coordinate".
      targets: the group it applies to, or "all". The paper clips no embeddings.

    Source: Tang et al. 2023, arXiv:2302.09178, algorithm 1.
    """

    relative: Number = 0.5
    absolute: Number = 0.01
    accumulator_relative: Number = 0.0
    scope: str = "variable"
    targets: str = "dense"
    stage: str = dataclasses.field(default="update", init=False)

    def __post_init__(self) -> None:
        check_number(self, "relative", least=0)
        check_number(self, "absolute", above=0)
        check_number(self, "accumulator_relative", least=0)
        check_member(self, "scope", SCOPES)

    def check_rule(self, rule: Rule, what: str) -> None:
        """Raises ValueError for a rule without the precondition that is asked for."""
        if not is_zero(self.accumulator_relative) and first_direction(rule).precondition is None:
            raise self._no_precondition(what)

    def shares(self, items: Sequence[Clippable]) -> list[tf.Tensor]:
        """Returns for each update the share to keep; 0 for a scope that is not finite."""
        excesses = [self._excess(item) for item in items]
        if self.scope == "coordinate":
            return [share_within(excess, 1.0) for excess in excesses]
        if self.scope == "row":
            return [share_within(_worst_of_row(excess), 1.0) for excess in excesses]
        worst = [tf.reduce_max(excess) for excess in excesses]
        return _each(items, worst, by_layer=self.scope == "layer")

    def _excess(self, item: Clippable) -> tf.Tensor:
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


def _each(items: Sequence[Clippable], worst: list[tf.Tensor], *, by_layer: bool) -> list[tf.Tensor]:
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


def _layer(item: Clippable) -> str:
    """Returns what is before the last "/" of the name; a table is a layer of its own."""
    return item.name if item.is_table else item.name.rpartition("/")[0] or item.name


def _worst_of_row(excess: tf.Tensor) -> tf.Tensor:
    rank = excess.shape.rank
    return tf.reduce_max(excess, axis=list(range(1, rank)), keepdims=True) if rank > 1 else excess
