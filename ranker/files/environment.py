"""What one must know of the machine and of the code to run something again."""

import os
import platform
import resource
import subprocess
import sys
from importlib import metadata
from pathlib import Path

_PACKAGES = ("tensorflow", "tf-keras", "tensorflow-recommenders", "numpy", "pandas", "pyarrow")


def environment(*, seed: int, command: list[str]) -> dict:
    """Returns what one must know to run this again: versions, seed, commit, command."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "seed": seed,
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


def commit() -> str | None:
    """Returns the commit of the code, or None outside a checkout or without git."""
    try:
        git = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return git.stdout.strip() if git.returncode == 0 else None
