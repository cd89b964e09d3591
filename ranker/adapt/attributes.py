"""What Keras lets one set on an optimizer, and what to do instead where nothing here reads it."""

import difflib
from collections.abc import Sequence
from typing import Any, NoReturn

import tensorflow as tf

_AVERAGE = "average the weights in a callback"
_MADE = "give it when the optimizer is made"
INSTEAD = {
    "clipnorm": "use clippers=[Norm(max_norm=...)]",
    "clipvalue": "use clippers=[Value(max_value=...)]",
    "global_clipnorm": "use clippers=[GlobalNorm(max_norm=...)]",
    "gradient_transformers": "use clippers=[...]",
    "gradient_aggregator": "train on one device",
    "gradient_accumulation_steps": "use a larger batch",
    "use_ema": _AVERAGE,
    "ema_momentum": _AVERAGE,
    "ema_overwrite_frequency": _AVERAGE,
    "jit_compile": "leave it out, XLA cannot compile this step",
    "loss_scale_factor": "wrap the optimizer in the LossScaleOptimizer of Keras",
    "decay": "use a schedule as learning_rate",
    "lr": "use learning_rate",
    "momentum": "use the rule Sgd(momentum=...) or RmsProp(momentum=...)",
    "nesterov": "use the rule Sgd(momentum=..., nesterov=True)",
    "rho": "use the rule RmsProp(rho=...)",
    "centered": "no rule here is centered, use RmsProp()",
    "beta_1": "use the rule Adam(beta_1=...)",
    "beta_2": "use the rule Adam(beta_2=...)",
    "amsgrad": "no rule here has it, use Adam()",
    "epsilon": "use the rule's, such as Adam(epsilon=...)",
    "initial_accumulator_value": "use the rule Adagrad(initial_accumulator=...)",
    "weight_decay": f"{_MADE}, as a tf.Variable if it is to change",
    "rule": _MADE,
    "clippers": f"{_MADE}, with tf.Variables for the numbers that are to change",
    "tables": _MADE,
    "max_refusals": _MADE,
    "spike_filter": _MADE,
}


class Strict:
    """Before an optimizer of Keras among the bases: once `_is_made`, it refuses public attributes
    that its class does not have.

    Python would take any, and training would go on as if it had not been set. A subclass that
    has more of its own names them in its body.
    """

    name: str

    def __setattr__(self, name: str, value: Any) -> None:
        """Raises ValueError for an attribute that nothing would read."""
        is_free = name.startswith("_") or hasattr(type(self), name)
        if is_free or not self.__dict__.get("_is_made", False):
            super().__setattr__(name, value)
        elif not _is_same(self.__dict__.get(name), value):
            refuse(self.name, name, value)

    def exclude_from_weight_decay(
        self,
        var_list: Sequence[Any] | None = None,
        var_names: Sequence[str] | None = None,
    ) -> None:
        """Raises ValueError: all variables decay alike."""
        name = self.name
        raise ValueError(f"{name}: all variables decay alike, got {var_list or var_names}")


def refuse_all(owner: str, arguments: dict[str, Any]) -> None:
    """Raises for the first argument that nothing would read, unless it is None or False."""
    for name, value in arguments.items():
        if name not in INSTEAD or not _is_same(None, value):
            refuse(owner, name, value)


def refuse(owner: str, name: str, value: Any) -> NoReturn:
    """Raises ValueError: nothing would read `name`; says what to do instead."""
    instead = INSTEAD.get(name)
    if instead is None:
        known = [*INSTEAD, "learning_rate", "iterations"]
        found = difflib.get_close_matches(name, known, n=1)
        instead = f"did you mean {found[0]}?" if found else "there is no such attribute"
    raise ValueError(f"{owner}: {name}={value!r} would not be read: {instead}")


def _is_same(old: Any, new: Any) -> bool:
    """Returns whether `new` is what there is already, or switches off what is off."""
    if tf.is_tensor(old) or tf.is_tensor(new):
        return old is new
    return (old is None or old is False) if new is None or new is False else bool(old == new)
