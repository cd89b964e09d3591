"""Benchmarks as modules: their flags, which have the same names, must not meet."""

import importlib
from types import ModuleType

from absl import flags


def load(name: str) -> ModuleType:
    """Returns `benchmarks.<name>`, whose flags nobody has, nor those of what it imports."""
    module = importlib.import_module(f"benchmarks.{name}")
    for owner, found in list(flags.FLAGS.flags_by_module_dict().items()):
        for flag in list(found) if owner.startswith("benchmarks.") else ():
            delattr(flags.FLAGS, flag.name)
    return module
