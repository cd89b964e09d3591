"""Census-Income (KDD), from the UCI repository's two files: income and marital status.

There is no user and no item: each row is a person told of once, so both columns are 0
throughout, and a metric by user is the metric. Persons alike in everything are several
persons, and stay.

Source: Lane and Kohavi, "Census-Income (KDD)", UCI Machine Learning Repository, and its
census-income.names; the two tasks are those of Ma et al. 2018, "Modeling Task
Relationships in Multi-task Learning with Multi-gate Mixture-of-Experts", group 1,
https://doi.org/10.1145/3219819.3220007.
"""

import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from ranker.datasets import splits
from ranker.datasets.archives import Files
from ranker.datasets.block import Block
from ranker.datasets.made import Made
from ranker.datasets.options import Options
from ranker.datasets.progress import Progress
from ranker.datasets.refusals import Refusals
from ranker.datasets.text import DelimitedFile, Format, one_line
from ranker.datasets.writing import Writer, conclude
from ranker.schema import Feature, Task

FILES = ("census-income.data", "census-income.test")
LABELS = {
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
_KINDS = {"word": "text", "marital": "text", "income": "text", "code": "int64", "year": "int64"}


def write(name: str, files: Files, folder: Path, *, options: Options, progress: Progress) -> Made:
    """Writes the rows of the two files into `folder`.

    Raises:
      DatasetError: naming file, line and value, if a file is missing, empty or damaged,
        has too many bad rows, or if the split leaves a part without rows.
    """
    refusals = tuple(Refusals(file, max_share=options.max_bad_rows) for file in FILES)
    train, held_out = (_read(files, of_file) for of_file in refusals)
    is_test = np.random.default_rng(options.seed).random(len(held_out)) < 0.5
    tables = (train, held_out.filter(pa.array(~is_test)), held_out.filter(pa.array(is_test)))
    splits.check_sizes([len(table) for table in tables], options)
    progress.stage("write")
    for part, table in zip(splits.NAMES, tables, strict=True):
        with Writer(folder / f"{part}.parquet") as writer:
            writer.write(table)
    progress.stage("vocabularies")
    tasks = [Task(name=task, kind="binary", minimum=0.0, maximum=1.0) for task in LABELS]
    conclude(folder, name, features=_features(), tasks=tasks)
    return Made(refusals, LABELS, num_read=sum(of.num_read for of in refusals))


def _read(files: Files, refusals: Refusals) -> pa.Table:
    """Returns the good rows of one file as they are written."""
    kinds = tuple("float64" if isinstance(k, tuple) else _KINDS.get(k, "float64")
                  for k in _COLUMNS.values())  # fmt: skip
    tables = []
    with files.open(refusals.file) as stream:
        for line, columns in DelimitedFile(stream, _FORM, refusals=refusals).columns(kinds):
            named = dict(zip(_COLUMNS, columns, strict=True))
            tables.append(_table(_checked(Block(named, line, refusals=refusals))))
    refusals.check()
    return pa.concat_tables(tables).sort_by("timestamp")


def _checked(block: Block) -> Block:
    """Tidies the words, and refuses the rows with a value that cannot be."""
    for column, kind in _COLUMNS.items():
        if isinstance(kind, tuple):
            block.keep_between(column, *kind)
        elif kind == "money":
            block.keep_between(column, 0.0, _LARGEST)
        elif kind == "year":
            block.keep_between(column, *_YEARS)
        elif _KINDS.get(kind) == "text":
            coded = block[column].dictionary_encode()
            words = pa.array([one_line(t) for t in coded.dictionary.to_pylist()], pa.string())
            block.columns[column] = words.take(coded.indices)
    for column, allowed in (("marital_status", _MARITAL), ("income", _INCOME)):
        values = block[column]
        block.keep(
            np.isin(values.to_numpy(zero_copy_only=False), allowed),
            "label",
            problem=lambda i, column=column, values=values, allowed=allowed: (
                f"{column} {values[i].as_py()!r:.80} is none of {', '.join(allowed)}"
            ),
        )
    return block


def _table(block: Block) -> pa.Table:
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
    made = [_categorical("user_id", "int64"), _categorical("item_id", "int64")]
    for name, kind in _COLUMNS.items():
        if kind in ("word", "code"):
            made.append(_categorical(name, "string" if kind == "word" else "int64"))
        elif isinstance(kind, tuple):
            low, high = map(float, kind)
            made.append(
                Feature(name=name, kind="numeric", dtype="float32", minimum=low, maximum=high)
            )
        elif kind == "money":
            made.append(
                Feature(
                    name=name,
                    kind="numeric",
                    dtype="float32",
                    log1p=True,
                    minimum=0.0,
                    maximum=_LARGEST,
                )
            )
    return tuple(made)


def _categorical(name: str, dtype: str) -> Feature:
    return Feature(name=name, kind="categorical", dtype=dtype, vocabulary=name)
