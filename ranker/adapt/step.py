"""One attempt for an adapter: gradients in, and everything written or nothing."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from ranker import optim
from ranker.adapt import parts, variables
from ranker.adapt.variables import Trained
from ranker.guard import REASONS, SpikeFilter, Verdict
from ranker.optim import arguments
from ranker.optim.context import refuse_xla
from ranker.spec.part import NonNegative, check_number

Gradient = tf.Tensor | tf.IndexedSlices | None


class GuardedStep:
    """An optimizer of `ranker.optim` and the guard, under the name of an optimizer of Keras.

    Attributes:
      owner: that name.
      guard: counts what it refuses.
      core: the optimizer; None before `build`.
    """

    def __init__(
        self,
        owner: str,
        *,
        rule: parts.Rule,
        clippers: Sequence[parts.Clipper],
        weight_decay: NonNegative,
        tables: str,
        max_refusals: int,
        spike_filter: SpikeFilter | None,
    ) -> None:
        """Raises TypeError and ValueError for what is none of these, or out of its range."""
        arguments.check(rule, clippers, owner)
        self.owner = owner
        self._rule = rule
        self._clippers = tuple(clippers)
        self.weight_decay = weight_decay
        check_number(weight_decay, NonNegative, f"{owner}: weight_decay")
        self._tables = parts.check_pattern(tables)
        self.guard = parts.make_guard(max_refusals, spike_filter)
        self.core: optim.Optimizer | None = None

    def build(
        self,
        trained: Sequence[Trained],
        *,
        rate: optim.Schedule,
        step: tf.Variable | None = None,
    ) -> optim.Optimizer:
        """Returns the optimizer, made of `trained`, all that will ever be trained, at first.

        Args:
          rate: the learning rate by committed updates, a scalar.
          step: int64, where to count those; a new variable for None.

        Raises:
          ValueError: as `ranker.optim.Optimizer` and `ranker.adapt.variables.group` do.
        """
        if self.core is not None:
            return self.core
        groups = [
            optim.Group(
                name=name,
                variables=members,
                rule=self._rule,
                schedule=rate,
                weight_decay=self.weight_decay,
            )
            for name, members in variables.group(trained, self._tables).items()
        ]
        core = optim.Optimizer(groups, clippers=self._clippers, step=step)
        # Of the last attempt: not saved.
        self._factors = tf.Variable(tf.ones([len(core.names)]), trainable=False)
        self.core = core
        return core

    def variables(self) -> list[tf.Variable]:
        """Returns what must be saved: slots, statistics, the guard's counts, the step's last."""
        if self.core is None:
            return []
        own = [v for label, v in self.core.variables.items() if label != "step"]
        return [*own, *self.guard.variables.values()]

    def attempt(self, pairs: Sequence[tuple[Gradient, Trained]]) -> None:
        """Writes what these gradients change, all of it, or nothing if the guard refuses.

        Args:
          pairs: gradients [...] of their variable's shape, slices of a table, or None.

        Raises:
          ValueError: for a variable that it was not built with or that is given twice, a
            gradient that does not fit, a sparse one of what is no table, for no gradient at all.
          tf.errors.InvalidArgumentError: where `max_refusals` in a row were refused.
        """
        core = self.core
        assert core is not None
        transaction = core.propose(self._in_order(core, pairs))
        verdict = self.guard.judge(tf.zeros([0]), transaction)
        transaction.commit(accept=verdict.accept)
        self.guard.record(verdict)
        self._factors.assign(core.factors(transaction))
        self._halt(verdict, [*core.names, "none in particular"])

    def refuse_context(self, instead: str) -> None:
        """Raises ValueError under a strategy, and under XLA saying what to do `instead`."""
        refuse_xla(self.owner, instead)
        if tf.distribute.has_strategy():
            raise ValueError(f"{self.owner}: no strategy, but {tf.distribute.get_strategy()}")

    def clip_factors(self) -> dict[str, float]:
        """Returns by variable the share that clippers left in the last attempt; {} before it."""
        if self.core is None:
            return {}
        return dict(zip(self.core.names, self._factors.numpy().tolist(), strict=True))

    def config(self, codec: parts.Codec) -> dict[str, Any]:
        """Returns every argument but the rate, JSON-ready; of a variable, its value now."""
        spike_filter = self.guard.spike_filter
        return {
            "name": self.owner,
            "rule": codec.pack(self._rule),
            "clippers": [codec.pack(clipper) for clipper in self._clippers],
            "weight_decay": parts.plain(self.weight_decay),
            "tables": self._tables,
            "max_refusals": self.guard.max_refusals,
            "spike_filter": spike_filter and codec.pack(spike_filter),
        }

    def check_saved(self, num_saved: int, num_own: int) -> None:
        """Raises ValueError if another optimizer's variables were saved; Keras would go on."""
        if num_saved != num_own:
            raise ValueError(f"{self.owner}: has {num_own} variables, {num_saved} were saved")

    def _halt(self, verdict: Verdict, names: Sequence[str]) -> None:
        """Raises in the graph after too many refusals, with what and where the last was.

        Args:
          names: of the variables, and last what to say of no variable, whose index is -1.
        """
        said = [
            f"{self.owner}: {self.guard.max_refusals} attempts in a row refused, none was "
            "written; the last:",
            tf.gather(REASONS, verdict.reason),
            "in variable",
            tf.gather(names, tf.math.floormod(verdict.variable, len(names))),
            "row",
            verdict.row,
        ]
        tf.debugging.Assert(tf.logical_not(self.guard.halted()), said)

    def _in_order(
        self, core: optim.Optimizer, pairs: Sequence[tuple[Gradient, Trained]]
    ) -> list[Gradient]:
        """Returns a gradient, or None, for each variable that it was built with."""
        given = {each.variable.ref(): gradient for gradient, each in pairs}
        known = {variable.ref() for variable in core.trainable}
        for gradient, each in pairs:
            if each.variable.ref() not in known:
                raise ValueError(
                    f"{self.owner}: not built with {each.name}; call build with all variables"
                )
            is_sparse = isinstance(gradient, tf.IndexedSlices)
            if is_sparse and not variables.is_table(each.name, self._tables):
                raise ValueError(
                    f"{self.owner}: the gradient of {each.name} is sparse, but tables="
                    f"{self._tables!r} is not found in its name, so it would be clipped as dense"
                )
        if all(gradient is None for gradient in given.values()):
            raise ValueError(f"{self.owner}: no gradient for any of {len(pairs)} variables")
        return [given.get(variable.ref()) for variable in core.trainable]
