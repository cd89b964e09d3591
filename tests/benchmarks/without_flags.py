"""Benchmarks as modules: their flags, which have the same names, must not meet."""

import importlib
from types import ModuleType

from absl import flags


def load(name: str) -> ModuleType:
    """Returns `benchmarks.<name>`, whose flags nobody has."""
    module = importlib.import_module(f"benchmarks.{name}")
    for flag in flags.FLAGS.flags_by_module_dict().get(module.__name__, ()):
        delattr(flags.FLAGS, flag.name)
    return module
