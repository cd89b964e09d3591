"""Census-Income (KDD), from the UCI repository's two files: income and marital status.

There is no user and no item: each row is a person seen once, so both columns are 0
throughout, and a metric by user is the metric. Persons alike in everything are several
persons, and stay.

Source: Lane and Kohavi, "Census-Income (KDD)", UCI Machine Learning Repository, and its
census-income.names; the two tasks are those of Ma et al. 2018, "Modeling Task
Relationships in Multi-task Learning with Multi-gate Mixture-of-Experts", group 1,
https://doi.org/10.1145/3219819.3220007.
"""

import datetime
from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from ranker.datasets.columns import binary, categorical, numeric
from ranker.datasets.examples import Block, Examples, Inputs
from ranker.datasets.read.file_rows import FileRows
from ranker.datasets.read.text import Format
from ranker.datasets.read.words import one_line
from ranker.datasets.splits import Split
from ranker.schema import Feature

_FILES = {"train": "census-income.data", "test": "census-income.test"}
_LABELS = {
    "income": "1 if the income is 50000+, 0 if it is - 50000",
    "never_married": "1 if the marital status is Never married, else 0",
}
_NEVER = "Never married"
_MARITAL = (
    *(_NEVER, "Married-civilian spouse present", "Married-spouse absent", "Separated"),
    *("Divorced", "Widowed", "Married-A F spouse present"),
)
_INCOME = ("- 50000.", "50000+.")
_YEARS = (94, 95)
_LARGEST = 1e9  # dollars, or cents an hour

# By column, in the order of the file: "word" and "code" are categorical; (lowest, highest) a
# number in that range; "money" one whose logarithm counts; or what else it is.
_COLUMNS: dict[str, str | tuple[float, float]] = {
    "age": (0, 120),
    "class_of_worker": "word",
    "industry_code": "code",
    "occupation_code": "code",
    "education": "word",
    "wage_per_hour": "money",
    "enrolled_last_week": "word",
    "marital_status": "marital",
    "major_industry": "word",
    "major_occupation": "word",
    "race": "word",
    "hispanic_origin": "word",
    "sex": "word",
    "union_member": "word",
    "unemployment_reason": "word",
    "employment_status": "word",
    "capital_gains": "money",
    "capital_losses": "money",
    "dividends": "money",
    "tax_filer_status": "word",
    "previous_region": "word",
    "previous_state": "word",
    "household_status": "word",
    "household_summary": "word",
    "instance_weight": "unused",  # of the survey; census-income.names bids not to use it
    "migration_msa": "word",
    "migration_region": "word",
    "migration_within_region": "word",
    "same_house_last_year": "word",
    "migration_sunbelt": "word",
    "num_persons_of_employer": (0, 6),
    "family_under_18": "word",
    "father_born_in": "word",
    "mother_born_in": "word",
    "born_in": "word",
    "citizenship": "word",
    "self_employed_code": "code",
    "veteran_questionnaire": "word",
    "veteran_benefits_code": "code",
    "weeks_worked": (0, 52),
    "year": "year",
    "income": "income",
}
_FORM = Format(tuple(_COLUMNS), ",")
_TEXTS = ("word", "marital", "income")
_KINDS = {**dict.fromkeys(_TEXTS, "text"), **dict.fromkeys(("code", "year"), "int64")}


def load(inputs: Inputs) -> Examples:
    """Returns the persons of the two files.

    Raises:
      DatasetError: naming file, line and value, if a file is missing, empty or damaged, or
        has too many rejected rows.
    """
    tables = {part: _read(inputs, file) for part, file in _FILES.items()}

    def blocks(split: Split) -> Iterator[Block]:
        return (Block(table, file=part) for part, table in tables.items())

    return Examples(
        features=_features(),
        tasks=[binary(task) for task in _LABELS],
        labels=_LABELS,
        blocks=blocks,
        num_read=sum(of.num_read for of in inputs.rejected),
    )


def _read(inputs: Inputs, file: str) -> pa.Table:
    """Returns the good rows of one file in order of time."""
    kinds = tuple(_KINDS.get(str(kind), "float64") for kind in _COLUMNS.values())
    blocks = inputs.rows(file, _FORM, kinds, check=_check)
    return pa.concat_tables(map(_table, blocks)).sort_by("timestamp")


def _check(block: FileRows) -> None:
    """Tidies the words, and rejects the rows with a value that cannot be."""
    for column, kind in _COLUMNS.items():
        if isinstance(kind, tuple):
            block.keep_between(column, *kind)
        elif kind == "money":
            block.keep_between(column, 0.0, _LARGEST)
        elif kind == "year":
            block.keep_between(column, *_YEARS)
        elif kind in _TEXTS:
            coded = block[column].dictionary_encode()
            words = pa.array([one_line(t) for t in coded.dictionary.to_pylist()], pa.string())
            block.columns[column] = words.take(coded.indices)
    for column, allowed in (("marital_status", _MARITAL), ("income", _INCOME)):
        block.keep_words(column, allowed, reason="label")


def _table(block: FileRows) -> pa.Table:
    nobody = pa.array(np.zeros(len(block), np.int64))
    columns: dict[str, pa.Array] = {"user_id": nobody, "item_id": nobody}
    for feature in _features()[2:]:
        values = block[feature.name]
        if feature.kind == "numeric":
            values = values.astype(np.float32)
        columns[feature.name] = values if isinstance(values, pa.Array) else pa.array(values)
    for task, column, value in (
        ("income", "income", _INCOME[1]),
        ("never_married", "marital_status", _NEVER),
    ):
        is_positive = block[column].to_numpy(zero_copy_only=False) == value
        columns[task] = pa.array(is_positive.astype(np.float32))
    starts = [int(_start(year).timestamp()) for year in _YEARS]
    columns["timestamp"] = pa.array(np.array(starts, np.int64)[block["year"] - _YEARS[0]])
    return pa.table(columns)


def _start(year: int) -> datetime.datetime:
    return datetime.datetime(1900 + year, 1, 1, tzinfo=datetime.UTC)


def _features() -> tuple[Feature, ...]:
    """Returns what the columns are, in their order; statistics not yet."""
    made = [categorical("user_id"), categorical("item_id")]
    for name, kind in _COLUMNS.items():
        if kind in ("word", "code"):
            made.append(categorical(name, "string" if kind == "word" else "int64"))
        elif isinstance(kind, tuple):
            made.append(numeric(name, *map(float, kind)))
        elif kind == "money":
            made.append(numeric(name, 0.0, _LARGEST, log1p=True))
    return tuple(made)
