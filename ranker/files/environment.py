"""What one must know of the machine and of the code to run something again."""

import os
import platform
import resource
import sys
from importlib import metadata

import ranker
from ranker.files.commit import commit

_PACKAGES = ("tensorflow", "tf-keras", "tensorflow-recommenders", "numpy", "pandas", "pyarrow")


def environment(*, seed: int, command: list[str]) -> dict:
    """Returns what one must know to run this again: versions, seed, commit, command."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "seed": seed,
        "version": ranker.__version__,
        "commit": commit(),
        "command": command,
    }


def peak_memory_mb() -> float:
    """Returns the most memory this process has held, in MB of 10^6 bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def _version(package: str) -> str | None:
    """Returns a package's version, of whatever distribution it comes; None if not known.

    Nightly, processor-only and vendors' builds of TensorFlow are distributions of other names.
    """
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        module = sys.modules.get(package.replace("-", "_"))
        return getattr(module, "__version__", None)
