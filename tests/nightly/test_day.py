"""A day behind another: what it knows of the past is what preparing both together knows."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nights import write_day

from benchmarks.thirty_days import REPEATED, Month, Size, faulty
from benchmarks.thirty_days import schema as thirty_schema
from benchmarks.thirty_days import write_day as write_day_as_prepared
from ranker.datasets import Options, prepare
from ranker.nightly.day import prepare_day
from ranker.nightly.facts import changes, facts
from ranker.nightly.ledger import Ledger, LedgerError, Published
from ranker.spec.nightly import DaySettings, IntakeSettings

SPEC = """
user = "user_id"
item = "item_id"
time = "timestamp"
[source]
files = [{files}]
[split]
boundaries = ["0.5", "0.75"]
[features]
user_id = {{kind = "id"}}
item_id = {{kind = "id"}}
level = {{kind = "number", column = "price", transform = "quantiles", num_buckets = 4}}
[past]
shown = {{kind = "count", by = ["user_id"]}}
[tasks]
click = {{kind = "binary"}}
"""
DATES = ("2026-11-01", "2026-11-02")


def rows(folder):
    """The rows of all parts of a prepared folder, in order of time."""
    parts = [pq.read_table(folder / f"{n}.parquet") for n in ("train", "validation", "test")]
    return pa.concat_tables(parts)


def test_the_past_goes_on_and_buckets_stay(tmp_path):
    for date in DATES:
        write_day(tmp_path, date, rows=120)
    paths = [tmp_path / f"logs/day={date}/impressions.jsonl" for date in DATES]
    spec, both = tmp_path / "spec.toml", tmp_path / "both.toml"
    spec.write_text(SPEC.format(files='"impressions.jsonl"'))
    both.write_text(SPEC.format(files=", ".join(f'"{path}"' for path in paths)))
    days = DaySettings(spec=str(spec), source=f"{tmp_path}/logs/day={{date}}")
    ledger = Ledger(tmp_path / "job")
    first = prepare_day(days, ledger, DATES[0])
    ledger.record(Published(1, DATES[0]))
    second = prepare_day(days, ledger, DATES[1])
    prepare("table", tmp_path / "whole", options=Options(spec=both))
    whole = rows(tmp_path / "whole").slice(120)
    assert rows(second)["shown"].to_pylist() == whole["shown"].to_pylist()
    assert rows(second)["shown"][0].as_py() > 0  # it knows of the day before
    assert facts(second)["numbers"] == {}  # a count that grows says nothing of the day
    borders = [(folder / "past/state.json").read_text().split('"borders"')[1].split("}")[0]
               for folder in (first, second)]  # fmt: skip
    assert borders[0] == borders[1]


def test_a_source_with_other_braces_is_a_path(tmp_path):
    days = DaySettings(dataset="json-lines-log", source=f"{tmp_path}/{{dt}}/{{date}}")
    with pytest.raises(LedgerError, match=r"\{dt\}/2026-11-01: no such file or folder"):
        prepare_day(days, Ledger(tmp_path / "job"), DATES[0])


def test_a_day_whose_rows_are_repeated_is_told(tmp_path):
    size = Size(nights=1, rows=600, users=40, items=30, new_users=1, new_items=1)
    days = []
    for name, fault in (("usual", ""), ("repeated", REPEATED)):
        columns = faulty(Month(size, 0).day(1).columns, fault, 0)
        write_day_as_prepared(tmp_path / name, columns, thirty_schema(size))
        days.append(facts(tmp_path / name))
    usual, repeated = days
    assert usual["repeated"] == 0.0
    assert repeated["repeated"] == pytest.approx(0.9)
    settings = IntakeSettings(largest_rate_change=9.0, largest_shift=9.0, largest_top_share=1.0)
    assert changes(settings, usual, [usual]) == []
    assert changes(settings, repeated, [usual]) == [
        "90.0% of the rows are of the user, item and moment of another; usual are 0.0%"
    ]
    assert changes(settings, repeated, [usual], allowed=["repeated"]) == []
    without = {name: value for name, value in usual.items() if name != "repeated"}
    assert changes(settings, repeated, [without]) == []  # facts of before there was the check
