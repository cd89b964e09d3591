"""What is known of the rows so far beside the tables of the past: past/state.json."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ranker import files, json_text

FOLDER, STATE = "past", "state.json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known beside the tables.

    Attributes:
      until: microseconds of the last row that the past knows, -1 if it knows none.
      knows: "all" or "train", whose rows it knows.
      types: as which ids are read, as `plan.types_of` says.
      borders: by feature, what `Forward` learnt of the training rows, float32 [V].
      origins: SHA-256 of the training rows of the data that it went on from, the latest first.
    """

    until: int
    knows: str
    types: Mapping[str, str]
    borders: Mapping[str, np.ndarray]
    origins: tuple[str, ...]


def write_facts(folder: Path, facts: Facts) -> None:
    """Writes past/state.json into `folder`."""
    said = dataclasses.asdict(facts)
    said["borders"] = {name: values.tolist() for name, values in facts.borders.items()}
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    files.write_text(folder / FOLDER / STATE, json.dumps(said, indent=2) + "\n")


def read_facts(folder: Path) -> Facts:
    """Returns what `write_facts` wrote.

    Raises:
      OSError, ValueError, TypeError: if there is none, or it is damaged.
    """
    said = json_text.parse((folder / FOLDER / STATE).read_text("utf-8"))
    said["borders"] = {n: np.array(v, np.float32) for n, v in said["borders"].items()}
    return Facts(**said | {"origins": tuple(said["origins"])})
