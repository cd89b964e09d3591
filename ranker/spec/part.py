"""What a part is: a declaration of its fields, their defaults, bounds and help. No TensorFlow.

    @register("clippy", acts="ranker.optim.clip.clippy.ClippyClipper")
    class Clippy(Clip):
        '''No element of an update may move its variable by more than a share of it.

        Attributes:
          relative: largest change as a share of |variable|.
        '''

        relative: NonNegative = 0.5

Everything else is read from here: what TOML may say, what is said of a wrong value, `--help`, the
settings reference, what varies without another compiled graph. A part's help is its docstring.
"""

import dataclasses
import functools
import importlib
import math
import numbers
import typing
from collections.abc import Callable, Iterator, Mapping
from types import NoneType
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeVar

from annotated_types import Ge, Gt, Le, Lt, MultipleOf

Positive = Annotated[float, Gt(0)]
NonNegative = Annotated[float, Ge(0)]
Share = Annotated[float, Ge(0), Le(1)]
Decay = Annotated[float, Ge(0), Lt(1)]  # the share of the old in a running mean
Count = Annotated[int, Ge(0)]
AtLeastOne = Annotated[int, Ge(1)]

_SIGNS = {Gt: ("gt", ">"), Ge: ("ge", ">="), Le: ("le", "<="), Lt: ("lt", "<")}


class Field(NamedTuple):
    """A field of a part.

    Attributes:
      name: of the field.
      hint: its type, without bounds.
      bounds: what a number must keep to, of `annotated_types`.
      default: `dataclasses.MISSING` if it has none.
    """

    name: str
    hint: Any
    bounds: tuple[Any, ...]
    default: Any


class Part:
    """A part of a run: a frozen dataclass of settings.

    A number may also be a scalar tensor or variable: its value is not known while a graph is
    traced, so it is in its bounds by the word of whoever gives it.

    Attributes:
      kind: by which a table of TOML chooses it among its family; "" for a part of no choice.
      acts: the class, by its dotted name, that does what this declares, and extends it; "" for
        a part that does so itself.
      varies: whether its floats may change without another compiled graph.
      renamed: former names of fields to theirs, "table.name" for one that moved into a table;
        they are still read, with a word of it.

    Raises:
      TypeError: for a value of a wrong type.
      ValueError: for one that is out of its bounds, or does not go with another.
    """

    kind: ClassVar[str] = ""
    acts: ClassVar[str] = ""
    varies: ClassVar[bool] = False
    renamed: ClassVar[Mapping[str, str]] = {}

    def __post_init__(self) -> None:
        for field in fields_of(type(self)):
            problem = _problem(field, getattr(self, field.name))
            if problem:
                raise type(problem)(f"{self.title}: {problem}")
        try:
            self.check()
        except ValueError as error:
            raise ValueError(f"{self.title}: {error}") from error

    def __repr__(self) -> str:
        fields = (f"{name}={value!r}" for name, value in values_of(self).items())
        return f"{self.title}({', '.join(fields)})"

    def check(self) -> None:
        """Raises ValueError for fields that do not go together; each is in its bounds."""

    def require(self, name: str, *bounds: Any) -> None:
        """Raises ValueError unless the field `name` keeps to `bounds`, of `annotated_types`."""
        field = next(field for field in fields_of(type(self)) if field.name == name)
        problem = _problem(field._replace(bounds=bounds), getattr(self, name))
        if problem:
            raise problem

    @property
    def title(self) -> str:
        """The name of the class that declares it."""
        return declaration(type(self)).__name__


AnyPart = TypeVar("AnyPart", bound=type[Part])

# Family to kind to declaration. Filled as modules that declare parts are imported.
_KINDS: dict[type[Part], dict[str, type[Part]]] = {}


@typing.dataclass_transform(kw_only_default=True, frozen_default=True)
def declared(cls: AnyPart) -> AnyPart:
    """Makes a part of no choice out of a class: a table of settings."""
    made = dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
    return made(cls)  # pyright: ignore[reportReturnType]


@typing.dataclass_transform(kw_only_default=True, frozen_default=True)
def register(kind: str, *, acts: str = "") -> Callable[[AnyPart], AnyPart]:
    """Makes a part that is chosen by `kind` out of a class of a family, such as `Clip`.

    Args:
      acts: see `Part`; "" for a class that acts itself, as people's own parts do.

    Raises:
      ValueError: if another class has this kind.
    """

    def decorate(cls: AnyPart) -> AnyPart:
        known = _KINDS.setdefault(family_of(cls), {})
        before = known.get(kind)
        if before is not None and _location(before) != _location(cls):
            raise ValueError(
                f"kind {kind!r} is {_location(before)} already; {_location(cls)} needs another"
            )
        cls.kind, cls.acts = kind, acts
        known[kind] = declared(cls)
        return known[kind]  # pyright: ignore[reportReturnType]

    return decorate


