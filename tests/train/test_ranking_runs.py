"""Ranking metrics in a whole run: as a monitor, in RESULT.json, and by request."""

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small_jobs

from ranker import wiring
from ranker.schema import read_schema, write_schema

pytestmark = pytest.mark.runs

METRICS = "metrics=[{kind='ndcg', k=3}, {kind='mrr', by='request'}, {kind='recall', k=2}]"


@pytest.fixture
def with_requests(prepared, tmp_path):
    """Returns a copy of the prepared data that says which five rows were shown together."""
    folder = tmp_path / "data"
    shutil.copytree(prepared, folder)
    for path in folder.glob("*.parquet"):
        table = pq.read_table(path)
        shown = pa.array(np.arange(len(table)) // 5)
        pq.write_table(table.append_column("shown", shown), path)
    schema = read_schema(folder / "schema.toml")
    object.__setattr__(schema, "request", "shown")
    write_schema(schema, folder / "schema.toml")
    return folder


def read(folder, tmp_path, *overrides):
    text = small_jobs.SMALL + small_jobs.MODEL
    path = small_jobs.write_settings(tmp_path / "run.toml", text, folder)
    return small_jobs.read_settings(path, *overrides)


def test_a_run_is_chosen_by_one_and_has_all_in_its_result(with_requests, tmp_path):
    config = read(
        with_requests, tmp_path, METRICS, "train.monitor='like.ndcg@3'", "train.max_attempts=6"
    )
    result = small_jobs.run(config, tmp_path / "run")
    assert result["status"] == "completed"
    for split in ("validation", "test"):
        found = result["metrics"][split]["like"]
        for name in ("ndcg@3", "mrr_by_request", "recall@2"):
            assert 0 < found[name] < 1
        assert "ndcg@3" not in result["metrics"][split]["rating"]
    last = small_jobs.logs(tmp_path / "run")["metrics.jsonl"][-1]
    assert "ndcg@3" in last["validation"]["like"]


def test_requests_that_the_schema_does_not_name_are_a_mistake(prepared, tmp_path):
    config = read(prepared, tmp_path, METRICS)
    (said,) = wiring.find_mistakes(config)
    assert said.startswith("metric 'mrr_by_request' is by request, and the schema of 'tiny' names")
    with pytest.raises(ValueError, match=r"take by = 'user', or name .*request = \"COLUMN\""):
        wiring.build_run(config)


def test_a_metric_is_named_once(prepared, tmp_path):
    with pytest.raises(ValueError, match=r"metrics\.1: 'ndcg@10' is measured already; drop one"):
        read(prepared, tmp_path, "metrics=[{kind='ndcg'}, {kind='ndcg', k=10}]")
