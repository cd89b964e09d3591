"""What the adapters for Keras 2 and Keras 3 share; it imports neither."""

from ranker.adapt.attributes import INSTEAD, Strict, refuse_all
from ranker.adapt.parts import Clipper, Codec, CustomObjects, Rule, check_name, plain, rate_of
from ranker.adapt.step import Gradient, GuardedStep
from ranker.adapt.variables import Trained, refuse_repeated

__all__ = [
    "INSTEAD",
    "Clipper",
    "Codec",
    "CustomObjects",
    "Gradient",
    "GuardedStep",
    "Rule",
    "Strict",
    "Trained",
    "check_name",
    "plain",
    "rate_of",
    "refuse_all",
    "refuse_repeated",
]
