"""The manifest: what it says of the folder, of what was missing, and of rows that fall short."""

import dataclasses
import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from census_files import write_census
from kuairand_files import write_random
from movielens_files import make_world, write_csv, write_double_colon, write_pipe
from shop_files import write_byterec

from ranker.datasets import DatasetError, Options, prepare
from ranker.datasets.catalogue import DATASETS
from ranker.schema import read_schema

WRITERS = {"movielens-100k": write_pipe, "movielens-20m": write_csv}


def _prepare(tmp_path: Path, name: str = "movielens-100k", **options) -> tuple[Path, dict]:
    step = 1.0 if name == "movielens-100k" else 0.5
    if not (tmp_path / "raw").exists():
        WRITERS[name](tmp_path / "raw", make_world(num_users=8, num_items=30, step=step))
    folder = tmp_path / "data"
    manifest = prepare(name, folder, options=Options(source=tmp_path / "raw", **options))
    return folder, dict(manifest)


@pytest.mark.parametrize("name", ["movielens-100k", "movielens-20m"])
def test_the_manifest_has_the_digest_of_every_file_but_itself(name, tmp_path):
    folder, manifest = _prepare(tmp_path, name)
    files = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    del files["manifest.json"]
    found = {name: hashlib.sha256(p.read_bytes()).hexdigest() for name, p in files.items()}
    assert manifest["digests"] == found
    assert list(manifest["digests"]) == sorted(found)
    assert {"schema.toml", "train.parquet", "vocabularies/user_id.txt"} <= found.keys()


@pytest.mark.parametrize("options", [{}, {"negatives": 2}])
@pytest.mark.parametrize(
    ("share", "is_told"), [(1, False), (0.995, False), (0.5, True), (1.5, True), (100, True)]
)
def test_more_or_fewer_rows_than_were_published_are_in_the_manifest(
    share, is_told, options, tmp_path, monkeypatch
):
    """`share`: of the rows that are in the file, those that were published."""
    (tmp_path / "raw").mkdir()
    world = make_world(num_users=60, num_items=40)
    write_pipe(tmp_path / "raw", world)
    num_read = len(world.ratings)
    edition = dataclasses.replace(DATASETS["movielens-100k"], num_rows=round(share * num_read))
    monkeypatch.setitem(DATASETS, "movielens-100k", edition)
    _, manifest = _prepare(tmp_path, **options)
    told = {"not_whole": {"read": num_read, "published": edition.num_rows}} if is_told else {}
    assert {n: v for n, v in manifest.items() if n == "not_whole"} == told


TAGS = {
    "none": (None, True),
    "a header": (b"userId,movieId,tag,timestamp\r\n", False),
    "a header without an end": (b"userId,movieId,tag,timestamp", False),
}


@pytest.mark.parametrize("tags", TAGS)
def test_tags_are_not_asked_for(tags, tmp_path):
    content, is_absent = TAGS[tags]
    raw = write_csv(tmp_path / "raw", make_world(num_users=8, num_items=30, step=0.5))
    (raw / "tags.csv").unlink()
    if content is not None:
        (raw / "tags.csv").write_bytes(content)
    folder, manifest = _prepare(tmp_path, "movielens-20m")
    names = [feature.name for feature in read_schema(folder / "schema.toml").features]
    assert ("tags" in names) == (not is_absent)
    assert manifest.get("missing_files", []) == (["tags.csv"] if is_absent else [])
    if not is_absent:
        assert (folder / "vocabularies" / "tags.txt").read_bytes() == b""
        assert set(map(tuple, pq.read_table(folder / "train.parquet")["tags"].to_pylist())) == {()}


@pytest.mark.parametrize("content", [b"", b"userId,movieId\r\n"])
def test_tags_without_their_header_are_an_error(content, tmp_path):
    raw = write_csv(tmp_path / "raw", make_world(num_users=8, num_items=30, step=0.5))
    (raw / "tags.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=r"tags\.csv"):
        _prepare(tmp_path, "movielens-20m")


def test_tags_of_10m_may_be_none_or_nothing(tmp_path):
    raw = write_double_colon(
        tmp_path / "raw", make_world(num_users=8, num_items=30, step=0.5), encoding="utf-8"
    )
    (raw / "tags.dat").write_bytes(b"")
    _prepare(tmp_path, "movielens-10m")
    (raw / "tags.dat").unlink()
    assert _prepare(tmp_path, "movielens-10m")[1]["missing_files"] == ["tags.dat"]


@pytest.mark.parametrize(
    ("name", "write", "published"),
    [
        ("census-income", write_census, 299_285),
        ("kuairand-pure", write_random, 1_436_609),
        ("byterec", write_byterec, 0),  # nobody counted its rows
    ],
)
def test_the_rows_that_count_are_those_of_the_examples(name, write, published, tmp_path):
    raw = write(tmp_path / "raw", num_rows=60)
    manifest = prepare(name, tmp_path / "data", options=Options(source=raw))
    examples = ("census-income.", "log_standard_")
    counts = [of["read"] for file, of in manifest["files"].items() if file.startswith(examples)]
    told = {"read": sum(counts), "published": published}
    assert manifest.get("not_whole") == (told if published else None)
