"""Raw rows that come after prepared ones have the columns that preparing them with those gives."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from table_days import days, prepared, without, write_days

from ranker.datasets import DatasetError, Options, prepare
from ranker.past import Past
from ranker.schema import read_schema

pytestmark = pytest.mark.runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_days(tmp_path_factory.mktemp("days"))


def names_of(folder: Path) -> list[str]:
    return [feature.name for feature in read_schema(folder / "schema.toml").features]


BY = 'by = "time"\nboundaries = ["2023-11-16", "2023-11-17"]'


@pytest.mark.parametrize("knows", ["all", "train"])
@pytest.mark.parametrize("has_labels", [True, False])
def test_features_are_those_of_preparing_all_rows(folder, knows, has_labels):
    day = days()[3]
    raw = day
    if not has_labels:  # a label that is not there is a null
        day, raw = without(day, ["click", "spent"]), day.drop_columns(["click", "spent"])
    pq.write_table(day, folder / "day-3.parquet")
    name = f"{knows}-{has_labels}"
    whole = prepared(folder, f"whole-{name}", [0, 1, 2, 3], past=knows, by=BY)
    prepared(folder, f"first-{name}", [0, 1, 2], past=knows, by=BY)
    found = Past(folder / f"first-{name}").features(raw)
    expected = whole[-len(day) :].select(names_of(folder / f"whole-{name}"))
    assert found.column_names == expected.column_names
    for column in found.column_names:
        assert found[column].equals(expected[column].cast(found[column].type)), column


@pytest.fixture(scope="module")
def first(folder):
    prepared(folder, "first", [0, 1], lines=LINES)
    return folder / "first"


LINES = [
    'rate = {kind = "rate", of = "click", by = ["who"]}',
    'last = {kind = "last", of = "what", by = ["who"], where = "spent > 1"}',
]


def refusal(past: Path, rows: pa.Table) -> str:
    with pytest.raises(DatasetError) as raised:
        Past(past).features(rows)
    assert len(str(raised.value).splitlines()) == 1
    return str(raised.value)


def test_rows_that_cannot_be_scored_are_refused_in_a_sentence(first):
    rows = days()[2]
    assert "no column who. It has 7: line, what," in refusal(first, rows.drop_columns(["who"]))
    assert "the past in" in (said := refusal(first, days()[1]))
    assert "2023-11-16" in said
    place = rows.column_names.index("cost")
    dear = rows.set_column(place, "cost", pa.array(["dear"] * len(rows)))
    assert "row 1: column 'cost': 'dear' is no number; 150 such rows" in refusal(first, dear)
    assert len(Past(first).features(rows[:0])) == 0


def test_what_is_kept_is_as_the_files_have_it(first, folder):
    with Past(first).rows([folder / "day-2.parquet"], keep=["at", "line"]) as rows:
        (tables,) = [kept for kept, _ in rows.tables()]
        assert rows.kept == tables.schema
    assert tables.equals(days()[2].select(["at", "line"]))


def test_a_past_that_is_none_or_was_changed(first, folder, tmp_path):
    with pytest.raises(DatasetError, match=r"manifest\.json: no such file: the past is in"):
        Past(tmp_path)
    shutil.copytree(first, tmp_path / "copy")
    path = tmp_path / "copy" / "past" / "rate.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(DatasetError, match=r"changed since it was prepared: past/rate\.parquet"):
        Past(tmp_path / "copy")
    with pytest.raises(DatasetError, match=r"its past is of another spec: past\.last"):
        prepared(folder, "other", [2], "first", lines=LINES[:1])
    with pytest.raises(DatasetError, match=r"the past in .* goes until 2023-11-16"):
        prepared(folder, "again", [1, 2], "first", lines=LINES)


def test_a_past_is_of_the_model_or_of_data_that_went_on_from_its(first, folder):
    prepared(folder, "next", [2], "first", lines=LINES)
    digests = json.loads((first / "manifest.json").read_text())["digests"]
    for past in ("first", "next"):
        Past(folder / past).check_model(digests, Path("m"))
    for data in ({}, {"train.parquet": "0" * 64}):
        with pytest.raises(DatasetError, match="not the data that m was trained on"):
            Past(first).check_model(data, Path("m"))


def test_rows_of_one_moment_do_not_see_each_other(first):
    rows = days()[2]
    place = rows.column_names.index("at")
    now = pa.array([rows["at"][0]] * len(rows), rows["at"].type)
    found = Past(first).features(rows.set_column(place, "at", now))
    by_user = {}
    for who, rate in zip(rows["who"].to_pylist(), found["rate"].to_pylist(), strict=True):
        assert by_user.setdefault(who, rate) == rate
    assert np.unique(found["rate"]).size > 3


def test_a_condition_on_columns_that_new_rows_lack_is_told(folder):
    spec = folder / "some.toml"
    prepared(folder, "any", [0, 1], lines=LINES)  # writes any.toml
    spec.write_text('where = "spent > 0"\n' + (folder / "any.toml").read_text(), "utf-8")
    prepare("table", folder / "some", options=Options(source=folder, spec=spec))
    past, day = Past(folder / "some"), days()[2]
    for rows, said in ((day, ""), (day.drop_columns(["spent"]), "spent > 0")):
        pq.write_table(rows, folder / "new.parquet")
        with past.rows([folder / "new.parquet"], keep=[]) as found:
            assert found.where_unknown == said
            assert (found.num_left > 0) == (said == "")
