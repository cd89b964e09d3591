"""A day behind another: what it knows of the past is what preparing both together knows."""

import re
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nights import write_day

from benchmarks.thirty_days import REPEATED, Month, Size, faulty
from benchmarks.thirty_days import schema as thirty_schema
from benchmarks.thirty_days import write_day as write_day_as_prepared
from ranker.datasets import DatasetError, Options, prepare
from ranker.input import check_split
from ranker.nightly.day import prepare_day
from ranker.nightly.facts import changes, check_allowed, facts
from ranker.nightly.ledger import Ledger, LedgerError, Published
from ranker.schema import read_schema
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
NUMBER = 'cost = {kind = "number", column = "price"}\n'
LABEL = 'paid = {kind = "regression", label = "price", maximum = 1e38}\n'
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


def test_what_nobody_declared_bounds_no_day(tmp_path):
    for date, scale in zip(DATES, (1.0, -1e3), strict=True):
        write_day(tmp_path, date, rows=120, price=lambda price, s=scale: (1.0 + price) * s)
    spec = tmp_path / "spec.toml"
    text = SPEC.format(files='"impressions.jsonl"').replace("[past]", NUMBER + "[past]")
    spec.write_text(text + LABEL)
    days = DaySettings(spec=str(spec), source=f"{tmp_path}/logs/day={{date}}")
    ledger = Ledger(tmp_path / "job")
    folders = []
    for date in DATES:
        folders.append(prepare_day(days, ledger, date))
        ledger.record(Published(1, date))
    for schema in (read_schema(folder / "schema.toml") for folder in folders):
        paid = next(task for task in schema.tasks if task.name == "paid")
        assert (paid.minimum, paid.maximum) == (None, 1e38)
        for folder in folders:
            assert check_split(folder / "train.parquet", schema).num_rejected == 0


def moved(by):
    """What puts the moments of a day's rows off by so many hours."""
    return {"timestamp": lambda moments: moments + 3_600 * by}


@pytest.mark.parametrize("has_past", [True, False])
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_an_hour_off_costs_a_day_only_where_rows_would_know_of_later_ones(
    tmp_path, hours, has_past
):
    spec = tmp_path / "spec.toml"
    text = SPEC.format(files='"impressions.jsonl"')
    past = text.split("[past]")[1].split("[tasks]")[0]
    spec.write_text(text if has_past else text.replace(f"[past]{past}", ""))
    for date in DATES:
        write_day(tmp_path, date, rows=120, **(moved(hours) if date == DATES[1] else {}))
    write_day(tmp_path, "2026-11-03", rows=120)
    days = DaySettings(spec=str(spec), source=f"{tmp_path}/logs/day={{date}}")
    ledger, known = Ledger(tmp_path / "job"), []
    for date in (*DATES, "2026-11-03"):
        # an hour early it begins before the end of the day before; an hour late, the next does
        if has_past and date == (DATES[1] if hours < 0 else "2026-11-03"):
            with pytest.raises(DatasetError, match="a row may know only of what was before it"):
                prepare_day(days, ledger, date)
            continue
        day = facts(prepare_day(days, ledger, date))
        assert changes(IntakeSettings(), day, known) == []
        known.append(day)
        ledger.record(Published(len(known), date))


def test_a_date_names_a_folder_and_no_clock_is_asked(tmp_path, monkeypatch):
    write_day(tmp_path, DATES[0], rows=120)
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC.format(files='"impressions.jsonl"'))
    days = DaySettings(spec=str(spec), source=f"{tmp_path}/logs/day={{date}}")
    found = []
    try:
        for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # 25 hours apart
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            found.append(facts(prepare_day(days, Ledger(tmp_path / zone[-4:]), DATES[0])))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert found[0] == found[1]


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
    repeated["until"] = usual["until"] + 1  # as if it were another day
    settings = IntakeSettings(largest_rate_change=9.0, largest_shift=9.0, largest_top_share=1.0)
    again = "no row is later than 2026-11-02T23:5"
    assert [line[: len(again)] for line in changes(settings, usual, [usual])] == [again]
    assert changes(settings, usual, [usual], allowed=["time"]) == []
    assert changes(settings, usual | {"until": 0}, [usual | {"until": 0}]) == []  # of no time
    assert changes(settings, repeated, [usual]) == [
        "90.0% of the rows are of the user, item and moment of another; usual are 0.0%"
    ]
    assert changes(settings, repeated, [usual], allowed=["repeated"]) == []
    without = {name: value for name, value in usual.items() if name != "repeated"}
    assert changes(settings, repeated, [without]) == []  # facts of before there was the check


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("row", "--allow=row: nothing of a day is called so; did you mean rows?"),
        ("prices", "--allow=prices: nothing of a day is called so; did you mean price?"),
        ("qqq", "--allow=qqq: nothing of a day is called so; there are: click, price, repeated, "),
    ],
)
def test_what_is_allowed_must_be_something_that_can_differ(name, said):
    day = {"rows": 9, "tasks": {"click": {}}, "numbers": {"price": {}}, "top_shares": {}}
    check_allowed(day, ["rows", "repeated", "time", "click", "price"])
    with pytest.raises(ValueError, match=re.escape(said)):
        check_allowed(day, [name])
