"""KuaiRand: what the logs tell comes through, what is wrong with them is told."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kuairand_files import (
    HOUR_MS,
    START_MS,
    log_row,
    user_row,
    video_row,
    write_kuairand,
    write_random,
)

from ranker.datasets import DatasetError, Options, prepare
from ranker.input import check_split
from ranker.schema import read_schema

PARTS = ("train", "validation", "test")
FIRST = "standard_4_08_to_4_21_pure"
SECOND = "standard_4_22_to_5_08_pure"


def _prepare(raw, folder, name="kuairand-pure", **options):
    return prepare(name, folder, options=Options(source=raw, **options))


def _tables(folder):
    return {part: pq.read_table(folder / f"{part}.parquet") for part in PARTS}


def _rows(folder):
    return pa.concat_tables(_tables(folder).values()).to_pylist()


@pytest.fixture
def by_hand(tmp_path):
    """Five impressions, one of them told twice and one in another file, out of order."""
    early = [
        log_row(7, 50, START_MS + 3 * HOUR_MS, is_click=1, is_like=1, play_time_ms=1_500),
        log_row(7, 40, START_MS, is_click=1, long_view=1, play_time_ms=9_999, tab=14),
        log_row(7, 40, START_MS, is_click=0, hourmin=100),  # the same impression once more
        log_row(9, 40, START_MS + HOUR_MS, is_hate=1, duration_ms=0),
    ]
    late = [
        log_row(7, 40, START_MS + 5 * HOUR_MS, is_profile_enter=1, is_follow=1),
        log_row(9, 50, START_MS + 4 * HOUR_MS, is_comment=1, is_forward=1),
    ]
    users = [
        user_row(9, onehot_feat4="", is_live_streamer=-124),
        user_row(7, onehot_feat4="3.0", fans_user_num=150, user_active_degree=""),
        user_row(8),
    ]
    videos = [video_row(40, music_type=""), video_row(50, tag="7"), video_row(60, tag="")]
    return write_kuairand(
        tmp_path / "raw", {FIRST: early, SECOND: late}, users=users, videos=videos
    )


def test_every_column_by_hand(by_hand, tmp_path):
    _prepare(by_hand, tmp_path / "out", boundaries=("0.5", "0.9"))
    rows = _rows(tmp_path / "out")
    seconds = START_MS // 1_000
    assert [(row["user_id"], row["item_id"], row["timestamp"] - seconds) for row in rows] == [
        (7, 40, 0), (9, 40, 3_600), (7, 50, 3 * 3_600), (9, 50, 4 * 3_600), (7, 40, 5 * 3_600),
    ]  # fmt: skip
    # The start is 05:20 UTC on Friday 15 April 2022: 13:20 in China.
    assert [row["hour"] for row in rows] == [13, 14, 16, 17, 18]
    assert {row["weekday"] for row in rows} == {4}
    assert [row["clicked_items"] for row in rows] == [[], [], [40], [], [50, 40]]
    assert [row["tab"] for row in rows] == [14, 1, 1, 1, 1]
    assert [row["duration_seconds"] for row in rows] == [10.0, 0.0, 10.0, 10.0, 10.0]
    first, second = rows[0], rows[1]
    assert (first["onehot_feat4"], second["onehot_feat4"]) == (3, -1)
    assert (first["is_live_streamer"], second["is_live_streamer"]) == (0, -124)
    assert (first["fans_user_num"], second["fans_user_num"]) == (150.0, 0.0)
    assert (first["user_active_degree"], second["user_active_degree"]) == ("unknown", "full_active")
    assert first["fans_user_num_range"] == "[10,100)"
    assert [row["music_type"] for row in rows] == [-1, -1, 9, 9, -1]
    assert [row["tag"] for row in rows] == [[12, 65], [12, 65], [7], [7], [12, 65]]
    assert (first["author_id"], first["music_id"]) == (140, 9_155_697_141)
    labels = {
        "click": [1, 0, 1, 0, 0],
        "long_view": [1, 0, 0, 0, 0],
        "like": [0, 0, 1, 0, 0],
        "follow": [0, 0, 0, 0, 1],
        "comment": [0, 0, 0, 1, 0],
        "forward": [0, 0, 0, 1, 0],
        "profile_enter": [0, 0, 0, 0, 1],
        "hate": [0, 1, 0, 0, 0],
    }
    for task, expected in labels.items():
        assert [row[task] for row in rows] == expected, task
    assert [row["play_seconds"] for row in rows] == pytest.approx([9.999, 0, 1.5, 0, 0])


def test_an_impression_told_twice_counts_once_and_is_told(by_hand, tmp_path):
    manifest = _prepare(by_hand, tmp_path / "out", boundaries=("0.5", "0.9"))
    account = manifest["files"][f"log_{FIRST}.csv"]
    assert account == {
        "read": 4,
        "kept": 3,
        "rejected": {},
        "repeated": {
            "rows": 1,
            "first": f"log_{FIRST}.csv, line 4: the same user, video and time_ms stand on an "
            "earlier line",
        },
    }
    assert manifest["rows"]["train"] == {
        "rows": 2, "mean_click": 0.5, "mean_long_view": 0.5, "mean_like": 0.0, "mean_follow": 0.0,
        "mean_comment": 0.0, "mean_forward": 0.0, "mean_profile_enter": 0.0, "mean_hate": 0.5,
        "mean_play_seconds": 4.9995,
    }  # fmt: skip


REJECTED = {
    "label": ({"is_click": 2}, "label", "is_click 2 is not in 0 to 1"),
    "long view": ({"long_view": -1}, "label", "long_view -1 is not in 0 to 1"),
    "play time": ({"play_time_ms": -5}, "range", "play_time_ms -5 is not in 0 to 86400000"),
    "duration": ({"duration_ms": 10**9}, "range", "duration_ms 1000000000 is not in 0 to 86400000"),
    "tab": ({"tab": 15}, "range", "tab 15 is not in 0 to 14"),
    "before": ({"time_ms": 1_640_000_000_000}, "timestamp", "time_ms 1640000000000 is not in"),
    "in seconds": ({"time_ms": START_MS // 1_000}, "timestamp", "time_ms 1650000000 is not in"),
    "nobody": ({"user_id": 6}, "unknown_user", "user_id 6 is not in the table of users"),
    "no video": ({"video_id": 41}, "unknown_item", "video_id 41 is not in the table of videos"),
    "no id": ({"user_id": -1}, "id", "user_id -1 is not in 0 to 2147483647"),
    "no number": ({"is_like": "yes"}, "number", "is_like 'yes' is not a whole number"),
    "missing": ({"play_time_ms": ""}, "number", "play_time_ms '' is not a whole number"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_row_is_rejected_with_file_line_and_reason(name, by_hand, tmp_path):
    values, reason, problem = REJECTED[name]
    row = {**log_row(7, 40, START_MS + 7_000), **values}
    with (by_hand / f"log_{SECOND}.csv").open("a") as file:
        file.write(",".join(map(str, row.values())) + "\n")
    said = f"log_{SECOND}.csv, line 4: {problem}"
    with pytest.raises(DatasetError, match=r"1 of 3 rows rejected, more than max_rejected_rows"):
        _prepare(by_hand, tmp_path / "out", boundaries=("0.5", "0.9"))
    assert not (tmp_path / "out").exists()
    manifest = _prepare(by_hand, tmp_path / "out", max_rejected_rows=0.4, boundaries=("0.5", "0.9"))
    rejected = manifest["files"][f"log_{SECOND}.csv"]["rejected"]
    assert rejected.keys() == {reason}
    assert rejected[reason]["rows"] == 1
    assert rejected[reason]["first"].startswith(said)
    assert sum(part["rows"] for part in manifest["rows"].values()) == 5


BAD_ENTITIES = {
    "tags": ("video", video_row(70, tag="1;2"), "tag '1;2' is not whole numbers with commas"),
    "author": ("video", video_row(70, author_id="1.5"), "author_id 1.5 is not a whole number"),
    "width": ("video", video_row(70, server_width="-720.0"), "server_width -720 is not in 0 to"),
    "twice": ("video", video_row(50), "video_id 50 stands on an earlier line"),
    "fans": ("user", user_row(70, fans_user_num="many"), "fans_user_num 'many' is not a number"),
    "days": ("user", user_row(70, register_days=-1), "register_days -1 is not in 0 to"),
    "user twice": ("user", user_row(9), "user_id 9 stands on an earlier line"),
}


@pytest.mark.parametrize("name", BAD_ENTITIES)
def test_a_row_of_a_table_is_rejected(name, by_hand, tmp_path):
    table, row, problem = BAD_ENTITIES[name]
    path = (
        by_hand
        / {"user": "user_features_pure.csv", "video": "video_features_basic_pure.csv"}[table]
    )
    with path.open("a") as file:
        file.write(",".join(f'"{value}"' for value in row.values()) + "\n")
    with pytest.raises(DatasetError) as caught:
        _prepare(by_hand, tmp_path / "out")
    assert f"{path.name}: 1 of 4 rows rejected" in str(caught.value)
    assert f"line 5: {problem}" in str(caught.value)


def _drop(name):
    return lambda raw: (raw / name).unlink()


def _cut(name, num_bytes):
    return lambda raw: (raw / name).write_bytes((raw / name).read_bytes()[:num_bytes])


def _without_column(name, column):
    def change(raw):
        text = (raw / name).read_text()
        (raw / name).write_text(text.replace(f",{column}", "", 1))

    return change


DAMAGES = {
    "no users": (_drop("user_features_pure.csv"), "no file 'user_features_pure.csv' in it"),
    "no log": (
        lambda raw: [path.unlink() for path in raw.glob("log_*")],
        "no log of KuaiRand in it, such as log_standard_4_08_to_4_21_pure.csv; it has: user_",
    ),
    "no column": (_without_column(f"log_{FIRST}.csv", "is_hate"), "it lacks is_hate; expected"),
    "cut within a row": (_cut(f"log_{SECOND}.csv", -9), "1 of 2 rows rejected"),
    "cut to its header": (_cut("video_features_basic_pure.csv", 133), "it holds no rows"),
    "empty": (_cut(f"log_{FIRST}.csv", 0), f"log_{FIRST}.csv: empty file: it holds no rows"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_missing_or_cut_off_is_said(name, by_hand, tmp_path):
    change, said = DAMAGES[name]
    change(by_hand)
    with pytest.raises(DatasetError) as caught:
        _prepare(by_hand, tmp_path / "out")
    assert said in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("kuairand-pure", {"negatives": 2}, "negatives must be 0, got 2"),
        ("kuairand-pure", {"split": "published"}, "no split 'published' of it; there are: global"),
        ("kuairand-1k", {}, "no log of KuaiRand in it, such as log_standard_4_08_to_4_21_1k.csv"),
    ],
)
def test_options_that_do_not_fit_are_refused(name, options, said, by_hand, tmp_path):
    with pytest.raises(DatasetError, match=said):
        _prepare(by_hand, tmp_path / "out", name, **options)


def test_without_a_source_it_says_what_to_do(tmp_path):
    with pytest.raises(DatasetError, match="not fetched by the program; name the folder"):
        prepare("kuairand-pure", tmp_path / "out", options=Options(cache=tmp_path))


def test_the_large_edition_is_read_part_by_part(tmp_path):
    row = {"users": [user_row(1)], "videos": [video_row(2)]}
    logs = {
        f"standard_{days}_27k_part{part}": [log_row(1, 2, START_MS + n * HOUR_MS, is_click=1)]
        for n, (days, part) in enumerate(
            [("4_08_to_4_21", 1), ("4_08_to_4_21", 2), ("4_22_to_5_08", 1)]
        )
    }
    raw = write_kuairand(tmp_path / "raw", logs, size="27k", **row)
    manifest = _prepare(raw, tmp_path / "out", "kuairand-27k", boundaries=("0.4", "0.7"))
    assert manifest["missing_files"] == ["log_standard_4_22_to_5_08_27k_part2.csv"]
    assert [row["clicked_items"] for row in _rows(tmp_path / "out")] == [[], [2], [2, 2]]


@pytest.mark.parametrize("split", ["global-temporal", "user-temporal", "random", "window"])
def test_rows_do_not_depend_on_how_they_are_cut(split, tmp_path, monkeypatch):
    raw = write_random(tmp_path / "raw")
    options = {"split": split, "window_days": 0.25, "history": 3}
    _prepare(raw, tmp_path / "one", **options)
    monkeypatch.setattr("ranker.datasets.read.text._BLOCK_BYTES", 300)
    monkeypatch.setattr("ranker.datasets.read.external_sort._HOUR_MS", 2 * HOUR_MS)
    monkeypatch.setattr("ranker.datasets.write.parquet.GROUP_ROWS", 5)
    monkeypatch.setattr("ranker.datasets.write.vocabularies._SCAN_ROWS", 4)
    _prepare(raw, tmp_path / "other", **options)
    for part, table in _tables(tmp_path / "one").items():
        assert table.equals(_tables(tmp_path / "other")[part])
    one, other = (read_schema(tmp_path / name / "schema.toml") for name in ("one", "other"))
    for mine, theirs in zip(
        (*one.features, *one.tasks), (*other.features, *other.tasks), strict=True
    ):
        assert mine.mean == pytest.approx(theirs.mean, rel=1e-12)
        assert mine.standard_deviation == pytest.approx(theirs.standard_deviation, rel=1e-12)
    for path in (tmp_path / "one" / "vocabularies").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / "vocabularies" / path.name).read_bytes()


def test_what_is_prepared_is_what_the_trainer_takes(tmp_path):
    _prepare(write_random(tmp_path / "raw"), tmp_path / "out")
    schema = read_schema(tmp_path / "out" / "schema.toml")
    assert [f.name for f in schema.features if f.past_of == "user_id"] == ["clicked_items"]
    for part, table in _tables(tmp_path / "out").items():
        assert check_split(tmp_path / "out" / f"{part}.parquet", schema).num_rejected == 0
        assert (np.diff(table["timestamp"].to_numpy()) >= 0).all()
    names = [path.name for path in (tmp_path / "out").iterdir()]
    assert sorted(names) == sorted(
        ["manifest.json", "schema.toml", "vocabularies", *(f"{part}.parquet" for part in PARTS)]
    )


@pytest.mark.parametrize(("past", "reaches"), [("all", True), ("train", False)])
def test_clicks_after_training_reach_features_only_if_they_may(past, reaches, tmp_path):
    raw = write_random(tmp_path / "raw")
    _prepare(raw, tmp_path / "one", past=past)
    cut = _tables(tmp_path / "one")["validation"]["timestamp"][0].as_py() * 1_000
    for path in raw.glob("log_*"):
        head, *lines = [line.split(",") for line in path.read_text().splitlines()]
        for line in lines:
            if int(line[4]) >= cut:
                line[5] = str(1 - int(line[5]))  # is_click
        path.write_text("".join(",".join(line) + "\n" for line in [head, *lines]))
    _prepare(raw, tmp_path / "other", past=past)
    one, other = _tables(tmp_path / "one"), _tables(tmp_path / "other")
    assert one["train"].equals(other["train"])
    assert one["test"]["click"] != other["test"]["click"]
    assert (one["test"]["clicked_items"] != other["test"]["clicked_items"]) == reaches
