"""From a file to prepared rows by the spec that describe writes, unedited."""

from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from described_tables import bandit_log, games, impressions, reviews

from ranker.datasets import Options, prepare
from ranker.datasets.describe.description import Asked, describe
from ranker.datasets.describe.writing import spec_of
from ranker.input import check_split
from ranker.schema import read_schema

PARTS = ("train", "validation", "test")


def prepared(path, out):
    """Returns the schema and all rows that are prepared of a described file."""
    spec = path.parent / "spec.toml"
    spec.write_text(spec_of(describe([str(path)], Asked(), now=1.8e9)), "utf-8")
    prepare("table", out, options=Options(spec=spec))
    schema = read_schema(out / "schema.toml")
    for part in PARTS:
        assert check_split(out / f"{part}.parquet", schema).num_rejected == 0
    return schema, pa.concat_tables([pq.read_table(out / f"{part}.parquet") for part in PARTS])


MADE = {
    "impressions": (impressions, "log.parquet", ["click", "purchase", "dwell_seconds"]),
    "reviews": (reviews, "r.csv", ["Rating", "Recommended IND", "Positive Feedback Count"]),
    "bandit_log": (bandit_log, "all.csv", ["click"]),
    "games": (partial(games, has_header=False), "steam.csv", ["play", "column_4"]),
}


@pytest.mark.parametrize("name", MADE)
def test_what_is_written_prepares_as_it_stands(tmp_path, name):
    make, file, tasks = MADE[name]
    schema, rows = prepared(make(tmp_path / file, num_rows=600), tmp_path / "out")
    assert [task.name for task in schema.tasks] == tasks
    assert len(rows) == 600
