"""The optimizer: proposes changes from gradients, and writes what was accepted."""

import collections
import dataclasses
import functools
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import tensorflow as tf

from ranker.numerics import Number, check_number, choose, is_zero
from ranker.optim import rows
from ranker.optim.change import Change, Gradient, Proposal, Reads
from ranker.optim.clip.chain import Chain, Clipped
from ranker.optim.clip.clipper import Clippable, Clipper
from ranker.optim.rules.rule import Rule, Slots
from ranker.optim.schedules import Schedule


@dataclasses.dataclass(frozen=True, kw_only=True)
class Group:
    """Variables that share a rule, a schedule and a weight decay.

    Attributes:
      name: what clippers call it in `targets`: "dense", "embeddings".
      variables: by a name that is unique in the optimizer and stable from run to run;
        checkpoints, reports and Clippy's layers go by it. A sequence goes by the
        variables' own names.
      rule: such as `Adagrad()`.
      schedule: such as `Constant(rate=0.1)`.
      weight_decay: decoupled: rate * weight_decay * variable is part of the update, so
        clipped and judged with it; of a table, only the rows touched decay. >= 0.
      reset_every: steps after which the slots, and a rule's correction for their start,
        start over, again and again; 0 for never. Of a table, only the rows touched at that
        step do: finding the others would cost a pass over the table or a slot for it.
    """

    name: str
    variables: Mapping[str, tf.Variable] | Sequence[tf.Variable]
    rule: Rule
    schedule: Schedule
    weight_decay: Number = 0.0
    reset_every: int = 0

    def __post_init__(self) -> None:
        check_number(self, "weight_decay", least=0)
        check_number(self, "reset_every", least=0)

    def since_reset(self, step: tf.Tensor) -> tf.Tensor:
        """Returns how many of `step` committed updates came after the last start over."""
        return tf.math.floormod(step, self.reset_every) if self.reset_every else step


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
        clippers: Sequence[Clipper] = (),
        step: tf.Variable | None = None,
    ) -> None:
        """Makes the slots.

        Args:
          groups: their names and variables must be distinct.
          clippers: applied in order, those of the gradient stage first.
          step: int64, where to count committed updates; a new variable for None.

        Raises:
          ValueError: for a repeated name or variable, or a clipper that targets no group.
        """
        named = [(g, name, v) for g in groups for name, v in _by_name(g.variables)]
        _refuse_repeated("group name", [group.name for group in groups])
        _refuse_repeated("variable name", [name for _, name, _ in named])
        _refuse_repeated("variable", [v.ref() for _, _, v in named])
        self.groups = tuple(groups)
        self._members = [_Member(name, v, g, _make_slots(name, v, g)) for g, name, v in named]
        self.trainable = tuple(member.variable for member in self._members)
        self.names = tuple(member.name for member in self._members)
        if step is None:
            step = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="step")
        self.step = step
        self.variables: dict[str, tf.Variable] = {"step": self.step} | {
            f"{member.name}/{slot}": variable
            for member in self._members
            for slot, variable in member.slots.items()
        }
        self._chain = Chain(clippers, {m.name: m.group.name for m in self._members})
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
        gradients: Sequence[tf.Tensor | tf.IndexedSlices | None],
        *,
        rates: tf.Tensor | None = None,
        reads: Reads | None = None,
    ) -> Proposal:
        """Returns what these gradients would change; writes nothing.

        Args:
          gradients: one for each of `trainable`, in order; None leaves it alone.
          rates: the groups' learning rates [G] instead of their schedules'.
          reads: returns the rows that the batch read of the table of a name, as often as it
            did, int [J], for clippers that count them; None for those of the slices.

        Raises:
          ValueError: if there are not as many as there are variables.
        """
        if len(gradients) != len(self.trainable):
            raise ValueError(f"{len(gradients)} gradients for {len(self.trainable)} variables")
        raw = tuple(
            Gradient(member.variable, *rows.touched(gradient), member.name, index)
            for index, (member, gradient) in enumerate(zip(self._members, gradients, strict=True))
            if gradient is not None
        )
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
        choose(accept, lambda: _write(proposal), lambda: tf.constant(False))

    def learning_rates(self, step: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the rate of each group's next update, float32 [G].

        Args:
          step: for the schedules, instead of the number of updates committed.
        """
        updates = self.step.read_value() if step is None else step
        return tf.stack([group.schedule(updates) for group in self.groups])

    def factors(self, proposal: Proposal) -> tf.Tensor:
        """Returns the clip factor of each of `trainable` [V]; 1 if it had no gradient."""
        factors = [tf.constant(1.0)] * len(self.trainable)
        for change in proposal.changes:
            factors[change.index] = tf.cast(change.factor, tf.float32)
        return tf.stack(factors)

    def _item(self, gradient: Gradient, step: tf.Tensor, reads: Reads | None) -> Clippable:
        member, touched = self._members[gradient.index], gradient.rows
        return Clippable(
            name=gradient.name,
            group=member.group.name,
            is_table=touched is not None,
            before=rows.read(gradient.variable, touched),
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
        group, rule = member.group, member.group.rule
        slots = tuple(item.slots.values())
        advanced = rule.advance(item.values, slots)
        used = slots if rule.order == "delayed" else advanced
        direction = rule.direct(item.values, used, step=group.since_reset(step))
        update = direction.values
        if not is_zero(group.weight_decay):
            update += group.weight_decay * item.before
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
        advanced, rule = draft.advanced, member.group.rule
        if rule.accumulate == "clipped" and clipped.share is not None:
            kept = tf.math.multiply_no_nan(draft.item.values, clipped.share)
            advanced = rule.advance(kept, draft.slots)
        return Change(
            variable=member.variable,
            rows=gradient.rows,
            update=clipped.item.values,
            after=draft.item.before - clipped.item.values,
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


def _by_name(
    variables: Mapping[str, tf.Variable] | Sequence[tf.Variable],
) -> list[tuple[str, tf.Variable]]:
    if isinstance(variables, Mapping):
        return list(variables.items())
    return [(variable.name.partition(":")[0], variable) for variable in variables]


def _make_slots(name: str, variable: tf.Variable, group: Group) -> dict[str, tf.Variable]:
    return {
        slot: tf.Variable(
            tf.fill(variable.shape, tf.cast(value, variable.dtype)),
            trainable=False,
            name=f"{name}/{slot}",
        )
        for slot, value in group.rule.initial().items()
    }


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
        name: tf.where(is_over, tf.cast(starts[name], values.dtype), values)
        for name, values in slots.items()
    }


def _refuse_repeated(what: str, keys: Sequence[Hashable]) -> None:
    repeated = [str(key) for key, times in collections.Counter(keys).items() if times > 1]
    if repeated:
        raise ValueError(f"each {what} may be given once; repeated: {', '.join(repeated)}")