def family_of(cls: type[Part]) -> type[Part]:
    """Returns what a part is one of: the class right under `Part`."""
    return next(base for base in cls.__mro__ if Part in base.__bases__)


def kinds(family: type[Part]) -> Mapping[str, type[Part]]:
    """Returns the declarations of a family by their kinds, in the order they were made."""
    return _KINDS.get(family, {})


def declaration(cls: type[Part]) -> type[Part]:
    """Returns the class that declares a part, be `cls` it or what acts."""
    known = kinds(family_of(cls)).values()
    return next((base for base in cls.__mro__ if base in known), cls)


def act(part: Any, **more: Any) -> Any:
    """Returns the object that does what `part` declares; what acts already, or is no part, as
    it is.

    Args:
      more: fields that the class that acts has beside the declared ones.
    """
    if not (isinstance(part, Part) and part.acts):
        return part
    cls = actor(part)
    return part if isinstance(part, cls) else cls(**values_of(part), **more)


def actor(part: Part) -> Any:
    """Returns the class that `acts` names, imported now: declarations alone load little."""
    module, _, name = part.acts.rpartition(".")
    return getattr(importlib.import_module(module), name)


def values_of(part: Any) -> dict[str, Any]:
    """Returns the fields of a part, or of any dataclass, by name; no copies."""
    return {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}


@functools.cache
def fields_of(cls: type) -> tuple[Field, ...]:
    """Returns the fields of a dataclass, in order."""
    hints = typing.get_type_hints(cls, include_extras=True)
    found = []
    for field in dataclasses.fields(cls):
        hint, bounds = hints[field.name], ()
        if typing.get_origin(hint) is Annotated:
            hint, *bounds = typing.get_args(hint)
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        found.append(Field(field.name, hint, tuple(bounds), default))
    return tuple(found)


def bounds_text(bounds: tuple[Any, ...]) -> str:
    """Returns bounds in words, such as ">= 0 and < 1"; "" for none."""
    return " and ".join(text for text, _ in _checks(bounds))


def check_number(value: Any, hint: Any, what: str) -> None:
    """Raises TypeError or ValueError, naming `what`, unless a number keeps to its hint.

    Args:
      hint: a type with bounds, such as `NonNegative`.
    """
    kind, *bounds = typing.get_args(hint)
    problem = _number_problem(Field(what, kind, tuple(bounds), dataclasses.MISSING), kind, value)
    if problem:
        raise problem


def _problem(field: Field, value: Any) -> Exception | None:
    """Returns what is wrong with the value of a field; None if nothing is."""
    hint = field.hint
    if NoneType in typing.get_args(hint):
        if value is None:
            return None
        (hint,) = (k for k in typing.get_args(hint) if k is not NoneType)
    if typing.get_origin(hint) is Literal:
        allowed = typing.get_args(hint)
        if value in allowed:
            return None
        return ValueError(f"{field.name} {value!r} is none of {', '.join(map(str, allowed))}")
    if hint is bool and not isinstance(value, bool):
        return TypeError(f"{field.name} must be True or False, got {value!r}")
    if hint is str and not isinstance(value, str):
        return TypeError(f"{field.name} must be text, got {value!r}")
    if hint in (int, float):
        return _number_problem(field, hint, value)
    return None


def _number_problem(field: Field, hint: type, value: Any) -> Exception | None:
    what = f"{field.name} must be"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        if not hasattr(getattr(value, "dtype", None), "is_floating"):
            return TypeError(f"{what} a number, got {value!r}, a {type(value).__name__}")
        is_real = value.dtype.is_floating or value.dtype.is_integer
        if is_real and value.shape.rank in (0, None):
            return None
        return TypeError(f"{what} one number, got {value.dtype.name} {value.shape}")
    checks = list(_checks(field.bounds))
    if math.isfinite(value) and all(holds(value) for _, holds in checks):
        is_whole = hint is float or isinstance(value, numbers.Integral)
        return None if is_whole else TypeError(f"{what} a whole number, got {value!r}")
    wanted = [text for text, _ in checks]
    if not math.isfinite(value):
        wanted.insert(0, "finite")
    return ValueError(f"{what} {' and '.join(wanted)}, got {value}")


def _checks(bounds: tuple[Any, ...]) -> Iterator[tuple[str, Callable[[Any], bool]]]:
    """Yields each bound in words, and whether a number keeps to it."""
    for bound in bounds:
        if isinstance(bound, MultipleOf):
            yield f"a multiple of {bound.multiple_of}", lambda v, b=bound: v % b.multiple_of == 0
            continue
        name, sign = _SIGNS[type(bound)]
        limit = getattr(bound, name)
        compare = {
            ">": lambda v, x=limit: v > x,
            ">=": lambda v, x=limit: v >= x,
            "<=": lambda v, x=limit: v <= x,
            "<": lambda v, x=limit: v < x,
        }[sign]
        yield f"{sign} {limit}", compare


def _location(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
