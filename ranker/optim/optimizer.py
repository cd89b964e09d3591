"""The optimizer: proposes changes from gradients, and writes what was accepted."""

import collections
import dataclasses
import functools
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

from ranker.numerics import as_dtype, choose, in_dtype, is_zero
from ranker.optim import arguments, rows
from ranker.optim.change import Change, Gradient, Proposal, Reads
from ranker.optim.clip.chain import Chain, Clipped
from ranker.optim.clip.clipper import Clippable, Clipper
from ranker.optim.context import refuse_replicas, refuse_xla
from ranker.optim.fitting import Given, fit
from ranker.optim.group import Group
from ranker.optim.rules.rule import Slots
from ranker.spec.clip import Clip


@dataclasses.dataclass(frozen=True, eq=False)
class _Member:
    """One variable with what is its own."""

    name: str
    variable: tf.Variable
    group: Group
    slots: Mapping[str, tf.Variable]


class _Draft(NamedTuple):
    """A change before update-stage clippers, and what it came from."""

    item: Clippable
    slots: Slots
    advanced: Slots
    update: Clippable


class Optimizer:
    """Turns gradients into proposed changes, and writes those that were accepted.

    It computes, and keeps slots and statistics, in float32; in float64 if any of its variables
    is float64. What it writes is rounded to the variable's dtype last and judged as rounded; of
    a float16 or bfloat16 variable, an update under half of a rounding step is lost, as it is
    wherever those train without a float32 copy. Rates are float32 throughout.

    Attributes:
      step: int64 variable, the number of committed updates.
      groups: as given.
      trainable: the groups' variables, in order.
      names: theirs, in the same order.
      variables: every variable of its own by a stable unique name, for checkpoints:
        "step", "<variable>/<slot>", and of the n-th clipper "clip/<n>/<statistic>".
    """

    def __init__(
        self,
        groups: Sequence[Group],
        *,
        clippers: Sequence[Clip | Clipper] = (),
        step: tf.Variable | None = None,
    ) -> None:
        """Makes the slots.

        Args:
          groups: their names and variables must be distinct.
          clippers: applied in order, those of the gradient stage first.
          step: int64, where to count committed updates; a new variable for None.

        Raises:
          TypeError: for what is no group, no list of clippers, no count of steps.
          ValueError: for a repeated name or variable, a clipper that targets no group, under a
            strategy of several replicas; a clipper that asks what its group's rule has not.
        """
        clippers = arguments.acting_clippers(clippers, "Optimizer")
        groups = _groups(groups)
        named = [(g, name, v) for g in groups for name, v in g.named()]
        refuse_replicas("Optimizer", [v for _, _, v in named])
        _refuse_repeated("group name", [group.name for group in groups])
        _refuse_repeated("variable name", [name for _, name, _ in named])
        _refuse_repeated("variable", [v.ref() for _, _, v in named])
        for group in groups:
            group.refuse_unsuited(clippers)
        self.groups = groups
        is_double = any(v.dtype == tf.float64 for _, _, v in named)
        self._dtype = tf.float64 if is_double else tf.float32
        self._members = [self._make_member(name, v, g) for g, name, v in named]
        self.trainable = tuple(member.variable for member in self._members)
        self.names = tuple(member.name for member in self._members)
        if step is None:
            step = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="step")
        arguments.check_step(step)
        self.step = step
        self.variables: dict[str, tf.Variable] = {"step": self.step} | {
            f"{member.name}/{slot}": variable
            for member in self._members
            for slot, variable in member.slots.items()
        }
        targets = {m.name: m.group.name for m in self._members}
        self._chain = Chain(clippers, targets, dtype=self._dtype)
        self.variables |= self._chain.variables

    @property
    def slots(self) -> dict[str, tuple[tf.Variable, float]]:
        """Each slot by "<variable>/<slot>", and the value it started from."""
        return {
            f"{member.name}/{slot}": (member.slots[slot], value)
            for member in self._members
            for slot, value in member.group.rule.initial().items()
        }

    def propose(
        self,
        gradients: Sequence[Given | None],
        *,
        rates: tf.Tensor | None = None,
        reads: Reads | None = None,
    ) -> Proposal:
        """Returns what these gradients would change; writes nothing.

        Args:
          gradients: one for each of `trainable`, in order; None leaves it alone. Tensors,
            slices, or arrays and lists of numbers, of the variable's shape, never broadcast.
          rates: the groups' learning rates [G] instead of their schedules'.
          reads: returns the rows that the batch read of the table of a name, as often as it
            did, int [J], for clippers that count them; None for those of the slices.

        Raises:
          ValueError: if there are not as many as there are variables, for one that does not fit
            its variable, under a strategy of several replicas or XLA.
          tf.errors.InvalidArgumentError: in a graph, for one of a shape that was not known
            before and does not fit its variable.
        """
        refuse_replicas("Optimizer.propose")
        refuse_xla("Optimizer.propose")
        raw = self._fitted(gradients)
        step = self.step.read_value()
        kept, noted = self._chain.clip("gradient", [self._item(g, step, reads) for g in raw])
        each = tf.unstack(self.learning_rates() if rates is None else rates)
        by_group = {group.name: rate for group, rate in zip(self.groups, each, strict=True)}
        drafts = [self._draft(g, k.item, step, by_group) for g, k in zip(raw, kept, strict=True)]
        updates, noted_too = self._chain.clip("update", [draft.update for draft in drafts])
        changes = (
            self._change(g, draft, update, k.factor)
            for g, draft, update, k in zip(raw, drafts, updates, kept, strict=True)
        )
        return Proposal(raw, tuple(changes), ((self.step, step + 1), *noted, *noted_too))

    def commit(self, proposal: Proposal, *, accept: tf.Tensor) -> None:
        """Writes all of `proposal`, or, unless `accept` (a bool scalar), none of it."""
        refuse_replicas("Optimizer.commit")
        choose(accept, lambda: _write(proposal), lambda: tf.constant(False))

    def learning_rates(self, step: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the rate of each group's next update, float32 [G].

        Args:
          step: for the schedules, instead of the number of updates committed.
        """
        updates = self.step.read_value() if step is None else step
        return tf.stack([tf.cast(group.schedule(updates), tf.float32) for group in self.groups])

    def factors(self, proposal: Proposal) -> tf.Tensor:
        """Returns the clip factor of each of `trainable` [V]; 1 if it had no gradient."""
        factors = [tf.constant(1.0)] * len(self.trainable)
        for change in proposal.changes:
            factors[change.index] = tf.cast(change.factor, tf.float32)
        return tf.stack(factors)

    def _make_member(self, name: str, variable: tf.Variable, group: Group) -> _Member:
        slots = {
            slot: tf.Variable(
                tf.fill(variable.shape, as_dtype(value, self._dtype)),
                trainable=False,
                name=f"{name}/{slot}",
            )
            for slot, value in group.rule.initial().items()
        }
        return _Member(name, variable, group, slots)

    def _fitted(self, gradients: Sequence[Given | None]) -> tuple[Gradient, ...]:
        """Returns those that are not None, each against its variable, rows summed."""
        if len(gradients) != len(self.trainable):
            raise ValueError(f"{len(gradients)} gradients for {len(self.trainable)} variables")
        fitted = []
        for index, (member, given) in enumerate(zip(self._members, gradients, strict=True)):
            if given is not None:
                gradient = fit(given, member.variable, name=member.name, dtype=self._dtype)
                touched = rows.touched(gradient)
                fitted.append(Gradient(member.variable, *touched, member.name, index))
        return tuple(fitted)

    def _item(self, gradient: Gradient, step: tf.Tensor, reads: Reads | None) -> Clippable:
        member, touched = self._members[gradient.index], gradient.rows
        return Clippable(
            name=gradient.name,
            group=member.group.name,
            is_table=touched is not None,
            before=tf.cast(rows.read(gradient.variable, touched), self._dtype),
            values=gradient.values,
            slots=_read_slots(member, touched, step),
            counts=None if touched is None else functools.partial(gradient.count, reads),
        )

    def _draft(
        self,
        gradient: Gradient,
        item: Clippable,
        step: tf.Tensor,
        rates: Mapping[str, tf.Tensor],
    ) -> _Draft:
        """Returns the change that `item`, the clipped gradient, would make."""
        member = self._members[gradient.index]
        group, rule = member.group, in_dtype(member.group.rule, self._dtype)
        slots = tuple(item.slots.values())
        advanced = rule.advance(item.values, slots)
        used = slots if rule.order == "delayed" else advanced
        direction = rule.direct(item.values, used, step=group.since_reset(step))
        update = direction.values
        if not is_zero(group.weight_decay):
            update += as_dtype(group.weight_decay, self._dtype) * item.before
        rate = tf.cast(rates[group.name], update.dtype)
        update *= rate
        clippable = item._replace(
            values=update,
            precondition=direction.precondition,
            gradient=item.values,
            slots=dict(zip(member.slots, used, strict=True)),
            rate=rate,
            mean_square=direction.mean_square,
        )
        return _Draft(item, slots, advanced, clippable)

    def _change(
        self, gradient: Gradient, draft: _Draft, clipped: Clipped, factor: tf.Tensor
    ) -> Change:
        """Returns the change, its slots advanced by the clipped gradient if the rule asks."""
        member = self._members[gradient.index]
        advanced, rule = draft.advanced, in_dtype(member.group.rule, self._dtype)
        if rule.accumulate == "clipped" and clipped.share is not None:
            kept = tf.math.multiply_no_nan(draft.item.values, clipped.share)
            advanced = rule.advance(kept, draft.slots)
        return Change(
            variable=member.variable,
            rows=gradient.rows,
            update=clipped.item.values,
            after=tf.cast(draft.item.before - clipped.item.values, member.variable.dtype),
            slots=tuple(zip(member.slots.values(), advanced, strict=True)),
            factor=factor * clipped.factor,
            unclipped=draft.update.values,
            name=member.name,
            index=gradient.index,
        )


def _write(proposal: Proposal) -> tf.Tensor:
    for change in proposal.changes:
        rows.write(change.variable, change.after, rows=change.rows)
        for slot, values in change.slots:
            rows.write(slot, values, rows=change.rows)
    for variable, value in proposal.statistics:
        variable.assign(value)
    return tf.constant(True)


def _groups(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Returns `groups`; TypeError unless they are a list of groups."""
    if not isinstance(groups, Sequence) or not all(isinstance(g, Group) for g in groups):
        raise TypeError(f"Optimizer: groups must be a list such as [Group(...)], got {groups!r}")
    return tuple(groups)


def _read_slots(
    member: _Member, touched: tf.Tensor | None, step: tf.Tensor
) -> dict[str, tf.Tensor]:
    """Returns the slots at the rows touched, as they start where it is time to start over."""
    slots = {name: rows.read(slot, touched) for name, slot in member.slots.items()}
    if not member.group.reset_every:
        return slots
    is_over = member.group.since_reset(step) == 0
    starts = member.group.rule.initial()
    return {
        name: tf.where(is_over, as_dtype(starts[name], values.dtype), values)
        for name, values in slots.items()
    }


def _refuse_repeated(what: str, keys: Sequence[Hashable]) -> None:
    repeated = [str(key) for key, times in collections.Counter(keys).items() if times > 1]
    if repeated:
        raise ValueError(f"each {what} may be given once; repeated: {', '.join(repeated)}")
