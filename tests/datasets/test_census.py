"""Census-Income: both files, two tasks, and what is rejected."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from census_files import person, write_census

from ranker.datasets import DatasetError, Options, prepare
from ranker.input import check_split
from ranker.schema import read_schema

PARTS = ("train", "validation", "test")


def _prepare(raw, folder, **options):
    return prepare("census-income", folder, options=Options(source=raw, **options))


def _rows(folder, part):
    return pq.read_table(folder / f"{part}.parquet").to_pylist()


def test_every_kind_of_column_by_hand(tmp_path):
    raw = write_census(tmp_path / "raw")
    (raw / "census-income.data").write_text(
        person() + person(year=94, marital_status="Never married", income="- 50000.", age=7)
    )
    manifest = _prepare(raw, tmp_path / "out")
    older, newer = _rows(tmp_path / "out", "train")  # in order of time
    assert (newer["income"], newer["never_married"]) == (1.0, 0.0)
    assert (older["income"], older["never_married"]) == (0.0, 1.0)
    assert (older["age"], newer["age"]) == (7.0, 62.0)
    assert older["timestamp"] == 757_382_400  # 1994-01-01
    assert newer["timestamp"] - older["timestamp"] == 365 * 86_400
    assert (newer["industry_code"], newer["occupation_code"]) == (43, 23)
    assert newer["class_of_worker"] == "Private"
    assert newer["migration_msa"] == "?"
    assert newer["veteran_benefits_code"] == 2
    assert (newer["weeks_worked"], newer["num_persons_of_employer"]) == (52.0, 4.0)
    assert newer["household_summary"] == "Householder"
    assert {newer["user_id"], newer["item_id"], older["user_id"]} == {0}
    assert not {"marital_status", "instance_weight", "year"} & newer.keys()
    assert manifest["rows"]["train"] == {
        "rows": 2, "mean_income": 0.5, "mean_never_married": 0.5
    }  # fmt: skip
    assert "half, drawn by seed 0, is validation" in manifest["split"]


def test_the_test_file_is_halved_by_the_seed(tmp_path):
    raw = write_census(tmp_path / "raw", num_rows=60)
    _prepare(raw, tmp_path / "one")
    _prepare(raw, tmp_path / "again")
    _prepare(raw, tmp_path / "other", seed=1)
    halves = [_rows(tmp_path / "one", part) for part in ("validation", "test")]
    assert sum(map(len, halves)) == 60
    assert min(map(len, halves)) > 15
    assert len(_rows(tmp_path / "one", "train")) == 60
    assert halves[0] == _rows(tmp_path / "again", "validation")
    assert halves[0] != _rows(tmp_path / "other", "validation")


def test_what_is_prepared_is_what_the_trainer_takes(tmp_path):
    _prepare(write_census(tmp_path / "raw"), tmp_path / "out")
    schema = read_schema(tmp_path / "out" / "schema.toml")
    assert len(schema.features) == 2 + 38  # all 42 but weight, year, income, marital status
    assert [task.name for task in schema.tasks] == ["income", "never_married"]
    for part in PARTS:
        assert check_split(tmp_path / "out" / f"{part}.parquet", schema).num_rejected == 0
        names = pq.read_schema(tmp_path / "out" / f"{part}.parquet").names
        columns = [column.name for column in (*schema.features, *schema.tasks)]
        assert names == [*columns, "timestamp"]


BAD = {
    "income": ({"income": "50000."}, "label", "income '50000.' is none of - 50000., 50000+."),
    "marital": ({"marital_status": "Single"}, "label", "marital_status 'Single' is none of Never"),
    "age": ({"age": 121}, "range", "age 121 is not in 0 to 120"),
    "weeks": ({"weeks": -1}, "range", "weeks_worked -1 is not in 0 to 52"),
    "gains": ({"capital_gains": "1e10"}, "range", "capital_gains 1e+10 is not in 0 to 1e+09"),
    "year": ({"year": 96}, "range", "year 96 is not in 94 to 95"),
    "no number": ({"age": "?"}, "number", "age '?' is not a number"),
    "too many": ({"education": "a, b"}, "columns", "43 columns in place of 42"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_row_is_rejected_with_file_line_and_reason(name, tmp_path):
    values, reason, problem = BAD[name]
    raw = write_census(tmp_path / "raw")
    with (raw / "census-income.test").open("a") as file:
        file.write(person(**values))
    with pytest.raises(
        DatasetError, match=r"census-income\.test: 1 of 21 rows rejected, more than"
    ):
        _prepare(raw, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    manifest = _prepare(raw, tmp_path / "out", max_rejected_rows=0.1)
    rejected = manifest["files"]["census-income.test"]["rejected"]
    assert rejected.keys() == {reason}
    assert rejected[reason]["first"].startswith(f"census-income.test, line 21: {problem}")


@pytest.mark.parametrize("name", ["census-income.data", "census-income.test"])
def test_a_missing_file_is_said(name, tmp_path):
    raw = write_census(tmp_path / "raw")
    (raw / name).unlink()
    with pytest.raises(DatasetError, match=f"no file '{name}' in it"):
        _prepare(raw, tmp_path / "out")


def test_a_row_by_itself_reads_as_one_in_a_block(tmp_path, monkeypatch):
    raw = write_census(tmp_path / "raw")
    _prepare(raw, tmp_path / "one")
    monkeypatch.setattr("ranker.datasets.read.text._BLOCK_BYTES", 500)
    _prepare(raw, tmp_path / "other")
    for part in PARTS:
        one, other = (pq.read_table(tmp_path / n / f"{part}.parquet") for n in ("one", "other"))
        assert one.equals(other), part
    assert isinstance(one, pa.Table)
