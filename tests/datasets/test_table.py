"""A table of one's own: formats, types, splits, roles, and what is refused, in one sentence."""

import datetime
import decimal
import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from table_files import SPEC, impressions, write_rows, write_table
from table_files import prepared as run

from ranker.schema import read_schema

PARTS = ("train", "validation", "test")


def by_line(table: pa.Table) -> pa.Table:
    line = table["line"].cast(pa.int64())
    return table.set_column(table.column_names.index("line"), "line", line).sort_by("line")


def test_every_format_prepares_to_the_same_rows(tmp_path):
    expected = None
    for ending in ("parquet", "csv", "tsv", "csv.gz", "jsonl"):
        found = run(write_table(tmp_path / ending, ending))
        if expected is None:
            expected = found
        for name in expected.column_names:
            assert found[name].to_pylist() == expected[name].to_pylist(), (ending, name)
    assert set(expected["uid"].to_pylist()) <= {f"{u:06d}" for u in range(9)}


# By column: its type, and what three values become as a category, or None where it is a number.
MOMENT, DAY = datetime.datetime(2026, 11, 28, 10, 30), "2026-11-28"
CENTS = [decimal.Decimal("1.50"), None, decimal.Decimal("2.00")]
TYPES = {
    **{f"{sign}int{bits}": ([1, None, 7], pa.type_for_alias(f"{sign}int{bits}"), [1, -1, 7])
       for sign in ("", "u") for bits in (8, 16, 32)},
    "int64": ([1, None, 2**62], pa.int64(), [1, -1, 2**62]),
    "uint64": ([1, None, 2**63 + 1], pa.uint64(), ["1", "unknown", str(2**63 + 1)]),
    "bool": ([True, None, False], pa.bool_(), [1, -1, 0]),
    "float_ids": ([1.0, None, 7.0], pa.float64(), [1, -1, 7]),
    "nan_ids": ([1.0, float("nan"), 7.0], pa.float64(), [1, -1, 7]),
    "decimal": ([decimal.Decimal(12), None, decimal.Decimal(7)], pa.decimal128(18, 0), [12, -1, 7]),
    "string": (["x", None, "ü"], pa.string(), ["x", "unknown", "ü"]),
    "large": (["x", None, "ü"], pa.large_string(), ["x", "unknown", "ü"]),
    "binary": ([b"x", None, "ü".encode()], pa.binary(), ["x", "unknown", "ü"]),
    "fixed": ([b"xy", None, b"ab"], pa.binary(2), ["xy", "unknown", "ab"]),
    "blank": (["  x  y\n", "", "z"], pa.string(), ["x y", "unknown", "z"]),
    "date": ([MOMENT.date(), None, MOMENT.date()], pa.date32(), [DAY, "unknown", DAY]),
    "date64": ([MOMENT.date(), None, MOMENT.date()], pa.date64(), [DAY, "unknown", DAY]),
}  # fmt: skip
VIEWS = {"string_view": pa.string(), "dictionary": pa.string()}


def with_types(num_rows: int) -> pa.Table:
    def repeated(values, kind):
        return pa.array([values[i % 3] for i in range(num_rows)], kind)

    columns = {name: repeated(values, kind) for name, (values, kind, _) in TYPES.items()}
    words = repeated(["x", None, "y"], pa.string())
    columns |= {
        "string_view": words.cast(pa.string_view()),
        "dictionary": words.dictionary_encode(),
    }
    for unit in ("s", "ms", "us", "ns"):
        for zone in (None, "Asia/Tokyo"):
            kind = pa.timestamp(unit, tz=zone)
            columns[f"at_{unit}_{'zoned' if zone else 'plain'}"] = repeated(
                [MOMENT, None, MOMENT], kind
            )
    columns |= {
        "f16": repeated([np.float16(1.5), None, np.float16(2)], pa.float16()),
        "f32": repeated([1.5, None, 2.0], pa.float32()),
        "cents": repeated(CENTS, pa.decimal128(9, 2)),
        "lasted": repeated([1_500, None, 2_000], pa.duration("ms")),
        "clock": repeated([datetime.time(0, 0, 1), None, datetime.time(0, 0, 2)], pa.time32("s")),
        "list": repeated([[1, 2], None, [3]], pa.list_(pa.int32())),
        "large_list": repeated([["a", None], [], ["b"]], pa.large_list(pa.string())),
        "fixed_list": repeated([[1, 2], None, [3, 4]], pa.list_(pa.int64(), 2)),
        "nested": repeated([[[1], [2, 3]], None, [[]]], pa.list_(pa.list_(pa.int64()))),
        "nothing": pa.nulls(num_rows),
        "__index_level_0__": np.arange(num_rows),
        "line": np.arange(num_rows),
        "time": np.arange(num_rows) + 1_700_000_000,
        "click": np.arange(num_rows) // 3 % 2,
    }  # fmt: skip
    return pa.table(columns)


