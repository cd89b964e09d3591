"""What a table of medians is made of: each round's own number, as CSV.

A program that imports this has `--output=FILE.csv`, to which its numbers are added.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from absl import flags

_OUTPUT = flags.DEFINE_string("output", None, "A CSV file to which each round's numbers are added.")
_COLUMNS = ("part", "name", "round", "figure", "value")


def keep(part: str, numbers: Mapping[str, Sequence[float]], figure: str = "seconds") -> None:
    """Adds a line for each number to the file that `--output` names; nothing without it.

    Args:
      part: of the program: what was timed in turns.
      numbers: by name, those of the rounds 0, 1 and on.
      figure: what they are.
    """
    if _OUTPUT.value:
        add(Path(_OUTPUT.value), part, numbers, figure)


def add(path: Path, part: str, numbers: Mapping[str, Sequence[float]], figure: str) -> None:
    """Adds the lines to `path`, which begins with the columns' names."""
    is_new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(_COLUMNS)
        for name, values in numbers.items():
            for number, value in enumerate(values):
                writer.writerow((part, name, number, figure, f"{value:.6g}"))
