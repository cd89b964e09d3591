"""People's own parts: modules that register them, named by a config or installed."""

import functools
import importlib
import importlib.metadata
import os
import sys
from collections.abc import Callable, Iterable

GROUP = "ranker.plugins"  # of entry points: what an installed package offers

# Done before the first module is imported: a program loads TensorFlow here in its own way, since
# such modules load it.
before_import: list[Callable[[], None]] = []


def import_plugins(modules: Iterable[str]) -> None:
    """Imports the modules named, and those that installed packages offer.

    They are looked for as Python does, and in the working directory. A module is imported once.

    Raises:
      ImportError: for a module that is not there, or that fails, saying which and why.
    """
    _import_installed()
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    for module in modules:
        _import(module)


@functools.cache
def _import_installed() -> None:
    for entry in importlib.metadata.entry_points(group=GROUP):
        _import(entry.value)


def _import(module: str) -> None:
    while before_import:
        before_import.pop()()
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = f"no module {error.name!r}"
        raise ImportError(
            f"{module!r} cannot be imported: {missing}; it is looked for in {os.getcwd()} and "
            "where Python looks (PYTHONPATH)"
        ) from error
    except Exception as error:  # whatever a stranger's module does
        said = " ".join(str(error).split())
        raise ImportError(f"{module!r} fails: {type(error).__name__}: {said}") from error