def test_every_type_of_arrow_becomes_a_feature(tmp_path):
    rows = with_types(90)
    numbers = ("f16", "f32", "cents", "lasted", "clock")
    lists = ("list", "large_list", "fixed_list", "nested")
    moments = [name for name in rows.column_names if name.startswith("at_")]
    features = [f'{name} = {{kind = "category"}}' for name in (*TYPES, *VIEWS, "nothing")]
    features += [f'{name} = {{kind = "number", missing = -1}}' for name in numbers]
    features += [f'{name} = {{kind = "list", flatten = true}}' for name in lists]
    features += [
        f'{name} = {{kind = "time", parts = ["hour"], timezone = "Asia/Tokyo"}}' for name in moments
    ]
    spec = (
        'time = "time"\nkeep = ["line"]\n[source]\nfiles = ["x.parquet"]\n[split]\nby = "random"\n'
        "[features]\n" + "\n".join(features) + '\n[tasks]\nclick = {kind = "binary"}\n'
    )
    pq.write_table(rows, tmp_path / "x.parquet", use_deprecated_int96_timestamps=False)
    found = by_line(run(tmp_path, spec))
    for name, (_, _, expected) in TYPES.items():
        assert found[name].to_pylist()[:3] == expected, name
    for name in VIEWS:
        assert found[name].to_pylist()[:3] == ["x", "unknown", "y"]
    for name, (one, three) in dict.fromkeys(numbers, (1.5, 2.0)).items() | {("clock", (1.0, 2.0))}:
        if name != "clock" or one == 1.0:
            assert found[name].to_pylist()[:3] == [one, -1.0, three], name
    assert found["list"].to_pylist()[:3] == [[1, 2], [], [3]]
    assert found["large_list"].to_pylist()[:3] == [["a"], [], ["b"]]
    assert found["fixed_list"].to_pylist()[:3] == [[1, 2], [], [3, 4]]
    assert found["nested"].to_pylist()[:3] == [[1, 2, 3], [], []]
    for name in moments:  # what is written without a zone is UTC, nine hours behind Tokyo
        assert found[f"{name}_hour"].to_pylist()[:3] == [19, -1, 19], name
    assert "__index_level_0__" not in found.column_names


def test_int96_partitions_and_the_files_of_spark(tmp_path):
    rows = impressions(60)
    days = ["2026-11-27", "2026-11-28"]
    for number, day in enumerate(days):
        folder = tmp_path / "log" / f"day={day}"
        folder.mkdir(parents=True)
        part = rows[number * 30 : number * 30 + 30]
        pq.write_table(part, folder / "part-0.snappy.parquet", use_deprecated_int96_timestamps=True)
        (folder / "_SUCCESS").touch()
        (folder / ".part-0.snappy.parquet.crc").write_bytes(b"crc")
    (tmp_path / "log" / "_metadata").mkdir()
    spec = SPEC.format(ending="x").replace('"*.x"', '"log"')
    spec = spec.replace("[features]\n", '[features]\nday = {kind = "category"}\n')
    found = run(tmp_path, spec)
    assert sorted(set(found["day"].to_pylist())) == days
    expected = run(write_table(tmp_path / "plain"))
    assert sorted(found["timestamp"].to_pylist()) == sorted(expected["timestamp"].to_pylist())


