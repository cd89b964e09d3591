"""The program: what it writes where, what it says, and how it exits."""

import json
import tomllib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from programs import call

pytestmark = pytest.mark.runs

N = 1_000


@pytest.fixture
def log(tmp_path):
    rng = np.random.default_rng(0)
    columns = {
        "uid": rng.integers(0, 90, N),
        "sku": rng.integers(0, 40, N),
        "ts": 1_750_000_000 + np.arange(N),
        "watch_ms": rng.integers(0, 90_000, N),
        "click": rng.integers(0, 2, N),
    }
    pq.write_table(pa.table(columns), tmp_path / "log.parquet")
    return tmp_path / "log.parquet"


def test_the_spec_goes_to_standard_output_and_warnings_to_error(log, tmp_path):
    code, out, err = call("describe", log)
    assert code == 0
    assert tomllib.loads(out)["tasks"]["watch_ms"] == {"kind": "regression", "label": "watch_ms"}
    assert err.startswith("describe: task watch_ms: its label has a standard deviation")
    spec = tmp_path / "spec.toml"
    code, nothing, _ = call("describe", f"--output={spec}", "--label=click", log)
    assert (code, nothing) == (0, "")
    assert tomllib.loads(spec.read_text("utf-8"))["tasks"].keys() == {"click"}
    code, _, err = call("describe", f"--output={spec}", log)
    assert (code, err) == (
        2,
        f"describe: --output: {spec} exists; remove it, or name another file\n",
    )


def test_a_spec_that_does_not_train_is_written_with_the_place_marked(log, tmp_path):
    pq.write_table(pq.read_table(log).drop(["click", "watch_ms"]), log)
    code, out, err = call("describe", log)
    assert code == 2
    assert "# TO FILL IN: a label" in out
    assert err.startswith("describe: no column looks like a label")
    assert len(err.splitlines()) == 1


def test_what_is_no_table_is_a_sentence_and_nothing_is_written(tmp_path):
    code, out, err = call("describe", f"--output={tmp_path / 's'}", tmp_path / "none.parquet")
    assert (code, out) == (2, "")
    assert err.startswith(f"describe: {tmp_path / 'none.parquet'}: no such file or folder")
    assert list(tmp_path.iterdir()) == []
    code, _, err = call("describe")
    assert (code, err) == (2, "describe: no files: name those of your table, such as log.parquet\n")
    code, _, err = call("describe", "--lable=x", "y")
    assert (code, "did you mean --label?" in err) == (2, True)


@pytest.mark.slow
def test_a_log_goes_from_file_to_model_without_an_edit(log, tmp_path):
    spec, data, run = tmp_path / "spec.toml", tmp_path / "data", tmp_path / "run"
    assert call("describe", f"--output={spec}", log)[0] == 0
    assert call("prepare", "--dataset=table", f"--spec={spec}", f"--output={data}")[0] == 0
    settings = (f"--set=data.path={data}", "--set=train.epochs=1")
    code, _, err = call("train", "--config=configs/table.toml", f"--workdir={run}", *settings)
    assert code == 0, err
    metrics = json.loads((run / "RESULT.json").read_text("utf-8"))["metrics"]["test"]
    assert metrics.keys() == {"click", "watch_ms"}
