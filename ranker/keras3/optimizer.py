"""An optimizer of Keras 3 that judges a whole step before it writes any of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ranker import adapt
from ranker.guard import SpikeFilter
from ranker.keras3 import rates
from ranker.spec.part import NonNegative


@keras.saving.register_keras_serializable(package="ranker")
class GuardedOptimizer(adapt.Strict, keras.optimizers.Optimizer):
    """Any rule, schedule and chain of clippers of `ranker.optim`, behind the guard.

    Each step proposes, judges, and writes everything or nothing: if a gradient, an update, a
    slot's or a statistic's new value is not finite, then every weight, slot and statistic stays
    as it is, bit for bit. Keras does not show an optimizer the loss, so a loss is judged only by
    the gradients that come of it; and what the forward pass writes (moving averages of a
    BatchNormalization, metrics) is written before an optimizer is asked.

    The variables form two groups, for what clippers call `targets`: "embeddings", those whose
    path `tables` finds, and "dense", all others. A variable of the group "dense" with a sparse
    gradient is refused. Of a table only the rows that a batch touches cost anything, decay or
    move, and repeated ids are summed first.

    Only on the TensorFlow backend. XLA cannot compile the step, and where there is a GPU Keras
    has it compile by itself: say `model.compile(..., jit_compile=False)`. Keras's own clipping,
    moving averages of weights, accumulation of gradients, constraints of variables and
    strategies of `tf.distribute` are refused by name, set later too.
    `keras.optimizers.LossScaleOptimizer` may be around it. A ".keras" file holds everything.

    Attributes:
      iterations: of Keras, which counts refused attempts too.
      committed: int64 variable, the number of committed updates; schedules go by it. `None`
        before `build`.
      refused: int64 variable, attempts that were refused.
      refused_in_a_row: int64 variable, those since the last committed update.
    """

    built = False  # set by Keras when it has been

    def __init__(
        self,
        rule: adapt.Rule,
        learning_rate: rates.Rate,
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
          tables: regular expression that is found in the paths of embedding tables, as in
            "user_embedding/embeddings", and in no other's.
          max_refusals: refusals in a row at which the step raises
            `tf.errors.InvalidArgumentError`, after which a good batch may still follow; >= 1.
          spike_filter: refuses gradients far above their usual norm too: `SpikeFilter(of="norm")`.
          **others: what other optimizers of Keras take; only None and False.

        Raises:
          TypeError: for what is none of these, such as text or a class for a rule.
          ValueError: for a number out of its range, a `spike_filter` that watches the loss, an
            argument of Keras's that would not be read, another backend.
        """
        adapt.refuse_all(adapt.check_name(name), others)
        _refuse_backend(name)
        step = adapt.GuardedStep(
            name,
            rule=rule,
            clippers=clippers,
            weight_decay=weight_decay,
            tables=tables,
            max_refusals=max_refusals,
            spike_filter=spike_filter,
        )
        super().__init__(rates.make_rate(learning_rate), name=name)  # pyright: ignore[reportCallIssue]
        self._step = step
        self.weight_decay = weight_decay
        self._is_made = True

    def build(self, variables: Sequence[keras.Variable]) -> None:
        """Makes the slots of `variables`, all that will ever be trained; once.

        Raises:
          ValueError: for a variable with a constraint or of a dtype that does not train, one
            given twice, a clipper that targets no group, under a strategy of several replicas.
        """
        if self.built:
            return
        with tf.init_scope():
            self._step.build([_trained(v) for v in variables], rate=self._rate)
        super().build(list(variables))

    @property
    def variables(self) -> list[Any]:
        """Everything that is saved: Keras's variables, `committed`, slots, statistics, counts."""
        own = [] if self.committed is None else [self.committed, *self._step.variables()]
        return [*super().variables, *own]

    @property
    def committed(self) -> tf.Variable | None:
        """Committed updates, an int64 scalar; None before `build`."""
        return self._step.core and self._step.core.step

    @property
    def refused(self) -> tf.Variable:
        """Attempts that were refused, int64."""
        return self._step.guard.refused

    @property
    def refused_in_a_row(self) -> tf.Variable:
        """Those since the last committed update, int64."""
        return self._step.guard.refused_in_a_row

    def clip_factors(self) -> dict[str, float]:
        """Returns by variable the share that clippers left in the last attempt; {} before it."""
        return self._step.clip_factors()

    @property
    def learning_rate(self) -> Any:
        """The rate of the next update: a scalar variable, or a tensor if it follows a schedule."""
        return self._get_current_learning_rate()

    @learning_rate.setter
    def learning_rate(self, value: rates.Rate) -> None:
        """Sets a rate that is a number, or before the first step one that is a schedule."""
        is_schedule = callable(value) and not tf.is_tensor(value)
        if is_schedule == isinstance(self._learning_rate, keras.Variable) and self.built:
            kind = type(self._learning_rate).__name__
            raise TypeError(
                f"{self.name}: the learning rate is a {kind} and cannot be set to {value}; give "
                "what it is to be when the optimizer is made"
            )
        keras.optimizers.Optimizer.learning_rate.fset(self, rates.make_rate(value))

    def get_config(self) -> dict[str, Any]:
        """Returns every argument, JSON-ready; of a variable, the value that it has now."""
        rate = rates.pack_rate(self._learning_rate)
        return {**self._step.config(rates.CODEC), "learning_rate": rate}

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], custom_objects: adapt.CustomObjects = None
    ) -> "GuardedOptimizer":
        """Returns the optimizer of `get_config`, without its state.

        Raises:
          ValueError: for a rule, a schedule or a clipper that is not known here.
        """
        return cls(**rates.CODEC.arguments(config, custom_objects))

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Sets every variable of its own from `store`.

        Raises:
          ValueError: if it holds another optimizer's; Keras would go on without.
        """
        self._step.check_saved(len(store.keys()), len(self.variables))
        super().load_own_variables(store)

    def _backend_apply_gradients(
        self, grads: Sequence[adapt.Gradient], trainable_variables: Sequence[keras.Variable]
    ) -> None:
        """Writes what all gradients [...] of a step change, or nothing; Keras calls it."""
        self._step.refuse_context("compile the model with jit_compile=False")
        trained = [_trained(variable) for variable in trainable_variables]
        adapt.refuse_repeated(trained)
        self._step.attempt(list(zip(grads, trained, strict=True)))

    def _get_current_learning_rate(self) -> Any:
        rate = self._learning_rate
        if isinstance(rate, keras.Variable):
            return rate
        return rate(tf.zeros([], tf.int64) if self.committed is None else self.committed)

    def _rate(self, step: tf.Tensor) -> tf.Tensor:
        rate = self._learning_rate
        found = rate.value if isinstance(rate, keras.Variable) else rate(step)
        return tf.cast(found, tf.float32)


def _trained(variable: Any) -> adapt.Trained:
    """Returns a variable of Keras, or of TensorFlow, with its name."""
    if isinstance(variable, keras.Variable):
        return adapt.Trained(variable.path, variable.value, variable.constraint)
    return adapt.Trained(variable.name.partition(":")[0], variable, None)


def _refuse_backend(owner: str) -> None:
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"{owner}: works on Keras's TensorFlow backend only, and this is "
            f"{keras.backend.backend()}: set KERAS_BACKEND=tensorflow before keras is imported"
        )
