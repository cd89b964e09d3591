"""The optimizer: proposes changes from gradients, each with the slots that go with it."""

import collections
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from ranker.numerics import norm, norms
from ranker.optim import arguments, rows
from ranker.optim.change import Gradient, Reads
from ranker.optim.clip.chain import Chain
from ranker.optim.clip.clipper import Clipper
from ranker.optim.context import refuse_replicas, refuse_xla
from ranker.optim.fitting import Given, fit
from ranker.optim.group import Group, Member
from ranker.optim.schedules import variables_of
from ranker.optim.transaction import Transaction
from ranker.spec.clip import Clip


class Optimizer:
    """Turns gradients into proposed changes of the variables that it trains.

    It computes, and keeps slots and statistics, in float32; in float64 if any of its variables
    is float64. What it writes is rounded to the variable's dtype last and judged as rounded; of
    a float16 or bfloat16 variable, an update under half of a rounding step is lost, as it is
    wherever those train without a float32 copy. Rates are float32 throughout.

    Attributes:
      step: int64 variable, the number of committed updates.
      groups: as given.
      trainable: the groups' variables, in order.
      names: theirs, in the same order.
      phases: the groups'; None for none.
      variables: every variable of its own by a stable unique name, for checkpoints:
        "step", "<variable>/<slot>", of the n-th clipper "clip/<n>/<statistic>",
        "schedule_start" if the schedules are `Since`, and what phases go by beside the step.
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
        self._members = [Member.make(name, v, g, self._dtype) for g, name, v in named]
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
        self.phases = next((group.phases for group in groups if group.phases), None)
        self.variables |= self.phases.variables if self.phases else {}
        for group in groups:
            self.variables |= variables_of(group.schedule)

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
        gradients: Sequence[Gradient] | Sequence[Given | None],
        *,
        transaction: Transaction | None = None,
        rates: tf.Tensor | None = None,
        reads: Reads | None = None,
    ) -> Transaction:
        """Proposes what these gradients would change; writes nothing before a commit.

        Args:
          gradients: those of `summed`; or what it takes, one for each of `trainable`.
          transaction: that takes the changes; a new one for None.
          rates: the groups' learning rates [G] instead of their schedules'.
          reads: returns the rows that the batch read of the table of a name, as often as it
            did, int [J], for clippers that count them; None for those of the slices.

        Returns:
          The transaction: besides the changes it has the count of steps, what clippers remember,
          and, as scalars, rates, clip factors and the norms of gradients and updates.

        Raises:
          ValueError: if there are not as many as there are variables, for one that does not fit
            its variable, under a strategy of several replicas or XLA.
          tf.errors.InvalidArgumentError: in a graph, for one of a shape that was not known
            before and does not fit its variable.
        """
        refuse_replicas("Optimizer.propose")
        refuse_xla("Optimizer.propose")
        summed = [gradient for gradient in gradients if isinstance(gradient, Gradient)]
        if not summed or len(summed) < len(gradients):
            summed = self.summed(gradients)
        transaction = Transaction() if transaction is None else transaction
        step = self.step.read_value()
        members = [(self._members[gradient.index], gradient) for gradient in summed]
        items = [member.clip_input(g, step, reads) for member, g in members]
        kept = self._chain.clip("gradient", items, transaction)
        each = tf.unstack(self.learning_rates() if rates is None else rates)
        by_group = {group.name: rate for group, rate in zip(self.groups, each, strict=True)}
        updates = [
            member.update(kept[member.name], step, by_group[member.group.name], transaction)
            for member, _ in members
        ]
        left = self._chain.clip("update", updates, transaction)
        for member, gradient in members:
            name = member.name
            transaction.change(member.change(gradient, left[name], kept[name].factor, step))
        self._start_over(step, transaction)
        transaction.write(self.step, step + 1)
        self._report(transaction, by_group)
        return transaction

    def summed(self, gradients: Sequence[Given | None]) -> tuple[Gradient, ...]:
        """Returns those that are not None, each fitted to its variable and summed by row.

        Args:
          gradients: one for each of `trainable`, in order; None leaves it alone. Tensors,
            slices, or arrays and lists of numbers, of the variable's shape, never broadcast.

        Raises:
          ValueError: if there are not as many as there are variables, or for one that does not
            fit its variable.
        """
        return tuple(
            Gradient(member.variable, *rows.touched(given), member.name, index)
            for index, (member, given) in enumerate(self._fitted(gradients))
            if given is not None
        )

    def aligned(
        self, gradients: Mapping[str, Sequence[Given | None]]
    ) -> dict[str, tuple[Gradient, dict[str, tf.Tensor]]]:
        """Returns several gradients of each variable, such as each task's, on the same rows.

        Args:
          gradients: each as `summed` takes it, by a name.

        Returns:
          By the variable's name: its gradient, with the sum as values; and by their names the
          values of those that are not None, all of the sum's shape, [U, ...].
        """
        fitted = {name: self._fitted(given) for name, given in gradients.items()}
        found = {}
        for index, member in enumerate(self._members):
            given = {n: each[index][1] for n, each in fitted.items() if each[index][1] is not None}
            if given:
                touched, values, ids = rows.aligned(list(given.values()))
                total = tf.add_n(values) if values[1:] else values[0]
                gradient = Gradient(member.variable, touched, total, ids, member.name, index)
                found[member.name] = (gradient, dict(zip(given, values, strict=True)))
        return found

    def learning_rates(self, step: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the rate of each group's next update, float32 [G].

        Args:
          step: for the schedules, instead of the number of updates committed.
        """
        updates = self.step.read_value() if step is None else step
        return tf.stack([tf.cast(group.schedule(updates), tf.float32) for group in self.groups])

    def factors(self, transaction: Transaction) -> tf.Tensor:
        """Returns the clip factor of each of `trainable` [V]; 1 if it had no gradient."""
        factors = {c.name: tf.cast(c.factor, tf.float32) for c in transaction.changes}
        return tf.stack([factors.get(name, tf.constant(1.0)) for name in self.names])

    def _fitted(self, gradients: Sequence[Given | None]) -> list[tuple[Member, Any]]:
        """Returns each variable with its gradient or None, fitted to it, of one dtype."""
        if len(gradients) != len(self.trainable):
            raise ValueError(f"{len(gradients)} gradients for {len(self.trainable)} variables")
        fitted = []
        for member, given in zip(self._members, gradients, strict=True):
            if given is not None:
                given = fit(given, member.variable, name=member.name, dtype=self._dtype)
            fitted.append((member, given))
        return fitted

    def _start_over(self, step: tf.Tensor, transaction: Transaction) -> None:
        """Proposes that all slots begin anew where the phase says so, untouched rows too."""
        is_over = self.phases.begins_slots(step) if self.phases else None
        if is_over is not None:
            transaction.start_over([*self.slots.values()], when=is_over)

    def _report(self, transaction: Transaction, rates: Mapping[str, tf.Tensor]) -> None:
        """Adds what there is to say of the changes to the transaction's scalars."""
        for name, rate in rates.items():
            transaction.scalar(f"learning_rate/{name}", rate)
        factors = {change.name: change.factor for change in transaction.changes}
        for name in self.names:
            transaction.scalar(f"clip_factor/{name}", factors.get(name, 1.0))
        changes = [(self._members[c.index].group.name, c) for c in transaction.changes]

        def sizes() -> tf.Tensor:
            of_each = norms([tf.cast(c.gradient.values, tf.float32) for _, c in changes])
            updates = norms([tf.cast(c.update, tf.float32) for _, c in changes])
            indices = {g: [i for i, (name, _) in enumerate(changes) if name == g] for g in rates}
            of_groups = [
                norm(tf.gather(of_each, tf.constant(p, tf.int32))) for p in indices.values()
            ]
            return tf.stack([norm(of_each), *of_groups, norm(updates)])

        if changes:
            names = [f"gradient_norm/{name}" for name in rates]
            transaction.dear(["gradient_norm", *names, "update_norm"], sizes)


def _groups(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Returns `groups`; TypeError unless they are a list of groups."""
    if not isinstance(groups, Sequence) or not all(isinstance(g, Group) for g in groups):
        raise TypeError(f"Optimizer: groups must be a list such as [Group(...)], got {groups!r}")
    return tuple(groups)


def _refuse_repeated(what: str, keys: Sequence[Hashable]) -> None:
    repeated = [str(key) for key, times in collections.Counter(keys).items() if times > 1]
    if repeated:
        raise ValueError(f"each {what} may be given once; repeated: {', '.join(repeated)}")
