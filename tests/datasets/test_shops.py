"""AliExpress, Ali-CCP and ByteRec: every kind of column by hand, and what is rejected."""

import math

import pyarrow.parquet as pq
import pytest
from shop_files import (
    OWN,
    entries,
    impression,
    joined_row,
    shared,
    view,
    write_aliccp,
    write_byterec,
    write_joined,
    write_published,
)

from ranker.datasets import DatasetError, Options, prepare
from ranker.datasets.public.aliexpress.examples import JOINED
from ranker.input import check_split
from ranker.schema import read_schema

PARTS = ("train", "validation", "test")
WRITERS = {
    "aliexpress-nl": write_joined,
    "aliexpress-ru": lambda folder: write_published(folder, "ru"),
    "ali-ccp": write_aliccp,
    "byterec": write_byterec,
}


def made(name, raw, folder, **options):
    manifest = prepare(name, folder, options=Options(source=raw, **options))
    return manifest, {part: pq.read_table(folder / f"{part}.parquet") for part in PARTS}


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_prepared_is_what_the_trainer_takes(name, tmp_path):
    raw = WRITERS[name](tmp_path / "raw")
    manifest, tables = made(name, raw, tmp_path / "out")
    schema = read_schema(tmp_path / "out" / "schema.toml")
    columns = [column.name for column in (*schema.features, *schema.tasks)]
    for part in PARTS:
        assert check_split(tmp_path / "out" / f"{part}.parquet", schema).num_rejected == 0
        assert tables[part].column_names == [*columns, "timestamp"]
    assert not any(f.past_of for f in schema.features)  # no row has a time
    assert list(manifest["labels"]) == [task.name for task in schema.tasks]
    assert all(account["rejected"] == {} for account in manifest["files"].values())


@pytest.mark.parametrize("name", WRITERS)
def test_a_row_by_itself_reads_as_one_in_a_block(name, tmp_path, monkeypatch):
    raw = WRITERS[name](tmp_path / "raw")
    _, one = made(name, raw, tmp_path / "one")
    monkeypatch.setattr("ranker.datasets.read.text._BLOCK_BYTES", 700)
    _, other = made(name, raw, tmp_path / "other")
    assert all(one[part].equals(other[part]) for part in PARTS)


@pytest.mark.parametrize("name", ["aliexpress-nl", "ali-ccp"])
def test_the_published_test_file_is_halved_by_the_seed(name, tmp_path):
    raw = WRITERS[name](tmp_path / "raw", num_rows=60)
    manifest, one = made(name, raw, tmp_path / "one")
    _, other = made(name, raw, tmp_path / "other", seed=1)
    assert len(one["train"]) == 60
    assert len(one["validation"]) + len(one["test"]) == 60
    assert min(len(one["validation"]), len(one["test"])) > 15
    assert one["train"].equals(other["train"])
    assert not one["test"].equals(other["test"])
    assert "half, drawn by seed 0, is validation" in manifest["split"]


def test_aliexpress_by_hand(tmp_path):
    raw = write_joined(tmp_path / "raw")
    text = ",".join(JOINED) + "\n" + joined_row() + joined_row(click=1)
    (raw / "train.csv").write_text(text + joined_row(click=1, conversion=1, categorical_2=-5))
    manifest, tables = made("aliexpress-nl", raw, tmp_path / "out")
    shown, clicked, bought = tables["train"].to_pylist()
    assert [(row["click"], row["ctcvr"]) for row in (shown, clicked, bought)] == [
        (0.0, 0.0), (1.0, 0.0), (1.0, 1.0)
    ]  # fmt: skip
    assert (shown["categorical_1"], shown["categorical_16"], bought["categorical_2"]) == (1, 16, -5)
    assert math.isclose(shown["numerical_63"], 0.63, rel_tol=1e-6)
    assert {shown["user_id"], shown["item_id"], shown["timestamp"]} == {0}
    assert manifest["rows"]["train"]["mean_ctcvr"] == 0.333333


def test_both_layouts_of_aliexpress_give_the_same_rows(tmp_path):
    _, joined = made("aliexpress-nl", write_joined(tmp_path / "one"), tmp_path / "joined")
    _, published = made("aliexpress-nl", write_published(tmp_path / "two"), tmp_path / "published")
    assert all(joined[part].equals(published[part]) for part in PARTS)


