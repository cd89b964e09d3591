"""Values that the model does not know are scored, and told where they are most of a column."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scored_rows import with_column
from tiny_dataset import NUM_USERS

from ranker import serve
from ranker.input import Encoder

pytestmark = pytest.mark.runs


def said(version, table, tmp_path):
    pq.write_table(table, tmp_path / "rows.parquet")
    lines = []
    serve.predict(version, tmp_path / "rows.parquet", tmp_path / "out.parquet", say=lines.append)
    return lines


def test_of_known_values_nothing_is_said(version, table, tmp_path):
    table = with_column(table, "user_id", [1] * len(table))
    assert said(version, table, tmp_path) == []


@pytest.mark.parametrize("batch_rows", [5, 16_384])
def test_columns_that_the_model_does_not_know_are_told(
    version, table, tmp_path, monkeypatch, batch_rows
):
    monkeypatch.setattr("ranker.serve.rows.BATCH_ROWS", batch_rows)
    table = with_column(table, "user_id", [1] * 5 + [NUM_USERS + 9] * 7)  # 58%
    table = with_column(table, "item_id", [1] * 6 + [-7] * 6)  # a half is not told
    table = with_column(table, "genres", pa.array([["DRAMA"]] * 4 + [[]] * 8))
    table = with_column(table, "liked_items", pa.array([[9_999, 9_998, 1] * 4] + [[]] * 11))
    assert said(version, table, tmp_path) == [
        "user_id: 58% of 12 values unknown to the model",
        "genres: all 4 values unknown to the model",
        # Of the first four, which are what the model reads, one is known.
        "liked_items: 75% of 4 values unknown to the model",
    ]


def test_an_empty_column_is_not_unknown(version, table, tmp_path):
    table = with_column(table, "user_id", [1] * len(table))
    table = with_column(table, "genres", pa.array([[]] * len(table), pa.list_(pa.string())))
    assert said(version, table, tmp_path) == []


def test_of_values_that_are_hashed_none_is_unknown(schema, run, table):
    hashed = Encoder(schema, {}, num_buckets=7)
    assert hashed.count_unknown({}) == {}
    raw = {"user_id": [1, 99], "item_id": [1, 2], "gender": ["F", "?"]}
    raw |= {"genres": [["Drama", ""], ["x", "y"]], "liked_items": [[1, -1], [99, 98]]}
    found = {
        name: counts.numpy().tolist() for name, counts in run.encoder.count_unknown(raw).items()
    }
    assert found == {
        "user_id": [2, 1], "item_id": [2, 0], "gender": [2, 1], "genres": [3, 2],
        "liked_items": [3, 2],
    }  # fmt: skip
