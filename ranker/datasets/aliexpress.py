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
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from ranker.datasets import published
from ranker.datasets.archives import Files
from ranker.datasets.block import Block
from ranker.datasets.made import Made
from ranker.datasets.options import Options
from ranker.datasets.progress import Progress
from ranker.datasets.refusals import Refusals
from ranker.datasets.text import DelimitedFile, Format
from ranker.datasets.writing import conclude
from ranker.schema import Feature

CATEGORICAL = tuple(f"categorical_{i}" for i in range(1, 17))
NUMERICAL = tuple(f"numerical_{i}" for i in range(1, 64))
JOINED = ("search_id", *CATEGORICAL, *NUMERICAL, "click", "conversion")
LARGEST = 1e6  # either way; every number seen is from 0 to 1

# Where a column of the joined layout stands in the published files, counted from 1.
_PAGE_CATEGORICAL = (*range(2, 9), 32, 33)
_PAGE_NUMERICAL = tuple(range(9, 32))
_ITEM_CATEGORICAL = (19, 34, 35, 36, 40, 41, 42)
_ITEM_NUMERICAL = tuple(i for i in range(2, 49) if i not in _ITEM_CATEGORICAL)
_PAGE_WIDTH, _ITEM_WIDTH = 33, 49


def write(name: str, files: Files, folder: Path, *, options: Options, progress: Progress) -> Made:
    """Writes the rows of the country in `name` into `folder`.

    Raises:
      DatasetError: naming file, line and value, if a file is missing, empty or damaged, or
        has too many bad rows; or if a part is left without rows.
    """
    all_refusals: list[Refusals] = []

    def refusals_of(file: str) -> Refusals:
        all_refusals.append(Refusals(file, max_share=options.max_bad_rows))
        return all_refusals[-1]

    country = name.removeprefix("aliexpress-")
    read = _joined if "train.csv" in files else partial(_published, country=country)
    published.write_parts(
        folder, lambda part: map(_table, read(files, part, refusals_of)), options=options
    )
    progress.stage("vocabularies")
    conclude(folder, name, features=_features(), tasks=published.tasks())
    return Made(tuple(all_refusals), published.LABELS)


def _joined(files: Files, part: str, refusals_of) -> Iterator[Block]:
    """Yields the rows of the joined layout."""
    refusals = refusals_of(f"{part}.csv")
    kinds = ("int64",) * 17 + ("float64",) * 63 + ("int64",) * 2
    with files.open(refusals.file) as stream:
        form = Format(JOINED, ",", header=JOINED)
        for line, columns in DelimitedFile(stream, form, refusals=refusals).columns(kinds):
            block = Block(dict(zip(JOINED, columns, strict=True)), line, refusals=refusals)
            published.keep_labelled(block, "click", "conversion")
            yield _in_range(block, NUMERICAL)
    refusals.check()


def _published(files: Files, part: str, refusals_of, *, country: str) -> Iterator[Block]:
    """Yields the rows of the published layout, each item with the page that it is on."""
    pages = _read_pages(files, refusals_of(f"{country}_user_{part}.csv"))
    refusals = refusals_of(f"{country}_item_{part}.csv")
    page_file = f"{country}_user_{part}.csv"
    names = _names(_ITEM_WIDTH, _ITEM_CATEGORICAL, CATEGORICAL[9:], _ITEM_NUMERICAL, NUMERICAL[23:])
    names[-1] = "label"
    for block in _blocks(files, names, refusals):
        block.keep_between("label", 0, 2, reason="label")
        block.keep_known("page", pages["page"], file=page_file, reason="unknown_page")
        place = np.searchsorted(pages["page"], block["page"])
        block.columns |= {name: values[place] for name, values in pages.items()}
        block.columns["click"] = (block["label"] >= 1).astype(np.int64)
        block.columns["conversion"] = (block["label"] == 2).astype(np.int64)
        yield block
    refusals.check()


def _read_pages(files: Files, refusals: Refusals) -> dict[str, np.ndarray]:
    """Returns the columns of the search result pages, in order of their numbers."""
    names = _names(_PAGE_WIDTH, _PAGE_CATEGORICAL, CATEGORICAL, _PAGE_NUMERICAL, NUMERICAL)
    blocks = []
    for block in _blocks(files, names, refusals):
        for name in names[1:]:
            kind = np.float32 if name in NUMERICAL else np.int32
            block.columns[name] = block[name].astype(kind)  # now: all pages are held
        blocks.append(block)
    refusals.check()
    whole = Block(
        {name: np.concatenate([block[name] for block in blocks]) for name in names},
        np.concatenate([block.line for block in blocks]),
        refusals=refusals,
    )
    page = whole["page"]
    is_first = np.zeros(len(page), bool)
    is_first[np.unique(page, return_index=True)[1]] = True
    whole.keep(is_first, "duplicate", problem=lambda i: f"page {page[i]} stands on an earlier line")
    refusals.check()
    order = np.argsort(whole["page"], kind="stable")
    return {name: whole[name][order] for name in names}


def _blocks(files: Files, names: list[str], refusals: Refusals) -> Iterator[Block]:
    """Yields the rows of a published file, its codes and numbers in their ranges."""
    kinds = tuple("float64" if name in NUMERICAL else "int64" for name in names)
    with files.open(refusals.file) as stream:
        file = DelimitedFile(stream, Format(tuple(names), ","), refusals=refusals)
        for line, columns in file.columns(kinds):
            block = Block(dict(zip(names, columns, strict=True)), line, refusals=refusals)
            yield _in_range(block, [name for name in names if name in NUMERICAL])


def _in_range(block: Block, numbers: Sequence[str]) -> Block:
    for name in numbers:
        block.keep_between(name, -LARGEST, LARGEST)
    for name in CATEGORICAL:
        if name in block.columns:
            block.keep_between(name, -(2**31), 2**31 - 1)
    return block


def _names(
    width: int,
    categorical: Sequence[int],
    categorical_names: Sequence[str],
    numerical: Sequence[int],
    numerical_names: Sequence[str],
) -> list[str]:
    """Returns what the columns of a published file are called, the first `page`."""
    names = ["page"] + [""] * (width - 1)
    for places, given in ((categorical, categorical_names), (numerical, numerical_names)):
        for place, name in zip(places, given, strict=False):
            names[place - 1] = name
    return names


def _table(block: Block) -> pa.Table:
    nothing = pa.array(np.zeros(len(block), np.int64))
    columns = {"user_id": nothing, "item_id": nothing}
    columns |= {name: pa.array(block[name].astype(np.int64)) for name in CATEGORICAL}
    columns |= {name: pa.array(block[name].astype(np.float32)) for name in NUMERICAL}
    columns |= published.labels(block["click"], block["conversion"])
    return pa.table({**columns, "timestamp": nothing})


def _features() -> tuple[Feature, ...]:
    """Returns what the columns are, in their order; statistics not yet."""
    return (
        *(published.categorical(name) for name in ("user_id", "item_id", *CATEGORICAL)),
        *(
            Feature(name=name, kind="numeric", dtype="float32", minimum=-LARGEST, maximum=LARGEST)
            for name in NUMERICAL
        ),
    )
