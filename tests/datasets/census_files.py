"""Writes small files of Census-Income (KDD) in the official format."""

from pathlib import Path

import numpy as np

# One person, as census-income.data has them: a blank before each value, a full stop at the end.
LINE = (
    "62, Private, 43, 23, High school graduate, 0, Not in universe, "
    "Married-civilian spouse present, Education, Adm support including clerical, White, "
    "All other, Female, Not in universe, Not in universe, Full-time schedules, 0, 0, 0, "
    "Joint both under 65, Not in universe, Not in universe, Householder, Householder, 1819.08, "
    "?, ?, ?, Not in universe under 1 year old, ?, 4, Not in universe, United-States, "
    "United-States, United-States, Native- Born in the United States, 0, Not in universe, 2, 52, "
    "95, 50000+."
)
PERSON = LINE.split(", ")
PLACES = {"age": 0, "education": 4, "marital_status": 7, "capital_gains": 16, "weeks": 39}
PLACES |= {"year": 40, "income": 41}


def person(**values: object) -> str:
    """Returns a line with other `values` in some of PLACES."""
    row = list(PERSON)
    for name, value in values.items():
        row[PLACES[name]] = str(value)
    return ", ".join(row) + "\n"


def write_census(folder: Path, *, seed: int = 0, num_rows: int = 20) -> Path:
    """Writes the two files with random persons."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(seed)
    for name in ("census-income.data", "census-income.test"):
        lines = [
            person(
                age=int(random.integers(90)),
                education=random.choice(["11th grade", "Children"]),
                marital_status=random.choice(["Never married", "Divorced"]),
                weeks=int(random.integers(53)),
                year=int(random.integers(94, 96)),
                income=random.choice(["- 50000.", "50000+."]),
            )
            for _ in range(num_rows)
        ]
        (folder / name).write_text("".join(lines))
    return folder