def test_aliccp_by_hand(tmp_path):
    raw = write_aliccp(tmp_path / "raw")
    (raw / "common_features_train.csv").write_text(shared() + shared("b1", [("121", 7, 1.0)]))
    bought = impression(2, conversion=1, key="b1", own=[*OWN, ("205", 11, 1.0)])
    (raw / "sample_skeleton_train.csv").write_text(impression(click=0) + bought)
    _, tables = made("ali-ccp", raw, tmp_path / "out", history=1)
    first, second = tables["train"].to_pylist()
    assert (first["click"], first["ctcvr"], second["click"], second["ctcvr"]) == (0, 0, 1, 1)
    assert (first["user_id"], first["gender"], first["profile"]) == (3, 1, 0)
    assert (second["user_id"], second["gender"], second["profile"]) == (0, 0, 7)
    assert first["past_categories"] == [4]  # 1.5 weighs more than 0.5, and one is kept
    assert second["past_categories"] == []
    assert (first["item_id"], second["item_id"]) == (9, 11)  # of two the last
    assert (first["category"], first["brand"], first["position"]) == (8, 0, 2)
    assert (first["user_category"], first["user_category_weight"]) == (5, 2.5)
    assert (first["user_shop"], first["user_shop_weight"]) == (0, 0.0)


def test_aliccp_orders_a_past_by_weight(tmp_path):
    raw = write_aliccp(tmp_path / "raw")
    past = [("109_14", 6, 0.5), ("109_14", 4, 1.5), ("110_14", 2, 9.0), ("109_14", 5, 0.5)]
    (raw / "common_features_train.csv").write_text(shared("a0", past))
    (raw / "sample_skeleton_train.csv").write_text(impression())
    _, tables = made("ali-ccp", raw, tmp_path / "out")
    row = tables["train"].to_pylist()[0]
    assert row["past_categories"] == [4, 6, 5]
    assert row["past_shops"] == [2]


def test_byterec_by_hand(tmp_path):
    raw = write_byterec(tmp_path / "raw", num_rows=9)
    with (raw / "final_track2_train.txt").open("a") as file:
        file.write(view(time=1) + view(time=53_999_999_999, finish=1, like=0, seconds=42))
    manifest, tables = made(
        "byterec", raw, tmp_path / "out", split="global-temporal", boundaries=("0.5", "0.9")
    )
    oldest, newest = tables["train"].to_pylist()[0], tables["test"].to_pylist()[-1]
    assert oldest == {
        "user_id": 37448, "user_city": 115, "item_id": 567569, "author_id": 44888,
        "item_city": 42, "channel": 0, "music_id": -1, "device_id": 43981,
        "duration_seconds": 9.0, "finish": 0.0, "like": 1.0, "timestamp": 1,
    }  # fmt: skip
    assert (newest["finish"], newest["like"], newest["duration_seconds"]) == (1.0, 0.0, 42.0)
    assert [row["rows"] for row in manifest["rows"].values()] == [5, 4, 2]
    _, shuffled = made("byterec", raw, tmp_path / "random")
    assert [len(shuffled[part]) for part in PARTS] == [9, 1, 1]


