"""AliExpress' search logs of five countries: click, and click and purchase.

Two layouts are read. The published one has a file of search result pages and a file of
the items on them, without headers, joined by the number of the page in the first column of
both; the label is 0 shown, 1 clicked, 2 clicked and bought. The joined one, `train.csv` and
`test.csv` with a header, is what most multitask benchmarks pass on: the same columns, named
categorical_1 to 16 and numerical_1 to 63. Both give the same rows.

Source: the page of the data, https://tianchi.aliyun.com/dataset/74690, for the files and
what a row of each is; which columns are categorical, from the joined files' own headers.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from ranker.datasets.columns import categorical, numeric
from ranker.datasets.examples import Examples, Inputs
from ranker.datasets.public import clicks
from ranker.datasets.read.file_rows import FileRows
from ranker.datasets.read.text import Format
from ranker.schema import Feature

CATEGORICAL = tuple(f"categorical_{i}" for i in range(1, 17))
NUMERICAL = tuple(f"numerical_{i}" for i in range(1, 64))
JOINED = ("search_id", *CATEGORICAL, *NUMERICAL, "click", "conversion")
_LARGEST = 1e6  # either way; every number seen is from 0 to 1

# Where a column of the joined layout stands in the published files, counted from 1.
_PAGE_CATEGORICAL = (*range(2, 9), 32, 33)
_PAGE_NUMERICAL = tuple(range(9, 32))
_ITEM_CATEGORICAL = (19, 34, 35, 36, 40, 41, 42)
_ITEM_NUMERICAL = tuple(i for i in range(2, 49) if i not in _ITEM_CATEGORICAL)
_PAGE_WIDTH, _ITEM_WIDTH = 33, 49


def load(inputs: Inputs) -> Examples:
    """Returns the rows of the country in the dataset's name.

    Raises:
      DatasetError: naming file, line and value, if a file is missing, empty or damaged, or
        has too many rejected rows.
    """
    read = _joined if "train.csv" in inputs.files else _published
    return clicks.examples_of(_features(), lambda part: map(_table, read(inputs, part)))


def _joined(inputs: Inputs, part: str) -> Iterator[FileRows]:
    """Yields the rows of the joined layout."""
    kinds = ("int64",) * 17 + ("float64",) * 63 + ("int64",) * 2
    for block in inputs.rows(f"{part}.csv", Format(JOINED, ",", header=JOINED), kinds):
        clicks.keep_labelled(block)
        _keep_in_range(block)
        yield block


def _published(inputs: Inputs, part: str) -> Iterator[FileRows]:
    """Yields the rows of the published layout, each item with the page that it is on."""
    country = inputs.name.removeprefix("aliexpress-")
    page_file = f"{country}_user_{part}.csv"
    pages = _read_pages(inputs, page_file)
    names = _names(_ITEM_WIDTH, _ITEM_CATEGORICAL, CATEGORICAL[9:], _ITEM_NUMERICAL, NUMERICAL[23:])
    names[-1] = "label"
    for block in _blocks(inputs, f"{country}_item_{part}.csv", names):
        block.keep_between("label", 0, 2, reason="label")
        block.keep_known("page", pages["page"], file=page_file, reason="unknown_page")
        index = np.searchsorted(pages["page"], block["page"])
        block.columns |= {name: values[index] for name, values in pages.items()}
        block.columns["click"] = (block["label"] >= 1).astype(np.int64)
        block.columns["conversion"] = (block["label"] == 2).astype(np.int64)
        yield block


def _read_pages(inputs: Inputs, file: str) -> dict[str, np.ndarray]:
    """Returns the columns of the search result pages, in order of their numbers."""
    names = _names(_PAGE_WIDTH, _PAGE_CATEGORICAL, CATEGORICAL, _PAGE_NUMERICAL, NUMERICAL)

    def compact(block: FileRows) -> FileRows:  # now: all pages are held
        for name in names[1:]:
            kind = np.float32 if name in NUMERICAL else np.int32
            block.columns[name] = block[name].astype(kind)
        return block

    whole = FileRows.joined(map(compact, _blocks(inputs, file, names)))
    whole.keep_first("page")
    whole.rejected.check()
    order = np.argsort(whole["page"], kind="stable")
    return {name: whole[name][order] for name in names}


def _blocks(inputs: Inputs, file: str, names: Sequence[str]) -> Iterator[FileRows]:
    """Returns the rows of a published file, its codes and numbers in their ranges."""
    kinds = tuple("float64" if name in NUMERICAL else "int64" for name in names)
    return inputs.rows(file, Format(tuple(names), ","), kinds, check=_keep_in_range)


def _keep_in_range(block: FileRows) -> None:
    for names, lowest, highest in (
        (NUMERICAL, -_LARGEST, _LARGEST),
        (CATEGORICAL, -(2**31), 2**31 - 1),
    ):
        for name in names:
            if name in block.columns:
                block.keep_between(name, lowest, highest)


def _names(
    width: int,
    categorical: Sequence[int],
    categorical_names: Sequence[str],
    numerical: Sequence[int],
    numerical_names: Sequence[str],
) -> list[str]:
    """Returns what the columns of a published file are called, the first `page`."""
    names = ["page"] + [""] * (width - 1)
    for indices, given in ((categorical, categorical_names), (numerical, numerical_names)):
        for index, name in zip(indices, given, strict=False):
            names[index - 1] = name
    return names


def _table(block: FileRows) -> pa.Table:
    nobody = pa.array(np.zeros(len(block), np.int64))
    columns = {"user_id": nobody, "item_id": nobody}
    columns |= {name: pa.array(block[name].astype(np.int64)) for name in CATEGORICAL}
    columns |= {name: pa.array(block[name].astype(np.float32)) for name in NUMERICAL}
    return pa.table(columns | clicks.labels(block))


def _features() -> tuple[Feature, ...]:
    """Returns what the columns are, in their order; statistics not yet."""
    return (
        *(categorical(name) for name in ("user_id", "item_id", *CATEGORICAL)),
        *(numeric(name, -_LARGEST, _LARGEST) for name in NUMERICAL),
    )
