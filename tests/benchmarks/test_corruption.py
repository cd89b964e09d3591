"""Damages that damage, the same ones each time, and verdicts on what a program did."""

import random

import pyarrow.parquet as pq
import pytest
from tiny_dataset import tiny_table

from benchmarks import corruption, damages
from benchmarks.corruption import Case, Found, verdict
from benchmarks.warm import Ended

SAID = "Building\nevaluate: run/checkpoints/best: damaged: state.json: not as it was written\n"
PATH = "run/checkpoints/best/state.json"


def make(folder, seed):
    """Writes a file of each sort, and a folder, that another seed has otherwise."""
    (folder / "words").mkdir(parents=True)
    (folder / "words/a.txt").write_text(f"{seed}\n")
    (folder / "schema.toml").write_text("".join(f"name = {n + seed}\n" for n in range(9)))
    (folder / "model.pb").write_bytes(random.Random(seed).randbytes(3000))
    pq.write_table(tiny_table(60, seed), folder / "train.parquet")
    return folder


def content(path):
    if path.is_dir():
        return {each.name: each.read_bytes() for each in path.iterdir()}
    return path.read_bytes() if path.exists() else None


@pytest.mark.parametrize("name", ["words", "schema.toml", "model.pb", "train.parquet"])
def test_every_damage_damages_and_is_the_same_each_time(name, tmp_path):
    kinds = damages.kinds(make(tmp_path, 0) / name)
    other = make(tmp_path / "other", 1) / name
    assert len(kinds) == {"words": 4, "schema.toml": 13, "model.pb": 10, "train.parquet": 13}[name]
    for kind in kinds:
        ends = []
        for draw in (0, 0, 1):
            path = make(tmp_path / f"{kind} {len(ends)}", 0) / name
            before = content(path)
            assert damages.inflict(kind, path, [other], random.Random(draw)), kind
            ends.append(content(path))
            assert ends[-1] != before, kind
        assert ends[0] == ends[1], kind
        if kind == "replace":
            assert ends[0] == content(other)


def test_what_would_change_nothing_is_no_damage(tmp_path):
    (tmp_path / "a.txt").write_text("1\n1\n")
    for kind, others in (("swap lines", []), ("replace", [tmp_path / "a.txt"]), ("replace", [])):
        assert not damages.inflict(kind, tmp_path / "a.txt", others, random.Random(0))
    (tmp_path / "none").write_bytes(b"")
    for kind in damages.kinds(tmp_path / "none"):
        damages.inflict(kind, tmp_path / "none", [], random.Random(0))
        (tmp_path / "none").rmdir() if kind == "folder" else None
        (tmp_path / "none").write_bytes(b"")


@pytest.mark.parametrize(
    ("ended", "is_same", "said"),
    [
        (Ended(0, "", ""), True, "same"),
        (Ended(0, "", "state.json was replaced\n"), True, "same"),
        (Ended(0, "", ""), False, "silent"),
        (Ended(3, "", "train: gone\n"), False, "silent"),
        (Ended(0, "", "Other rows: state.json\nDone\n"), False, "told"),
        (Ended(0, "", "I0000 00:00:17 1 loader.cc:1] state.json\n"), False, "silent"),
        (Ended(2, "", SAID), False, "refused"),
        (Ended(2, "", "evaluate: it is damaged\n"), False, "unnamed"),
        (Ended(2, "", "state.json\n"), False, "unnamed"),  # no sentence of the program's
        (Ended(2, "", "Traceback (most recent call last):\n" + SAID), False, "traceback"),
        (Ended(1, "", "OpError: state.json\n"), False, "traceback"),
        (Ended(-11, "", ""), False, "traceback"),
        (Ended(None, "", SAID), False, "hang"),
    ],
)
def test_the_verdict_is_on_exit_code_last_line_and_result(ended, is_same, said):
    assert verdict(ended, "evaluate", PATH, is_same=is_same) == said


def test_a_table_counts_by_kind_of_file():
    paths = ("cut/checkpoints/000000000020/state.json", "done/checkpoints/000000000038/state.json")
    cases = [Case(0, "resume", paths[0], "zero"), Case(1, "again", paths[1], "zero")]
    found = [Found(cases[0], "same", ""), Found(cases[1], "silent", "")]
    found.append(Found(Case(2, "evaluate", "data/schema.toml", "zero"), "refused", ""))
    assert list(corruption.table(found))[2:] == [
        "| data/schema.toml | 1 | 0 | 0 | 1 | 0 | 0 | 0 | 0 |",
        "| run/checkpoints/N/state.json | 2 | 1 | 0 | 0 | 0 | 1 | 0 | 0 |",
        "| all | 3 | 1 | 0 | 1 | 0 | 1 | 0 | 0 |",
    ]