def test_nulls_buckets_crosses_and_the_past(tmp_path):
    spec = SPEC.format(ending="parquet").replace("[source]", 'keep = ["line"]\n[source]')
    rows = impressions(60).append_column("line", pa.array(np.arange(60)))
    write_rows(tmp_path / "a.parquet", rows)
    found = by_line(run(tmp_path, spec))
    is_null = rows["country"].is_null().to_pylist()
    assert found["country_is_missing"].to_pylist() == list(map(float, is_null))
    assert pc.equal(found["country"], "unknown").to_pylist() == is_null
    train = pq.read_table(tmp_path / "out" / "train.parquet")["line"].to_pylist()
    prices = rows["price"].to_pylist()
    known = sorted(prices[int(i)] for i in train if prices[int(i)] is not None)
    median = np.float32(np.quantile(np.array(known, np.float32), 0.5, method="lower"))
    for i, price in enumerate(prices):
        assert found["price"][i].as_py() == (median if price is None else np.float32(price))
        assert (found["bucket"][i].as_py() == 0) == (price is None)
    buckets = [b for b in found["bucket"].to_pylist() if b]
    assert {1, 2, 3, 4} == set(buckets)
    countries = [c or "unknown" for c in rows["country"].to_pylist()]
    crossed = [f"{c}|{d}" for c, d in zip(countries, rows["device"].to_pylist(), strict=True)]
    assert found["place"].to_pylist() == crossed
    hours = np.array([m.astimezone(datetime.UTC).hour for m in rows["timestamp"].to_pylist()])
    np.testing.assert_allclose(found["when_hour_sin"], np.sin(2 * np.pi * hours / 24), atol=1e-6)
    dwell = [
        None if not c else d
        for c, d in zip(rows["click"].to_pylist(), rows["dwell"].to_pylist(), strict=True)
    ]
    assert found["dwell"].to_pylist() == [None if d is None else np.float32(d) for d in dwell]
    schema = read_schema(tmp_path / "out" / "schema.toml")
    assert (schema.user, schema.item, schema.task("dwell").weight) == ("uid", "sku", 0.5)
    words = (tmp_path / "out" / "vocabularies" / "sku.txt").read_text().split()
    skus = pq.read_table(tmp_path / "out" / "train.parquet")["sku"].to_pylist()
    assert set(map(int, words)) == {s for s in skus if skus.count(s) > 1}
    assert schema.feature("clicked").vocabulary == "sku"


@pytest.mark.parametrize("by", ["time", "window", "user_time", "user", "random"])
def test_every_split(by, tmp_path):
    folder = write_table(tmp_path / "x", num_rows=300)
    spec = SPEC.format(ending="parquet").replace(
        'by = "random"', f'by = "{by}"\nwindow_days = 0.02'
    )
    run(folder, spec)
    manifest = json.loads((folder / "out" / "manifest.json").read_text())
    users = [set(pq.read_table(folder / "out" / f"{p}.parquet")["uid"].to_pylist()) for p in PARTS]
    times = [pq.read_table(folder / "out" / f"{p}.parquet")["timestamp"].to_pylist() for p in PARTS]
    if by == "user":
        assert len(users[0] | users[1] | users[2]) == sum(map(len, users))
    if by in ("time", "window"):
        assert max(times[0]) < min(times[1])
        assert max(times[1]) < min(times[2])
    assert sum(map(len, times)) == 300
    assert manifest["source"]["from"] == "spec"


def test_conditions_weights_and_rows_that_are_not_asked_for(tmp_path):
    folder = write_table(tmp_path / "x")
    spec = SPEC.format(ending="parquet")
    stated = 'request = "title"\nwhere = "device == \'phone\'"\nweight = "1 + click"\n[source]'
    spec = spec.replace("[source]", stated)
    spec = spec.replace('click = {kind = "binary"', f'click = {{kind = "binary", {LABEL}')
    found = run(folder, spec)
    rows = impressions(60)
    rows = rows.filter(pc.equal(rows["device"], "phone"))
    assert len(found) == len(rows)
    assert sum(found["click"].to_pylist()) == sum(d >= 10 for d in rows["dwell"].to_pylist())
    assert sum(found["sample_weight"].to_pylist()) == len(rows) + sum(rows["click"].to_pylist())
    assert read_schema(folder / "out" / "schema.toml").weight == "sample_weight"
    asked = zip(found["request"].to_pylist(), found["title"].to_pylist(), strict=True)
    assert len(set(found["request"].to_pylist())) == len({(r, tuple(t)) for r, t in asked}) == 3


LABEL = 'label = "dwell >= 0.5 * 20"'
