"""A split on disk gives the batches of the same split in memory, and holds little of it."""

import os
import re
import weakref
from concurrent.futures import wait

import numpy as np
import pyarrow.parquet as pq
import pytest
from tiny_dataset import tiny_schema, tiny_table

from ranker import inject
from ranker.input import (
    Encoder,
    ShardStream,
    StoredSplit,
    Stream,
    read_split,
    read_vocabularies,
    split_path,
)
from ranker.input import shards as shards_module

BATCH, SEED, BUFFER = 16, 3, 60
SIZES = ((40, 20), (0, 33), (7,), (50, 50))  # rows of each row group of each shard: 200


@pytest.fixture(scope="module")
def encoder(prepared):
    return Encoder(tiny_schema(), read_vocabularies(prepared, tiny_schema()))


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """A folder of four shards; rows 30 and 120 are bad."""
    table = tiny_table(200, 0)
    count = table["user_count"].to_numpy().copy()
    count[[30, 120]] = np.nan
    table = table.set_column(table.column_names.index("user_count"), "user_count", [count])
    folder, first = tmp_path_factory.mktemp("shards") / "train", 0
    folder.mkdir()
    for number, sizes in enumerate(SIZES):
        with pq.ParquetWriter(folder / f"{number}.parquet", table.schema) as writer:
            for size in sizes:
                writer.write_table(table.slice(first, size))
                first += size
    (folder / ".4.parquet").write_text("half written")
    return folder


@pytest.fixture(scope="module")
def whole(shards, encoder):
    return read_split(shards, tiny_schema(), encoder, known_users=[], max_rejected_rows=0.01)


@pytest.fixture(scope="module")
def stored(shards, encoder):
    return StoredSplit(shards, tiny_schema(), encoder, max_rejected_rows=0.01)


def in_memory(split, **named):
    named = {"batch_size": BATCH, "seed": SEED, "buffer_examples": BUFFER} | named
    return Stream(split, **({"order": "blocks"} | named))


def on_disk(split, **named):
    named = {"batch_size": BATCH, "seed": SEED, "buffer_examples": BUFFER} | named
    return ShardStream(split, **named)


def bits(stack):
    return {
        f"{part}/{name}": (array.dtype, array.shape, array.tobytes())
        for part, arrays in stack._asdict().items()
        for name, array in arrays.items()
    }


def test_both_know_the_same_rows_and_the_same_bad_ones(whole, stored):
    assert len(whole) == len(stored) == 198
    assert whole.rejected_rows == stored.rejected_rows
    assert whole.groups == stored.groups
    assert [group.num_rows for group in stored.groups] == [39, 20, 0, 33, 7, 49, 50]
    assert "2 in user_count (row 30 of 0.parquet, in row group 0: nan " in str(stored.rejected_rows)
    assert stored.rejected_rows.as_json()["violations"][0]["file"] == "0.parquet"


@pytest.mark.parametrize("size", [1, 16, 150, 450])
def test_batches_are_equal_bit_for_bit(size, whole, stored):
    memory, disk = (
        make(split, batch_size=size) for make, split in ((in_memory, whole), (on_disk, stored))
    )
    num = 900 // size  # four epochs and a half
    assert bits(disk.stack(0, num)) == bits(memory.stack(0, num))


@pytest.mark.parametrize("make", [in_memory, on_disk])
def test_the_parts_of_several_workers_are_the_batches_no_row_twice_or_lost(make, whole, stored):
    split = whole if make is in_memory else stored
    every = make(split).stack(3, 20)
    parts = [make(split, part=slice(at, at + 4)).stack(3, 20) for at in range(0, BATCH, 4)]
    for which, arrays in every._asdict().items():
        for name, array in arrays.items():
            joined = np.concatenate([getattr(part, which)[name] for part in parts], axis=1)
            np.testing.assert_array_equal(joined, array)


def test_of_no_batches_both_give_the_same_empty_arrays_and_disk_reads_nothing(
    whole, stored, monkeypatch
):
    monkeypatch.setattr(stored, "read", None)
    disk = on_disk(stored)
    assert bits(disk.stack(5, 0)) == bits(in_memory(whole).stack(5, 0))
    assert bits(in_memory(whole).stack(5, 0))["labels/like"][1] == (0, BATCH)


@pytest.mark.parametrize(
    "named",
    [
        {"order": "time"},
        {"order": "window", "window_examples": 16},
        {"order": "window", "window_examples": 60},
    ],
    ids=str,
)
def test_orders_by_time_are_equal_if_the_rows_lie_so(named, whole, stored, monkeypatch):
    monkeypatch.setattr(shards_module, "_ROWS", 11)  # a row group comes in several tables
    assert stored.is_by_time
    memory, disk = in_memory(whole, **named), on_disk(stored, **named)
    assert bits(disk.stack(0, 40)) == bits(memory.stack(0, 40))
    assert bits(on_disk(stored, **named).stack(17, 3)) == bits(memory.stack(17, 3))


def test_orders_that_a_split_on_disk_cannot_have_are_refused(stored, encoder, tmp_path):
    with pytest.raises(ValueError, match="order 'shuffled' is none of blocks, time, window"):
        on_disk(stored, order="shuffled")
    with pytest.raises(ValueError, match="window_examples is 61, more than the 60 of"):
        on_disk(stored, order="window", window_examples=61)
    table = tiny_table(50, 0)
    pq.write_table(table.take([*range(1, 50), 0]), tmp_path / "x.parquet", row_group_size=49)
    late = StoredSplit(tmp_path / "x.parquet", tiny_schema(), encoder)
    assert not late.is_by_time
    with pytest.raises(ValueError, match=r"x\.parquet: the rows do not lie in order of time"):
        on_disk(late, order="time")


