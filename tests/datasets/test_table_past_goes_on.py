"""A day that is prepared alone, from the past of the days before, is as if it were with them."""

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from table_days import features, prepared, write_days

from ranker.datasets import DatasetError

pytestmark = pytest.mark.runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_days(tmp_path_factory.mktemp("days"))


def past_of(table: pa.Table) -> pa.Table:
    names = [line.partition(" ")[0] for line in features()]
    return table.select(["line", *(name for name in names if name in table.column_names)])


def differing(one: pa.Table, other: pa.Table) -> list[str]:
    assert one.column_names == other.column_names
    assert len(one) == len(other) > 0
    return [name for name in one.column_names if not one[name].equals(other[name])]


@pytest.mark.parametrize("is_split", [False, True])
def test_a_day_alone_is_as_with_all_days_before(folder, is_split, monkeypatch):
    if is_split:
        monkeypatch.setattr("ranker.datasets.table.spool._BLOCK_ROWS", 50)
    whole = past_of(prepared(folder, "all", [0, 1, 2]))
    prepared(folder, "first", [0])
    prepared(folder, "second", [1], "first")
    third = past_of(prepared(folder, "third", [2], "second"))
    assert differing(third, whole[-len(third) :]) == []
    both = past_of(prepared(folder, "both", [1, 2], "first"))
    assert differing(both, whole[-len(both) :]) == []
    for path in sorted((folder / "all" / "past").glob("**/*.parquet")):
        name = path.relative_to(folder / "all")
        one, other = (pq.read_table(folder / of / name) for of in ("all", "third"))
        order = [(name, "ascending") for name in one.column_names if name != "values"]
        assert sorted(one.column_names) == sorted(other.column_names)
        other = other.select(one.column_names)
        if order:
            one, other = one.sort_by(order), other.sort_by(order)
        assert one.equals(other), name


def test_what_was_learnt_of_the_first_training_rows_holds(folder):
    lines = list(features())[:1]
    first = prepared(folder, "a", [0], lines=lines)
    again = prepared(folder, "b", [1], "a", lines=lines)
    alone = prepared(folder, "c", [1], lines=lines)
    cost = dict(zip(first["cost"].to_pylist(), first["level"].to_pylist(), strict=True))
    assert differing(again, alone) == ["cost", "level", "count__"]
    is_missing = again["cost_is_missing"].to_numpy() == 1
    (median,) = set(again["cost"].to_numpy()[is_missing])
    assert median in cost
    for value, level in zip(again["cost"].to_pylist(), again["level"].to_pylist(), strict=True):
        nearest = max((c for c in cost if c <= value), default=None)
        assert level in (0, cost.get(nearest, 1), cost.get(nearest, 1) + 1)


def test_buckets_and_medians_hold_where_vocabularies_do(folder):
    lines = list(features())[:1]
    prepared(folder, "a", [0], lines=lines)
    past = prepared(folder, "b", [1], "a", lines=lines)
    kept = prepared(folder, "d", [1], lines=lines, vocabulary_from="a")
    assert differing(kept, past) == ["count__"]  # of a past that began anew
    more = ("[past]", 'tier = {kind = "number", column = "cost", transform = "quantiles"}\n[past]')
    wider = prepared(folder, "e", [1], lines=lines, vocabulary_from="a", change=more)
    assert differing(wider.drop("tier"), kept) == []
    assert len(set(wider["tier"].to_pylist())) == 21


def test_other_buckets_than_those_of_the_vocabularies_are_refused(folder):
    lines = list(features())[:1]
    prepared(folder, "a", [0], lines=lines)
    with pytest.raises(DatasetError, match=r"features\.level is told otherwise there"):
        prepared(folder, "f", [1], lines=lines, vocabulary_from="a", change=("= 4", "= 5"))
    run = folder / "run"  # which keeps schema and vocabularies alone
    shutil.copytree(folder / "a" / "vocabularies", run / "vocabularies")
    shutil.copy(folder / "a" / "schema.toml", run)
    with pytest.raises(DatasetError, match="run: it does not tell where the buckets"):
        prepared(folder, "g", [1], lines=lines, vocabulary_from="run")
