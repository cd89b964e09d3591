"""A Keras optimizer that judges a whole step before it writes any of it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from ranker import adapt
from ranker.guard import SpikeFilter
from ranker.keras import parts
from ranker.spec.part import NonNegative


@tf.keras.saving.register_keras_serializable(package="ranker")
class GuardedOptimizer(adapt.Strict, tf.keras.optimizers.Optimizer):
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
        rule: adapt.Rule,
        learning_rate: parts.Rate,
        *,
        clippers: Sequence[adapt.Clipper] = (),
        weight_decay: NonNegative = 0.0,
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
        adapt.refuse_all(adapt.check_name(name), others)
        step = adapt.GuardedStep(
            name,
            rule=rule,
            clippers=clippers,
            weight_decay=weight_decay,
            tables=tables,
            max_refusals=max_refusals,
            spike_filter=spike_filter,
        )
        super().__init__(name, weight_decay=None, jit_compile=False)  # pyright: ignore[reportCallIssue]
        self._step = step
        self.weight_decay = self._no_dependency(weight_decay)
        self._learning_rate = parts.make_rate(learning_rate)
        self._is_made = True

    def __setattr__(self, name: str, value: Any) -> None:
        """Raises ValueError for an attribute that nothing would read, TypeError for `iterations`
        that are no int64 variable."""
        if name == "iterations":
            _check_iterations(value)
        super().__setattr__(name, value)

    def build(self, var_list: Iterable[tf.Variable]) -> None:
        """Makes the slots of `var_list`, all that will ever be trained; once.

        Raises:
          ValueError: for a variable with a constraint or of a dtype that does not train, one
            given twice, a clipper that targets no group, under a strategy of several replicas.
        """
        self._build(list(var_list))

    def _build(self, variables: list[tf.Variable]) -> None:
        if self._step.core is not None:
            return
        trained = list(map(_trained, variables))
        self._step.build(trained, rate=self._rate, step=self.iterations)
        super().build(variables)
        self._built = True
        for variable in self._step.variables():
            self._variables.append(variable)

    def apply_gradients(
        self,
        grads_and_vars: Iterable[tuple[adapt.Gradient, tf.Variable]],
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
        self._step.refuse_context("leave out jit_compile=True")
        pairs = [(gradient, _trained(variable)) for gradient, variable in grads_and_vars]
        adapt.refuse_repeated([trained for _, trained in pairs])
        with tf.init_scope():
            self._build([trained.variable for _, trained in pairs])
        with tf.name_scope(name or self.name):
            self._step.attempt(pairs)
        return self.iterations

    def clip_factors(self) -> dict[str, float]:
        """Returns by variable the share that clippers left in the last attempt; {} before it."""
        return self._step.clip_factors()

    @property
    def refused(self) -> tf.Variable:
        """Attempts that were refused, int64."""
        return self._step.guard.refused

    @property
    def refused_in_a_row(self) -> tf.Variable:
        """Those since the last committed update, int64."""
        return self._step.guard.refused_in_a_row

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
        if self._step.core is None and callable(value) and not tf.is_tensor(value):
            self._learning_rate = parts.make_rate(value)
        elif not isinstance(self._learning_rate, tf.Variable):
            self._refuse_rate(value)
        else:
            is_symbolic = tf.is_tensor(value) and not hasattr(value, "numpy")
            self._learning_rate.assign(value if is_symbolic else adapt.rate_of(value))

    def get_config(self) -> dict[str, Any]:
        """Returns every argument, JSON-ready; of a variable, the value that it has now."""
        rate = parts.pack_rate(self._learning_rate)
        return {**self._step.config(parts.CODEC), "learning_rate": rate}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: adapt.CustomObjects = None
    ) -> "GuardedOptimizer":
        """Returns the optimizer of `get_config`, without its state.

        Raises:
          ValueError: for a rule, a schedule or a clipper that is not known here.
        """
        return cls(**parts.CODEC.arguments(config, custom_objects))

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Sets every variable of its own from `store`.

        Raises:
          ValueError: if it holds another optimizer's; Keras would go on without.
        """
        self._step.check_saved(len(store.keys()), len(self.variables))
        super().load_own_variables(store)

    def _rate(self, step: tf.Tensor) -> tf.Tensor:
        rate = self._learning_rate
        return tf.cast(rate if isinstance(rate, tf.Variable) else rate(step), tf.float32)

    def _refuse_rate(self, value: object, *_: object) -> None:
        raise TypeError(
            f"{self.name}: the learning rate follows {type(self._learning_rate).__name__} and "
            f"cannot be set to {value}; give a number as learning_rate to set it"
        )


def _trained(variable: tf.Variable) -> adapt.Trained:
    return adapt.Trained(variable.name.partition(":")[0], variable, variable.constraint)


def _check_iterations(value: Any) -> None:
    is_count = isinstance(value, tf.Variable) and value.dtype == tf.int64 and not value.shape.rank
    if not is_count:
        raise TypeError(f"iterations must be an int64 tf.Variable of shape (), got {value!r}")
