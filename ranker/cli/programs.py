"""Which programs there are, and how a person types one: as `ranker train`, or in a checkout."""

import re
import sys
from importlib.util import find_spec

# Each is a module of this package, found when it is asked for. In the order of their use.
PROGRAMS = {
    "describe": "look at a table of your own, and propose how to prepare it",
    "prepare": "raw files to checked Parquet",
    "train": "train a model, or go on with a run; evaluates and exports",
    "nightly": "a job for every night: train on, judge, publish or refuse",
    "report": "a page on a run: curves, interventions, metrics",
    "evaluate": "metrics of a run's best checkpoint on a split",
    "predict": "score the rows of a file with an exported model",
    "export": "one more SavedModel of a run",
    "replay": "try a refused attempt again, and show what went bad first",
    "compare": "safeguards by learning rates, faults and seeds, and a report",
    "settings": "what can be set, with bounds and defaults",
    "configs": "the configs that are shipped, with their questions",
}
_COMMAND = re.compile(rf"\branker ({'|'.join(PROGRAMS)})\b")


def present() -> dict[str, str]:
    """Returns the programs that are there, each with what it is for."""
    return {name: of for name, of in PROGRAMS.items() if find_spec(f"ranker.cli.{name}")}


def words(name: str) -> list[str]:
    """Returns the words by which the program `name` is started: as this process was."""
    main = getattr(sys.modules.get("__main__"), "__spec__", None)
    in_checkout = main is not None and main.name.startswith(("pipelines.", "benchmarks."))
    return ["python", "-m", f"pipelines.{name}"] if in_checkout else ["ranker", name]


def as_typed(text: str) -> str:
    """Returns `text` with each command in it, such as "ranker train", as it is typed here."""
    return _COMMAND.sub(lambda found: " ".join(words(found[1])), text)
