"""The programs that use a finished run: evaluate, export, predict."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
CONFIG = """
[data]
path = "{data}"
batch_size = 32
[model]
embedding_width = 4
tower_units = [8]
sharing = {{kind = "shared_bottom", units = [8]}}
[train]
passes = 1.0
[export]
enabled = false
warmup_requests = 4
"""


def program(name: str, *flags: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", f"pipelines.{name}", *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("name", "flags", "said"),
    [
        ("evaluate", [], "evaluate: flag --workdir=None: Flag --workdir must have a value"),
        ("evaluate", ["--workdir=x", "--split=tset"], "evaluate: flag --split=tset: value should"),
        ("export", ["--workdri=x"], "export: Unknown command line flag 'workdri'. Did you mean"),
        ("predict", ["--model=m", "--input=i"], "predict: flag --output=None: Flag --output must"),
        ("predict", ["--model=m", "--input=i", "--output=o", "x"], "predict: not a flag: 'x'"),
    ],
)
def test_wrong_flags_are_said_on_one_line_with_exit_code_2(name, flags, said):
    done = program(name, *flags)
    assert done.returncode == 2
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_run_that_diverged_is_not_exported(tmp_path):
    (tmp_path / "RESULT.json").write_text(json.dumps({"status": "diverged"}))
    done = program("export", f"--workdir={tmp_path}")
    assert done.returncode == 2
    assert done.stderr == f"export: {tmp_path}: the run diverged: not exported\n"
    assert [path.name for path in tmp_path.iterdir()] == ["RESULT.json"]


@pytest.mark.slow
def test_a_finished_run_is_evaluated_exported_and_predicts(prepared, tmp_path):
    config, run, scores = (tmp_path / name for name in ("c.toml", "run", "scores.parquet"))
    config.write_text(CONFIG.format(data=prepared))
    trained = program("train", f"--config={config}", f"--workdir={run}")
    assert trained.returncode == 0, trained.stderr
    result = json.loads((run / "RESULT.json").read_text())

    evaluated = program("evaluate", f"--workdir={run}", "--json")
    assert json.loads(evaluated.stdout) == result["metrics"]["test"]
    table = program("evaluate", f"--workdir={run}", "--split=validation").stdout
    assert f"{result['metrics']['validation']['rating']['rmse']:.4f}" in table
    assert [line.split()[0] for line in table.splitlines() if line] == [
        "like", "all", "warm", "cold", "rating", "all", "warm", "cold"
    ]  # fmt: skip

    exported = program("export", f"--workdir={run}")
    assert (exported.returncode, exported.stdout) == (0, f"{run / 'export' / '1'}\n")
    card = (run / "export" / "1" / "assets.extra" / "model_card.md").read_text()
    assert f"{result['metrics']['test']['rating']['rmse']:.4f}" in card

    rows = f"--input={prepared / 'test.parquet'}"
    predicted = program("predict", f"--model={run}", rows, f"--output={scores}", "--keep=item_id")
    assert predicted.stdout == f"100 rows scored by {run / 'export' / '1'}: {scores}\n"
    assert pq.read_table(scores).column_names == ["item_id", "like_score", "rating_score"]
