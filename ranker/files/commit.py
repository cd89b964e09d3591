"""Which commit the code is of: that of the package, wherever one stands."""

import os
import subprocess
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
RECORDED = "commit.txt"  # in the package: what the build of a wheel or an sdist wrote down
UNKNOWN = "unknown"
_PROJECT = 'name = "ranker-trainer"'  # in pyproject.toml of a checkout of ours


def commit(package: Path = PACKAGE) -> str:
    """Returns the commit, 40 hexadecimal digits, with "-dirty" if files differed from it.

    It is what the build recorded, else that of the checkout in which `package` stands, else
    "unknown". The repository of the working directory is never asked.
    """
    recorded = package / RECORDED
    if recorded.is_file():
        return recorded.read_text("utf-8").strip() or UNKNOWN
    return of_checkout(package.parent) or UNKNOWN


def of_checkout(root: Path) -> str:
    """Returns the commit of the checkout `root`; "" if it is none of ours, or without git."""
    project = root / "pyproject.toml"
    if not (root / ".git").exists() or not project.is_file():
        return ""
    if _PROJECT not in project.read_text("utf-8").splitlines():
        return ""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
            cwd=root,
            # Within a hook of another repository, GIT_DIR would name that one.
            env={name: v for name, v in os.environ.items() if not name.startswith("GIT_")},
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
