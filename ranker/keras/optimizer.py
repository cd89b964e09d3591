"""A Keras optimizer that judges a whole step before it writes any of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from ranker import numerics, optim
from ranker.guard import REASONS, SpikeFilter, Verdict
from ranker.keras import attributes, parts
from ranker.keras.variables import group, is_table, refuse_repeated
from ranker.optim import arguments
from ranker.optim.context import refuse_xla
from ranker.spec.part import NonNegative, check_number

_Gradient = tf.Tensor | tf.IndexedSlices | None


@tf.keras.saving.register_keras_serializable(package="ranker")
class GuardedOptimizer(attributes.Strict):
    """Any rule, schedule and chain of clippers of `ranker.optim`, behind the guard.

    Each call of `apply_gradients` proposes, judges, and writes everything or nothing: if a
    gradient, an update, a slot's or a statistic's new value is not finite, then every weight,
    slot, statistic and `iterations` stay as they are, bit for bit. Keras does not show an
    optimizer the loss, so a loss is judged only by the gradients that come of it; and what the
    forward pass writes (moving averages of a BatchNormalization, metrics) is written before
    an optimizer is asked.

    The variables form two groups, for what clippers call `targets`: "embeddings", those whose
    name `tables` finds, and "dense", all others. Names decide, since a restored optimizer
    has to make its slots before it sees a gradient; a variable of the group "dense" with a
    sparse gradient is refused. Of a table only the rows that a batch touches cost anything,
    decay or move, and repeated ids are summed first.

    `optimizer.learning_rate = x`, and the callbacks that do so, work if the rate was given as
    a number; with a schedule they are refused. Keras's own clipping, moving averages of
    weights (`use_ema`), constraints of variables, strategies of `tf.distribute` and XLA are not
    for this optimizer; they are refused by name, set later too. `load_model` restores everything
    from ".keras" and ".h5"; Keras restores no optimizer from the SavedModel format.

    Attributes:
      iterations: int64 variable, the number of committed updates; schedules go by it.
      refused: int64 variable, attempts that were refused.
      refused_in_a_row: int64 variable, those since the last committed update.
    """

    def __init__(
        self,
        rule: parts.Rule,
        learning_rate: parts.Rate,
        *,
        clippers: Sequence[parts.Clipper] = (),
        weight_decay: numerics.Number = 0.0,
        tables: str = "embeddings$",
        max_refusals: int = 10,
        spike_filter: SpikeFilter | None = None,
        name: str = "GuardedOptimizer",
        **others: Any,
    ) -> None:
        """Takes the parts; variables are made when it first sees those to train.

        Args:
          rule: such as `Adagrad()`; of all variables.
          learning_rate: a number >= 0, or a schedule, of Keras or of `ranker.optim`, or a
            function of the step that a graph can be traced of.
          clippers: applied in order, those of the gradient stage first.
          weight_decay: decoupled, inside what is clipped and judged; of a table, only the rows
            touched decay. >= 0.
          tables: regular expression that is found in the names of embedding tables, as in
            "user_embedding/embeddings", and in no other's.
          max_refusals: refusals in a row at which `apply_gradients` raises
            `tf.errors.InvalidArgumentError`, after which a good batch may still follow; >= 1.
          spike_filter: refuses gradients far above their usual norm too: `SpikeFilter(of="norm")`.
          **others: what other optimizers of Keras take; only None and False.

        Raises:
          TypeError: for what is none of these, such as text or a class for a rule.
          ValueError: for a number out of its range, a `spike_filter` that watches the loss, or an
            argument of Keras's that would not be read.
        """
        attributes.refuse_all(parts.check_name(name), others)
        arguments.check(rule, clippers, name)
        super().__init__(name, weight_decay=None, jit_compile=False)
        self._rule = rule
        self._clippers = self._no_dependency(tuple(clippers))
        self.weight_decay = self._no_dependency(weight_decay)
        check_number(weight_decay, NonNegative, f"{type(self).__name__}: weight_decay")
        self._tables = parts.check_pattern(tables)
        self._guard = parts.make_guard(max_refusals, spike_filter)
        self._learning_rate = parts.make_rate(learning_rate)
        self._core: optim.Optimizer | None = None
        self._is_made = True

    def build(self, var_list: Iterable[tf.Variable]) -> None:
        """Makes the slots of `var_list`, all that will ever be trained; once.

        Raises:
          ValueError: for a variable with a constraint or of a dtype that does not train, one
            given twice, a clipper that targets no group, under a strategy of several replicas.
        """
        self._build(list(var_list))

    def _build(self, variables: list[tf.Variable]) -> optim.Optimizer:
        if self._core is None:
            self._core = self._make_core(variables)
        return self._core

    def _make_core(self, variables: list[tf.Variable]) -> optim.Optimizer:
        groups = [
            optim.Group(
                name=name,
                variables=members,
                rule=self._rule,
                schedule=self._rate,
                weight_decay=self.weight_decay,
            )
            for name, members in group(variables, self._tables).items()
        ]
        core = optim.Optimizer(groups, clippers=self._clippers, step=self.iterations)
        super().build(variables)
        self._built = True
        for of_one in (core.variables, self._guard.variables):
            for label, variable in of_one.items():
                if label != "step":  # Keras has it already
                    self._variables.append(variable)
        factors = tf.Variable(tf.ones([len(core.names)]), trainable=False, name="clip_factors")
        self._factors = self._no_dependency(factors)  # of the last attempt: not saved
        return core

    def apply_gradients(
        self,
        grads_and_vars: Iterable[tuple[_Gradient, tf.Variable]],
        name: str | None = None,
        **kwargs: Any,
    ) -> tf.Variable:
        """Writes what these gradients change, all of it, or nothing if the guard refuses.

        Args:
          grads_and_vars: a gradient that is None leaves its variable alone; so does
            leaving out a variable.
          name: of the scope of its operations.
          **kwargs: what Keras says of gradient aggregation; there is nothing to aggregate.

        Returns:
          `iterations`.

        Raises:
          ValueError: for a variable that it was not built with or that is given twice, a
            gradient that does not fit its variable, a sparse one of a variable that is no table,
            if there is no gradient at all, under a strategy or XLA.
          tf.errors.InvalidArgumentError: where `max_refusals` in a row were refused; says of the
            last what was not finite. In a graph, for a gradient of a shape that was not known
            before and does not fit.
        """
        del kwargs
        refuse_xla(self.name)
        if tf.distribute.has_strategy():
            raise ValueError(f"{self.name}: no strategy, but {tf.distribute.get_strategy()}")
        pairs = list(grads_and_vars)
        refuse_repeated([variable for _, variable in pairs])
        with tf.init_scope():
            core = self._build([variable for _, variable in pairs])
        with tf.name_scope(name or self.name):
            self._attempt(core, self._in_order(core, pairs))
        return self.iterations

    def clip_factors(self) -> dict[str, float]:
        """Returns by variable the share that clippers left in the last attempt; {} before it."""
        if self._core is None:
            return {}
        return dict(zip(self._core.names, self._factors.numpy().tolist(), strict=True))

    @property
    def refused(self) -> tf.Variable:
        """Attempts that were refused, int64."""
        return self._guard.refused

    @property
    def refused_in_a_row(self) -> tf.Variable:
        """Those since the last committed update, int64."""
        return self._guard.refused_in_a_row

    @property
    def learning_rate(self) -> tf.Variable | tf.Tensor:
        """The rate of the next update: a scalar variable, or a tensor if it follows a schedule."""
        if isinstance(self._learning_rate, tf.Variable):
            return self._learning_rate
        rate = tf.identity(self._rate(self.iterations))
        rate.assign = self._refuse_rate  # callbacks of Keras would assign, to no effect
        return rate

    @learning_rate.setter
    def learning_rate(self, value: parts.Rate) -> None:
        """Sets a rate that is a number, or before the first step one that is a schedule."""
        if self._core is None and callable(value) and not tf.is_tensor(value):
            self._learning_rate = parts.make_rate(value)
        elif not isinstance(self._learning_rate, tf.Variable):
            self._refuse_rate(value)
        else:
            is_symbolic = tf.is_tensor(value) and not hasattr(value, "numpy")
            self._learning_rate.assign(value if is_symbolic else parts.rate_of(value))

    def get_config(self) -> dict[str, Any]:
        """Returns every argument, JSON-ready; of a variable, the value that it has now."""
        return {
            "name": self.name,
            "rule": parts.pack(self._rule),
            "learning_rate": parts.pack_rate(self._learning_rate),
            "clippers": [parts.pack(clipper) for clipper in self._clippers],
            "weight_decay": parts.plain(self.weight_decay),
            "tables": self._tables,
            "max_refusals": self._guard.max_refusals,
            "spike_filter": self._guard.spike_filter and parts.pack(self._guard.spike_filter),
        }

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: parts.CustomObjects = None
    ) -> "GuardedOptimizer":
        """Returns the optimizer of `get_config`, without its state.

        Raises:
          ValueError: for a rule, a schedule or a clipper that is not known here.
        """
        spike_filter = config["spike_filter"]
        changed = {
            "rule": parts.unpack(config["rule"], custom_objects),
            "learning_rate": parts.unpack_rate(config["learning_rate"], custom_objects),
            "clippers": [parts.unpack(clipper, custom_objects) for clipper in config["clippers"]],
            "spike_filter": parts.unpack(spike_filter, custom_objects) if spike_filter else None,
        }
        return cls(**{**config, **changed})

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Sets every variable of its own from `store`.

        Raises:
          ValueError: if it holds another optimizer's; Keras would go on without.
        """
        if len(store.keys()) != len(self.variables):
            raise ValueError(
                f"{self.name}: has {len(self.variables)} variables, {len(store.keys())} were saved"
            )
        super().load_own_variables(store)

    def _attempt(self, core: optim.Optimizer, gradients: Sequence[_Gradient]) -> None:
        transaction = core.propose(gradients)
        verdict = self._guard.judge(tf.zeros([0]), transaction)
        transaction.commit(accept=verdict.accept)
        self._guard.record(verdict)
        self._factors.assign(core.factors(transaction))
        self._halt(verdict, [*core.names, "none in particular"])

    def _halt(self, verdict: Verdict, names: Sequence[str]) -> None:
        """Raises in the graph after too many refusals, with what and where the last was.

        Args:
          names: of the variables, and last what to say of no variable, whose index is -1.
        """
        said = [
            f"{self.name}: {self._guard.max_refusals} attempts in a row refused, none was "
            "written; the last:",
            tf.gather(REASONS, verdict.reason),
            "in variable",
            tf.gather(names, tf.math.floormod(verdict.variable, len(names))),
            "row",
            verdict.row,
        ]
        tf.debugging.Assert(tf.logical_not(self._guard.halted()), said)

    def _in_order(
        self, core: optim.Optimizer, pairs: Sequence[tuple[_Gradient, tf.Variable]]
    ) -> list[_Gradient]:
        """Returns a gradient, or None, for each variable that it was built with."""
        given = {variable.ref(): gradient for gradient, variable in pairs}
        known = {variable.ref() for variable in core.trainable}
        for gradient, variable in pairs:
            if variable.ref() not in known:
                raise ValueError(
                    f"{self.name}: not built with {variable.name}; call build with all variables"
                )
            if isinstance(gradient, tf.IndexedSlices) and not is_table(variable, self._tables):
                raise ValueError(
                    f"{self.name}: the gradient of {variable.name} is sparse, but tables="
                    f"{self._tables!r} is not found in its name, so it would be clipped as dense"
                )
        if all(gradient is None for gradient in given.values()):
            raise ValueError(f"{self.name}: no gradient for any of {len(pairs)} variables")
        return [given.get(variable.ref()) for variable in core.trainable]

    def _rate(self, step: tf.Tensor) -> tf.Tensor:
        rate = self._learning_rate
        return tf.cast(rate if isinstance(rate, tf.Variable) else rate(step), tf.float32)

    def _refuse_rate(self, value: object, *_: object) -> None:
        raise TypeError(
            f"{self.name}: the learning rate follows {type(self._learning_rate).__name__} and "
            f"cannot be set to {value}; give a number as learning_rate to set it"
        )
