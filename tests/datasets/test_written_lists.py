"""Lists of a dictionary are written so that they are read as the lists of text that they are."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ranker.datasets.past.histories import Lists, spelt_out
from ranker.datasets.write.parquet import GROUP_ROWS, Writer

NAMES = pa.array(["one", "two", "", "a word with ümlauts", "five"])


def lists(seed: int, num_rows: int, num_values: int) -> Lists:
    random = np.random.default_rng(seed)
    numbers = pa.array(random.integers(0, len(NAMES), num_values, np.int32))
    starts = random.integers(0, num_values, num_rows)
    lengths = random.integers(0, np.minimum(4, num_values - starts) + 1)
    return Lists(pa.DictionaryArray.from_arrays(numbers, NAMES), starts, lengths)


def expected(of: Lists) -> list[list[str]]:
    values = of.values.to_pylist()
    return [values[a : a + n] for a, n in zip(of.starts, of.lengths, strict=True)]


@pytest.mark.parametrize("num_rows", [1, 3, 500])  # fewer values than the dictionary has, and more
def test_lists_are_copied_with_their_words(num_rows):
    found = lists(num_rows, num_rows, 50)
    copied = found.copied(np.arange(num_rows))
    assert copied.to_pylist() == expected(found)
    assert spelt_out(copied).type == pa.list_(pa.string())
    assert spelt_out(copied).to_pylist() == expected(found)


def test_few_lists_have_a_dictionary_of_their_words_alone():
    found = Lists(pa.DictionaryArray.from_arrays([3, 3, 0], NAMES), np.array([0]), np.array([2]))
    assert found.copied(np.array([0])).values.dictionary.to_pylist() == [NAMES[3].as_py()]


def test_a_file_of_them_is_read_as_text_with_the_same_rows(tmp_path):
    parts = [lists(seed, rows, 2_000) for seed, rows in enumerate((GROUP_ROWS, 5, 70_000))]
    with Writer(tmp_path / "x.parquet") as writer:
        for part in parts:
            every = np.arange(len(part.starts))
            writer.write(pa.table({"words": part.copied(every), "number": every.astype("f4")}))
    with pq.ParquetFile(tmp_path / "x.parquet") as file:
        assert file.schema_arrow.field("words").type == pa.list_(pa.string())
        assert file.schema_arrow.field("number").type == pa.float32()
        chunk = file.metadata.row_group(0).column(0)
        assert chunk.encodings[-1] == "RLE_DICTIONARY"
        assert chunk.has_dictionary_page
        found = file.read()
    assert found["words"].to_pylist() == [row for part in parts for row in expected(part)]
