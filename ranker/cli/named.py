"""Configs by their names: a file of one's own, or one that comes with ranker."""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path

from ranker.cli import programs
from ranker.spec import load
from ranker.spec.run import RunConfig

_PACKAGE = Path(__file__).parents[1]
_SENTENCE = re.compile(r"(.+?(?<!al)[.?])(?: |$)")  # "et al." ends none


def find(name: str) -> Path:
    """Returns the file that --config=`name` means.

    A path is itself. A bare name is the file of that name in the current folder, with or
    without ".toml"; else the config of that name that is shipped with ranker.

    Raises:
      ValueError: for a bare name that is neither, with the nearest; for a path where nothing
        is, if a config of its name is shipped.
    """
    path = Path(name)
    if len(path.parts) != 1:
        if path.stem in shipped() and not path.exists():
            raise ValueError(
                f"--config={name}: no such file; the one that is shipped is --config={path.stem}"
            )
        return path
    for own in (path, Path(f"{name}.toml")):
        if own.exists() and not own.is_dir():
            return own
    if found := shipped().get(name.removesuffix(".toml")):
        return found
    raise ValueError(
        f"--config={name}: no such file, and none of that name is shipped{nearest(name)}"
    )


def run_of(job: str, name: str, overrides: Sequence[str]) -> RunConfig:
    """Returns the settings of the run that the file `job` names, with what it sets.

    Raises:
      ValueError: in a sentence that begins with the file, not with a flag.
    """
    try:
        return load.load(find(name), overrides, RunConfig)
    except ValueError as error:
        said = re.sub(r"^--(config|set)=", r"\1: ", str(error))
        raise ValueError(said if said == str(error) else f"{job}: {said}") from error


def shipped() -> dict[str, Path]:
    """Returns the configs by name, which lie in the package or, in a checkout, beside it."""
    inside = _PACKAGE / "configs"
    folder = inside if inside.is_dir() else _PACKAGE.parent / "configs"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def nearest(name: str) -> str:
    """Returns what to say of a name that there is none of."""
    own = {path.stem: path for path in Path().glob("*.toml")}
    near = difflib.get_close_matches(name.removesuffix(".toml"), [*own, *shipped()], n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"; {hint}{' '.join(programs.words('configs'))} lists them"


def question(path: Path) -> str:
    """Returns the first sentence of a config's first comment."""
    lines = path.read_text("utf-8").splitlines()
    end = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    said = " ".join(line.lstrip("# ") for line in lines[:end])
    found = _SENTENCE.match(said)
    return found[1] if found else said
