"""Ali-CCP (Alibaba Click and Conversion Prediction): click, and click and purchase.

A line of `sample_skeleton_*.csv` is an impression: its number, click, conversion, the key of
what it shares with others, a count, and its features. A line of `common_features_*.csv` is
what impressions share: the key, a count, features. Features stand one after the other with
\\x01 between them, each field \\x02 id \\x03 value.

Source: Ma et al. 2018, "Entire Space Multi-Task Model", arXiv:1804.07931; the fields are those
of the data's page, https://tianchi.aliyun.com/dataset/408.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ranker.datasets.columns import categorical, id_list, numeric
from ranker.datasets.examples import Examples, Inputs
from ranker.datasets.public import clicks
from ranker.datasets.read.file_rows import FileRows
from ranker.datasets.read.text import Format
from ranker.schema import Feature

# By field, the column it becomes: one id a row, 0 where there is none.
_SHARED = {
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
_OWN = {
    "205": "item_id",
    "206": "category",
    "207": "shop",
    "210": "intention",
    "216": "brand",
    "301": "position",
}
# One id a row with its weight: what of the user's past fits the item.
_CROSSED = {
    "508": "user_category",
    "509": "user_shop",
    "702": "user_brand",
    "853": "user_intention",
}
# Lists: what the user met before, by weight.
_PASTS = {
    "109_14": "past_categories",
    "110_14": "past_shops",
    "127_14": "past_brands",
    "150_14": "past_intentions",
}
_LARGEST = 1e6  # of a weight, either way
_SKELETON = Format(("sample_id", "click", "conversion", "common", "count", "features"), ",")
_SKELETON_KINDS = ("text", "int64", "int64", "text", "text", "text")
_COMMON = Format(("common", "count", "features"), ",")
_ENTRY = (
    "^(?P<field>[0-9]{1,6}(?:_[0-9]{1,3})?)\x02(?P<id>[0-9]{1,9})"
    "\x03(?P<value>-?[0-9]{1,9}(?:\\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?)$"
)


class Entries(NamedTuple):
    """Features of N rows, [M]: the row of each, its field as an index in `fields`, id and value."""

    row: np.ndarray
    field: np.ndarray
    id: np.ndarray
    value: np.ndarray
    fields: list[str]

    def of(self, field: str) -> np.ndarray:
        """Returns where the entries of `field` are, int64 [E], in order."""
        if field not in self.fields:
            return np.zeros(0, np.int64)
        return np.flatnonzero(self.field == self.fields.index(field))


class Common(NamedTuple):
    """What impressions share: keys [C], one array [C] a column, and lists."""

    keys: pa.Array
    columns: Mapping[str, pa.Array]


def load(inputs: Inputs) -> Examples:
    """Returns the impressions of the four files.

    Raises:
      DatasetError: naming file, line and value, if a file is missing, empty or damaged, or
        has too many rejected rows.
    """
    longest = inputs.options.history

    def tables(part: str) -> Iterator[pa.Table]:
        common = _read_common(inputs, f"common_features_{part}.csv", longest=longest)
        file = f"sample_skeleton_{part}.csv"
        for block in inputs.rows(file, _SKELETON, _SKELETON_KINDS, check=clicks.keep_labelled):
            _keep_known(block, common)
            yield _table(block, _entries(block), common)

    return clicks.examples_of(_features(longest), tables)


def _keep_known(block: FileRows, common: Common) -> None:
    """Finds the index of each row's key among those shared; rejects the rows without one."""
    keys = block["common"]
    index = pc.index_in(keys, value_set=common.keys)
    block.columns["index"] = index.fill_null(-1).to_numpy().astype(np.int64)
    block.keep(
        block["index"] >= 0,
        "unknown_common",
        problem=lambda i: f"common features {keys[i].as_py()!r:.80} are in no line of their file",
    )


def _read_common(inputs: Inputs, file: str, *, longest: int) -> Common:
    """Returns what impressions share, of lists the `longest` ids of largest weight."""

    def compact(block: FileRows) -> FileRows:
        entries, size = _entries(block), len(block)
        made = {name: _ids(entries, of, size) for of, name in _SHARED.items()}
        made |= {name: _lists(entries, of, size, longest) for of, name in _PASTS.items()}
        block.columns = {"common": block["common"], **made}
        return block

    whole = FileRows.joined(map(compact, inputs.rows(file, _COMMON, ("text",) * 3)))
    whole.keep_first("common", called="")
    whole.rejected.check()
    keys = whole.columns.pop("common")
    return Common(keys, whole.columns)


def _entries(block: FileRows) -> Entries:
    """Returns the features of the rows, and rejects the rows in which one is malformed."""
    lists = pc.split_pattern(block["features"], "\x01")
    flat = lists.flatten()
    found = pc.extract_regex(flat, _ENTRY)
    row = pc.list_parent_indices(lists).to_numpy().astype(np.int64)
    text = pc.if_else(found.is_valid(), found.field("value"), "nan")
    value = text.cast(pa.float64()).to_numpy()
    is_bad = ~(np.abs(value) <= _LARGEST)  # NaN where it is no entry
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
    index = np.cumsum(is_good) - 1
    coded = found.field("field").dictionary_encode()
    return Entries(
        row=index[row[keep]],
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


def _table(block: FileRows, entries: Entries, common: Common) -> pa.Table:
    indices, size = pa.array(block["index"]), len(block)
    columns = {name: values.take(indices) for name, values in common.columns.items()}
    columns |= {name: _ids(entries, field, size) for field, name in (_OWN | _CROSSED).items()}
    columns |= {f"{name}_weight": _weights(entries, of, size) for of, name in _CROSSED.items()}
    return pa.table(columns | clicks.labels(block))


def _features(longest: int) -> tuple[Feature, ...]:
    """Returns what the columns are, in their order; statistics not yet.

    Each list has a vocabulary of its own: nothing says that a category in the user's past
    has the number that it has as an item's.
    """
    return (
        *(categorical(name) for name in (_SHARED | _OWN | _CROSSED).values()),
        *(id_list(name, longest) for name in _PASTS.values()),
        *(numeric(f"{name}_weight", -_LARGEST, _LARGEST) for name in _CROSSED.values()),
    )
