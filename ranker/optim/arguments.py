"""What is given to an optimizer, looked at where it is given: one sentence for each mistake."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import tensorflow as tf

from ranker.spec.clip import Clip
from ranker.spec.part import Part, act, kinds
from ranker.spec.rule import Rule

RULE_PARTS = ("order", "accumulate", "initial", "advance", "direct")
CLIPPER_PARTS = ("stage", "targets", "initial", "clip")
TRAINED = (tf.float16, tf.bfloat16, tf.float32, tf.float64)


def acting_rule(rule: Any, what: str) -> Any:
    """Returns what acts as `rule` declares.

    Raises:
      TypeError: unless it declares a rule, or has the methods of one, and is no class.
    """
    acting = act(rule)
    if isinstance(rule, type) or not _has(acting, RULE_PARTS):
        raise TypeError(
            f"{what}: rule must be a rule of ranker.optim such as Adagrad(), got "
            f"{described(rule)}{nearest(rule, Rule)}"
        )
    return acting


def check(rule: Any, clippers: Any, what: str) -> None:
    """Raises TypeError unless they are a rule and a list of clippers."""
    acting_rule(rule, what)
    acting_clippers(clippers, what)


def acting_clippers(clippers: Any, what: str) -> tuple[Any, ...]:
    """Returns what acts as `clippers` declare.

    Raises:
      TypeError: unless they are a list, each declares a clipper, or has the methods of one, and
        is no class.
    """
    if _has(act(clippers), CLIPPER_PARTS) and not isinstance(clippers, type):
        raise TypeError(f"{what}: clippers must be a list: [{clippers!r}], got it without the list")
    if isinstance(clippers, str | type | Mapping) or not isinstance(clippers, Iterable):
        raise TypeError(
            f"{what}: clippers must be a list such as [Clippy()], got "
            f"{described(clippers)}{nearest(clippers, Clip)}"
        )
    given = tuple(clippers)
    acting = tuple(act(clipper) for clipper in given)
    for clipper, actor in zip(given, acting, strict=True):
        if isinstance(clipper, type) or not _has(actor, CLIPPER_PARTS):
            raise TypeError(
                f"{what}: each of clippers must be a clipper of ranker.optim such as Clippy(), got "
                f"{described(clipper)}{nearest(clipper, Clip)}"
            )
    return acting


def check_variables(variables: Any, what: str) -> None:
    """Raises TypeError unless they are a mapping or a sequence of variables, ValueError for one
    whose dtype does not train or whose shape may change."""
    if tf.is_tensor(variables) or not isinstance(variables, Mapping | Sequence):
        raise TypeError(
            f"{what}: variables must be a mapping from names or a list, got {described(variables)}"
        )
    named = variables.items() if isinstance(variables, Mapping) else enumerate(variables)
    for name, variable in named:
        if not isinstance(variable, tf.Variable):
            raise TypeError(f"{what}: {name!r} must be a tf.Variable, got {described(variable)}")
        name = variable.name if isinstance(name, int) else name
        if variable.dtype not in TRAINED:
            raise ValueError(
                f"{what}: variable {name!r} is {variable.dtype.name}; what trains is one of "
                f"{', '.join(dtype.name for dtype in TRAINED)}"
            )
        if not variable.shape.is_fully_defined():
            raise ValueError(f"{what}: variable {name!r} has no fixed shape, but {variable.shape}")


def check_step(step: Any) -> None:
    """Raises TypeError unless `step` is an int64 variable, a scalar."""
    is_count = isinstance(step, tf.Variable) and step.dtype == tf.int64 and step.shape.rank == 0
    if not is_count:
        raise TypeError(f"Optimizer: step must be an int64 tf.Variable of shape (), got {step!r}")


def described(given: Any) -> str:
    """Returns what was given, in a few words."""
    if isinstance(given, type):
        return f"the class {given.__name__}"
    if isinstance(given, str | int | float | None):
        return repr(given)
    return f"a {type(given).__module__}.{type(given).__name__}"


def nearest(given: Any, family: type[Part]) -> str:
    """Returns a hint at the part of a family whose name is nearest, or nothing."""
    if isinstance(given, Iterable) and not isinstance(given, str | type):
        return ""
    name = given if isinstance(given, str) else getattr(given, "__name__", type(given).__name__)
    names = {each.__name__.lower(): each.__name__ for each in kinds(family).values()}
    found = difflib.get_close_matches(name.lower().replace("_", ""), names, n=1, cutoff=0.75)
    return f"; did you mean {names[found[0]]}(...)?" if found else ""


def _has(thing: Any, parts: Sequence[str]) -> bool:
    return all(hasattr(thing, part) for part in parts)
