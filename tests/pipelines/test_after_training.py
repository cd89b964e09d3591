"""The programs that use a finished run: evaluate, export, predict."""

import json

import pyarrow.parquet as pq
import pytest
from programs import call, call_warm

from ranker.train import write_result

pytestmark = pytest.mark.runs


@pytest.mark.parametrize(
    ("name", "flags", "said"),
    [
        ("evaluate", [], "evaluate: --workdir is needed: The run's directory"),
        ("evaluate", ["--workdir=x", "--split=tset"], "evaluate: flag --split=tset: value should"),
        (
            "export",
            ["--workdri=x"],
            "export: no flag --workdri; did you mean --workdir? --help lists",
        ),
        ("evaluate", ["--workdir=x", "--zzz"], "evaluate: no flag --zzz; --help lists them"),
        ("train", [], "train: --config is needed: TOML file with the settings"),
        ("replay", ["--attempt=3"], "replay: --workdir is needed: The run's directory"),
        ("predict", ["--model=m", "--input=i"], "predict: --output is needed: Parquet or CSV"),
        ("predict", ["--model=m", "--input=i", "--output=o", "x"], "predict: not a flag: 'x'"),
    ],
)
def test_wrong_flags_are_said_on_one_line_with_exit_code_2(name, flags, said):
    code, out, err = call(name, *flags)
    assert (code, out) == (2, "")
    assert err.startswith(said)
    assert err.count("\n") == 1


def test_a_run_that_diverged_is_not_exported(tmp_path):
    write_result(tmp_path, {"status": "diverged"})
    code, _, err = call_warm("export", f"--workdir={tmp_path}")
    assert (code, err.splitlines()[-1]) == (
        2,
        f"export: {tmp_path}: the run diverged: not exported",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["RESULT.json"]


@pytest.mark.slow
def test_a_finished_run_is_evaluated_exported_and_predicts(whole, prepared, tmp_path):
    run, metrics, scores = whole.workdir, whole.result["metrics"], tmp_path / "scores.parquet"
    assert json.loads(call_warm("evaluate", f"--workdir={run}", "--json")[1]) == metrics["test"]
    table = call_warm("evaluate", f"--workdir={run}", "--split=validation")[1]
    assert f"{metrics['validation']['rating']['rmse']:.4f}" in table
    assert [line.split()[0] for line in table.splitlines() if line] == [
        "like", "all", "warm", "cold", "frozen", "rating", "all", "warm", "cold", "frozen",
        "all,", "frozen:",
    ]  # fmt: skip
    assert f"{metrics['validation']['rating']['frozen']['rmse']:.4f}" in table
    of_training = call_warm("evaluate", f"--workdir={run}", "--split=train")[1]
    assert "frozen" not in of_training  # before it there is no past

    assert call_warm("export", f"--workdir={run}")[:2] == (0, f"{run / 'export' / '2'}\n")
    card = (run / "export" / "2" / "assets.extra" / "model_card.md").read_text()
    for found in (metrics["test"]["rating"], metrics["test"]["rating"]["frozen"]):
        assert f"{found['rmse']:.4f}" in card

    rows = f"--input={prepared / 'test.parquet'}"
    predict = ("predict", f"--model={run}", rows, f"--output={scores}", "--keep=item_id")
    code, said, err = call_warm(*predict)
    assert (code, said) == (0, f"100 rows scored by {run / 'export' / '2'}: {scores}\n")
    assert "gradient" not in err
    assert pq.read_table(scores).column_names == ["item_id", "like_score", "rating_score"]


def test_a_model_that_is_damaged_or_not_whole_is_a_sentence_and_exit_code_2(tmp_path):
    for version, name in (("1", "saved_model.pb"), ("2", "variables/variables.index")):
        (tmp_path / version / name).parent.mkdir(parents=True)
        (tmp_path / version / name).write_bytes(b"damaged")
    (tmp_path / "1" / "variables").mkdir()
    (tmp_path / "1" / "variables" / "variables.index").touch()
    (tmp_path / "1" / "assets.extra").mkdir()
    (tmp_path / "1" / "assets.extra" / "schema.toml").write_bytes(b"\xff")
    code, said, err = call_warm(
        "predict", f"--model={tmp_path}", "--input=rows.csv", f"--output={tmp_path / 'out.csv'}"
    )
    assert (code, said) == (2, "")
    lines = [line for line in err.splitlines() if line.startswith("predict: ")]
    assert lines[0].startswith(f"predict: {tmp_path / '2'} lacks saved_model.pb: passed over")
    assert lines[1].startswith(f"predict: {tmp_path / '1'}/assets.extra/schema.toml: not a schema")
    assert "Traceback" not in err
    assert not (tmp_path / "out.csv").exists()