@pytest.mark.parametrize("first", [0, 1, 5, 12, 13, 40])
def test_resuming_at_any_batch_is_equal_and_reads_no_more_than_two_buffers(
    first, whole, stored, monkeypatch
):
    read = []
    original = StoredSplit.read
    monkeypatch.setattr(
        StoredSplit, "read", lambda self, buffer: read.append(buffer) or original(self, buffer)
    )
    stack = on_disk(stored).stack(first, 1)
    assert bits(stack) == bits(in_memory(whole).stack(first, 1))
    assert sum(buffer.num_rows for buffer in read) <= 3 * BUFFER  # it spans two; one is ahead


def test_every_pass_has_every_row_once_and_passes_and_seeds_differ(whole):
    known = np.arange(len(whole), dtype=np.float32)
    whole.rows.labels["row"] = known
    try:
        epochs = in_memory(whole, batch_size=198).stack(0, 3).labels["row"]
        other = in_memory(whole, batch_size=198, seed=SEED + 1).stack(0, 1).labels["row"]
    finally:
        del whole.rows.labels["row"]
    for rows in (*epochs, *other):
        assert sorted(rows) == known.tolist()
        assert (np.diff(rows) != 1).mean() > 0.8  # shuffled
    assert (epochs[0] != epochs[1]).any()
    assert (epochs[0] != other[0]).any()


def test_the_rows_of_a_buffer_come_from_all_of_its_groups(whole):
    # 39 + 20 fill a buffer of 60 as no other two groups of 20 rows or more do.
    order = in_memory(whole)._positions(0)
    ends = np.cumsum([group.num_rows for group in whole.groups])
    groups = np.searchsorted(ends, order, side="right")
    changes = int((np.diff(groups) != 0).sum())
    assert changes > len(whole.groups)


def test_no_more_than_two_buffers_are_held(stored, monkeypatch):
    held, most = weakref.WeakKeyDictionary(), []
    original = StoredSplit.read

    class Rows(np.ndarray):
        __hash__ = object.__hash__
        __eq__ = object.__eq__

    def read(self, buffer):
        rows = original(self, buffer)
        rows.labels["like"] = rows.labels["like"].view(Rows)
        held[rows.labels["like"]] = len(rows.labels["like"])
        most.append(sum(held.values()))
        return rows

    monkeypatch.setattr(StoredSplit, "read", read)
    stream = on_disk(stored)
    for number in range(60):
        stream.stack(number, 1)
        wait(stream._held.values())  # for the next buffer, which makes it the most
    assert BUFFER < max(most) <= 2 * BUFFER


def test_a_repeated_shard_is_repeated_from_disk_too(whole, stored):
    fault = inject.RepeatedShard(batches=4, start=9, stop=15)
    ages = inject.Ages(np.zeros(0, np.int64), np.zeros(0, np.int64))
    changed = inject.Reordering([fault], batch_size=BATCH, ages=ages)
    memory, disk = in_memory(whole, reordering=changed), on_disk(stored, reordering=changed)
    regular = bits(in_memory(whole).stack(0, 20))
    assert bits(memory.stack(0, 20)) != regular
    for first, num in ((0, 9), (7, 9), (11, 9), (11, 0)):
        assert bits(disk.stack(first, num)) == bits(memory.stack(first, num))


def test_a_row_group_larger_than_a_buffer_is_refused_by_both(whole, stored):
    said = re.escape("3.parquet: row group 1 has 50 rows, and data.buffer_examples is 49: raise")
    with pytest.raises(ValueError, match=said):
        on_disk(stored, buffer_examples=49)
    with pytest.raises(ValueError, match=said):
        in_memory(whole, buffer_examples=49)


def test_damage_after_the_start_is_told_with_its_place(encoder, tmp_path):
    path = tmp_path / "x.parquet"
    options = {"row_group_size": 25, "write_page_checksum": True, "compression": None}
    pq.write_table(tiny_table(100, 0), path, **options)
    stream = on_disk(StoredSplit(path, tiny_schema(), encoder))
    column = pq.read_metadata(path).row_group(2).column(8)  # of rating, the last
    first = column.dictionary_page_offset or column.data_page_offset
    data = bytearray(path.read_bytes())
    data[first + column.total_compressed_size - 1] ^= 1
    written = path.stat().st_mtime_ns
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"x\.parquet: changed since the run began; put it back"):
        on_disk(stream._split).stack(0, 7)
    os.utime(path, ns=(written, written))  # as a disk damages it: nobody wrote
    with pytest.raises(ValueError, match=r"x\.parquet: row group 2, column rating, cannot be read"):
        stream.stack(0, 7)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"x\.parquet"):
        on_disk(stream._split).stack(0, 1)


def test_where_a_split_is(tmp_path, encoder):
    assert split_path(tmp_path, "train") == tmp_path / "train.parquet"
    (tmp_path / "train").mkdir()
    assert split_path(tmp_path, "train") == tmp_path / "train"
    with pytest.raises(ValueError, match=r"train: no \*\.parquet in this folder"):
        StoredSplit(tmp_path / "train", tiny_schema(), encoder)
    (tmp_path / "train.parquet").touch()
    with pytest.raises(ValueError, match=r"has both train\.parquet and train/"):
        split_path(tmp_path, "train")
