"""Ali-CCP (Alibaba Click and Conversion Prediction): click, and click and purchase.

A line of `sample_skeleton_*.csv` is an impression: its number, click, conversion, the key of
what it shares with others, a count, and its features. A line of `common_features_*.csv` is
what impressions share: the key, a count, features. Features stand one after the other with
\\x01 between them, each field \\x02 id \\x03 value.

Source: Ma et al. 2018, "Entire Space Multi-Task Model", arXiv:1804.07931; the fields are those
of the data's page, https://tianchi.aliyun.com/dataset/408.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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

# By field, the column it becomes: one id a row, 0 where there is none.
SHARED = {
    "101": "user_id",
    "121": "profile",
    "122": "profile_group",
    "124": "gender",
    "125": "age",
    "126": "consumption_1",
    "127": "consumption_2",
    "128": "is_employed",
    "129": "geography",
}
OWN = {
    "205": "item_id",
    "206": "category",
    "207": "shop",
    "210": "intention",
    "216": "brand",
    "301": "position",
}
# One id a row with its weight: what of the user's past fits the item.
CROSSED = {
    "508": "user_category",
    "509": "user_shop",
    "702": "user_brand",
    "853": "user_intention",
}
# Lists: what the user met before, by weight.
PASTS = {
    "109_14": "past_categories",
    "110_14": "past_shops",
    "127_14": "past_brands",
    "150_14": "past_intentions",
}
LARGEST = 1e6  # of a weight, either way
_SKELETON = Format(("sample_id", "click", "conversion", "common", "count", "features"), ",")
_SKELETON_KINDS = ("text", "int64", "int64", "text", "text", "text")
_COMMON = Format(("common", "count", "features"), ",")
_ENTRY = (
    "^(?P<field>[0-9]{1,6}(?:_[0-9]{1,3})?)\x02(?P<id>[0-9]{1,9})"
    "\x03(?P<value>-?[0-9]{1,9}(?:\\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?)$"
)


class Entries(NamedTuple):
    """Features of N rows, [M]: the row of each, its field as a place in `fields`, id and value."""

    row: np.ndarray
    field: np.ndarray
    id: np.ndarray
    value: np.ndarray
    fields: list[str]

    def of(self, field: str) -> np.ndarray:
        """Returns where the entries of `field` are, in order. [m]"""
        if field not in self.fields:
            return np.zeros(0, np.int64)
        return np.flatnonzero(self.field == self.fields.index(field))


class Common(NamedTuple):
    """What impressions share: keys [C], one array [C] a column, and lists."""

    keys: pa.Array
    columns: Mapping[str, pa.Array]


def write(name: str, files: Files, folder: Path, *, options: Options, progress: Progress) -> Made:
    """Writes the impressions of the four files into `folder`.

    Raises:
      DatasetError: naming file, line and value, if a file is missing, empty or damaged, or
        has too many bad rows; or if a part is left without rows.
    """
    all_refusals: list[Refusals] = []

    def tables(part: str) -> Iterator[pa.Table]:
        names = (f"common_features_{part}.csv", f"sample_skeleton_{part}.csv")
        refusals = [Refusals(file, max_share=options.max_bad_rows) for file in names]
        all_refusals.extend(refusals)
        common = _read_common(files, refusals[0], longest=options.history)
        yield from _read_skeleton(files, refusals[1], common)

    published.write_parts(folder, tables, options=options)
    progress.stage("vocabularies")
    conclude(folder, name, features=_features(options.history), tasks=published.tasks())
    return Made(tuple(all_refusals), published.LABELS)


def _read_skeleton(files: Files, refusals: Refusals, common: Common) -> Iterator[pa.Table]:
    with files.open(refusals.file) as stream:
        file = DelimitedFile(stream, _SKELETON, refusals=refusals)
        for line, columns in file.columns(_SKELETON_KINDS):
            named = dict(zip(_SKELETON.columns, columns, strict=True))
            block = Block(named, line, refusals=refusals)
            published.keep_labelled(block, "click", "conversion")
            place = pc.index_in(block["common"], value_set=common.keys)
            keys = block["common"]
            block.columns["place"] = place.fill_null(-1).to_numpy().astype(np.int64)
            block.keep(
                block["place"] >= 0,
                "unknown_common",
                problem=lambda i, keys=keys: (
                    f"common features {keys[i].as_py()!r:.80} are in no line of their file"
                ),
            )
            yield _table(block, _entries(block), common)
    refusals.check()


def _read_common(files: Files, refusals: Refusals, *, longest: int) -> Common:
    """Returns what impressions share, of lists the `longest` ids of largest weight."""
    keys, parts, lines = [], [], []
    with files.open(refusals.file) as stream:
        for line, columns in DelimitedFile(stream, _COMMON, refusals=refusals).columns(
            ("text", "text", "text")
        ):
            named = dict(zip(_COMMON.columns, columns, strict=True))
            block = Block(named, line, refusals=refusals)
            entries = _entries(block)
            made = {name: _ids(entries, of, len(block)) for of, name in SHARED.items()}
            made |= {name: _lists(entries, of, len(block), longest) for of, name in PASTS.items()}
            keys.append(block["common"])
            lines.append(block.line)
            parts.append(pa.table(made))
    refusals.check()
    table = pa.concat_tables(parts).combine_chunks()
    whole = Block(
        {"common": pa.chunked_array(keys).combine_chunks(), "row": np.arange(len(table))},
        np.concatenate(lines),
        refusals=refusals,
    )
    return _without_repeats(whole, table, refusals)


def _without_repeats(whole: Block, table: pa.Table, refusals: Refusals) -> Common:
    coded = whole["common"].dictionary_encode().indices.to_numpy()
    is_first = np.zeros(len(coded), bool)
    is_first[np.unique(coded, return_index=True)[1]] = True
    keys = whole["common"]
    whole.keep(
        is_first,
        "duplicate",
        problem=lambda i: f"{keys[i].as_py()!r:.80} stands on an earlier line",
    )
    refusals.check()
    kept = table.take(pa.array(whole["row"]))
    return Common(whole["common"], {n: kept[n].combine_chunks() for n in kept.column_names})


def _entries(block: Block) -> Entries:
    """Returns the features of the rows, and refuses the rows in which one is malformed."""
    lists = pc.split_pattern(block["features"], "\x01")
    flat = lists.flatten()
    found = pc.extract_regex(flat, _ENTRY)
    row = pc.list_parent_indices(lists).to_numpy().astype(np.int64)
    text = pc.if_else(found.is_valid(), found.field("value"), "nan")
    value = text.cast(pa.float64()).to_numpy()
    is_bad = ~(np.abs(value) <= LARGEST)  # NaN where it is no entry
    is_good = np.ones(len(block), bool)
    is_good[row[is_bad]] = False
    texts = block["features"]
    block.keep(
        is_good,
        "features",
        problem=lambda i: (
            f"features {texts[i].as_py()!r:.80}: not field, id and value (to 1e6) each"
        ),
    )
    keep = is_good[row]
    found, value = found.filter(pa.array(keep)), value[keep]
    place = np.cumsum(is_good) - 1
    coded = found.field("field").dictionary_encode()
    return Entries(
        row=place[row[keep]],
        field=coded.indices.to_numpy(),
        id=found.field("id").cast(pa.int64()).to_numpy(),
        value=value,
        fields=coded.dictionary.to_pylist(),
    )


def _ids(entries: Entries, field: str, num_rows: int) -> pa.Array:
    """Returns each row's id of `field`, the last if there are several, 0 if there is none."""
    return pa.array(_last(entries.id, entries, field, num_rows, np.int64))