ITEM, PAGE = "nl_item_test.csv", "nl_user_test.csv"
SKELETON, COMMON = "sample_skeleton_test.csv", "common_features_test.csv"
VIEWS = "final_track2_train.txt"
BAD = {
    "label": (write_joined, "test.csv", joined_row(click=2), "label", "click 2 is not in 0 to 1"),
    "unclicked": (
        write_joined, "test.csv", joined_row(conversion=1), "label", "conversion is 1 and click 0",
    ),
    "number": (
        write_joined, "test.csv", joined_row(numerical_3="x"), "number", "numerical_3 'x' is not",
    ),
    "huge": (
        write_joined, "test.csv", joined_row(numerical_3=1e7), "range", "numerical_3 1e+07 is not",
    ),
    "columns": (write_joined, "test.csv", "1,2\n", "columns", "2 columns in place of 82"),
    "item label": (
        write_published, ITEM, "0" + ",0" * 47 + ",3\n", "label", "label 3 is not in 0 to 2",
    ),
    "no page": (
        write_published, ITEM, "99" + ",0" * 48 + "\n", "unknown_page",
        "page 99 is not in nl_user_test.csv",
    ),
    "two pages": (
        write_published, PAGE, "5" + ",0" * 32 + "\n", "duplicate", "page 5 stands on an earlier",
    ),
    "ccp label": (write_aliccp, SKELETON, impression(click=2), "label", "click 2 is not in 0 to 1"),
    "ccp unclicked": (
        write_aliccp, SKELETON, impression(click=0, conversion=1), "label",
        "conversion is 1 and click 0",
    ),
    "ccp key": (
        write_aliccp, SKELETON, impression(key="zz"), "unknown_common",
        "common features 'zz' are in no line of their file",
    ),
    "ccp entry": (
        write_aliccp, SKELETON, impression(own="205\x029"), "features", "features '205\\x029': not",
    ),
    "ccp nothing": (write_aliccp, SKELETON, impression(own=""), "features", "features '': not"),
    "ccp id": (
        write_aliccp, SKELETON, impression(own=entries(("205", -1, 1.0))), "features",
        "features '205\\x02-1\\x031.0': not",
    ),
    "ccp weight": (
        write_aliccp, SKELETON, impression(own=entries(("205", 1, 2e6))), "features",
        "features '205\\x021\\x032000000.0': not",
    ),
    "ccp common": (
        write_aliccp, COMMON, shared("b2", "101\x02x\x031"), "features", "features '101\\x02x",
    ),
    "ccp twice": (write_aliccp, COMMON, shared("a1"), "duplicate", "'a1' stands on an earlier li"),
    "finish": (write_byterec, VIEWS, view(finish=2), "label", "finish 2 is not in 0 to 1"),
    "city": (write_byterec, VIEWS, view(user_city=-2), "range", "user_city -2 is not in -1 to"),
    "user": (write_byterec, VIEWS, view(uid=-1), "id", "uid -1 is not in 0 to 2147483647"),
    "long": (write_byterec, VIEWS, view(seconds=86_401), "range", "video_duration 86401 is not in"),
    "time": (write_byterec, VIEWS, view(time=-1), "timestamp", "creat_time -1 is not in 0 to"),
    "tabs": (write_byterec, VIEWS, "1\t2\n", "columns", "2 columns in place of 12"),
}  # fmt: skip
NAMES = {write_joined: "aliexpress-nl", write_published: "aliexpress-nl"}
NAMES |= {write_aliccp: "ali-ccp", write_byterec: "byterec"}


@pytest.mark.parametrize("case", BAD)
def test_a_row_is_rejected_with_file_line_and_reason(case, tmp_path):
    writer, file, line, reason, problem = BAD[case]
    raw = writer(tmp_path / "raw")
    with (raw / file).open("a") as stream:
        stream.write(line)
    number = len((raw / file).read_text().splitlines())
    with pytest.raises(
        DatasetError, match=r"1 of [0-9]+ rows rejected, more than max_rejected_rows"
    ):
        made(NAMES[writer], raw, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    manifest, _ = made(NAMES[writer], raw, tmp_path / "out", max_rejected_rows=0.3)
    rejected = manifest["files"][file]["rejected"]
    assert rejected.keys() == {reason}
    assert rejected[reason]["first"].startswith(f"{file}, line {number}: {problem}")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("aliexpress-nl", "test.csv"),
        ("aliexpress-ru", "ru_user_train.csv"),
        ("ali-ccp", "common_features_train.csv"),
        ("byterec", "final_track2_train.txt"),
    ],
)
def test_a_missing_file_is_said(name, file, tmp_path):
    raw = WRITERS[name](tmp_path / "raw")
    (raw / file).unlink()
    with pytest.raises(DatasetError, match=f"no file '{file}' in it"):
        made(name, raw, tmp_path / "out")


def test_a_repeated_key_is_told_with_its_line_behind_a_bad_one(tmp_path):
    raw = write_aliccp(tmp_path / "raw")
    with (raw / "common_features_test.csv").open("a") as stream:
        stream.write("\n" + shared("b2", "101") + shared("a1"))
    manifest, _ = made("ali-ccp", raw, tmp_path / "out", max_rejected_rows=0.5)
    rejected = manifest["files"]["common_features_test.csv"]["rejected"]
    assert rejected["duplicate"]["first"].startswith("common_features_test.csv, line 6: 'a1'")