def _weights(entries: Entries, field: str, num_rows: int) -> pa.Array:
    """Returns the value beside each row's id of `field`, 0 if there is none."""
    return pa.array(_last(entries.value, entries, field, num_rows, np.float32))


def _last(
    values: np.ndarray, entries: Entries, field: str, num_rows: int, kind: type
) -> np.ndarray:
    made = np.zeros(num_rows, kind)
    where = entries.of(field)
    made[entries.row[where]] = values[where]  # of several the last stays
    return made


def _lists(entries: Entries, field: str, num_rows: int, longest: int) -> pa.Array:
    """Returns each row's ids of `field`, by weight, ties as they stand; at most `longest`."""
    where = entries.of(field)
    row, ids, value = entries.row[where], entries.id[where], entries.value[where]
    order = np.lexsort([-value, row])
    row, ids = row[order], ids[order]
    sizes = np.bincount(row, minlength=num_rows)
    rank = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    kept = np.minimum(sizes, longest)
    offsets = np.concatenate([[0], np.cumsum(kept)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(ids[rank < longest], pa.int64()))


def _table(block: Block, entries: Entries, common: Common) -> pa.Table:
    places, size = pa.array(block["place"]), len(block)
    columns = {name: values.take(places) for name, values in common.columns.items()}
    columns |= {name: _ids(entries, field, size) for field, name in (OWN | CROSSED).items()}
    columns |= {f"{name}_weight": _weights(entries, field, size) for field, name in CROSSED.items()}
    columns |= published.labels(block["click"], block["conversion"])
    columns["timestamp"] = pa.array(np.zeros(size, np.int64))
    names = [feature.name for feature in _features(1)]
    return pa.table({name: columns[name] for name in (*names, *published.LABELS, "timestamp")})


def _features(longest: int) -> tuple[Feature, ...]:
    """Returns what the columns are, in their order; statistics not yet.

    Each list has a vocabulary of its own: nothing says that a category in the user's past
    has the number that it has as an item's.
    """
    return (
        *(published.categorical(name) for name in (SHARED | OWN | CROSSED).values()),
        *(
            Feature(
                name=name,
                kind="categorical",
                dtype="int64",
                vocabulary=name,
                is_multivalued=True,
                max_length=longest,
            )
            for name in PASTS.values()
        ),
        *(
            Feature(
                name=f"{name}_weight",
                kind="numeric",
                dtype="float32",
                minimum=-LARGEST,
                maximum=LARGEST,
            )
            for name in CROSSED.values()
        ),
    )
