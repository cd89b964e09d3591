"""Whatever a table's files or its spec hold: rows that the trainer takes, or one sentence."""

import shutil

import pytest
from fuzz import fuzz, mutated
from hypothesis import strategies as st
from table_files import write_table

from ranker.datasets import DatasetError, Options, prepare
from ranker.datasets.table.expressions import Expression
from ranker.input import check_split
from ranker.schema import read_schema

pytestmark = pytest.mark.runs

PARTS = ("train", "validation", "test")


def check_prepared(raw, folder, max_rejected_rows):
    """Prepares what is in `raw`, and holds `folder` then to whole or nothing."""
    said = None
    options = Options(source=raw, spec=raw / "spec.toml", max_rejected_rows=max_rejected_rows)
    try:
        prepare("table", folder / "out", options=options)
    except DatasetError as error:
        said = str(error)
    if said is None:
        schema = read_schema(folder / "out" / "schema.toml")
        for part in PARTS:
            assert check_split(folder / "out" / f"{part}.parquet", schema).num_rejected == 0
        shutil.rmtree(folder / "out")
    else:
        assert len(said.splitlines()) == 1, said
        assert len(said) < 6_000
    assert {path.name for path in folder.iterdir()} <= {"raw"}


@pytest.mark.parametrize(
    ("ending", "budget"),
    [
        *((ending, 1) for ending in ("parquet", "csv", "jsonl")),
        *(
            pytest.param(e, 15, marks=pytest.mark.slow)
            for e in ("parquet", "csv", "jsonl", "csv.gz")
        ),
    ],
)
def test_injured_files_of_a_table(ending, budget, tmp_path):
    raw = write_table(tmp_path / "raw", ending, num_rows=24)
    whole = {path.name: path.read_bytes() for path in raw.iterdir()}

    def check(case):
        (file, data), max_rejected_rows = case
        (raw / file).write_bytes(data)
        check_prepared(raw, tmp_path, max_rejected_rows)
        (raw / file).write_bytes(whole[file])

    cases = st.sampled_from(sorted(whole)).flatmap(
        lambda file: st.tuples(st.just(file), mutated(whole[file]))
    )
    shares = st.sampled_from((0.0, 0.3, 0.99))
    fuzz(f"{ending} tables", st.tuples(cases, shares), check, num_cases=20 * budget)


WORDS = ["click", "`a b`", "1", "0.5", "'x'", "+", "-", "*", "/", "(", ")", "==", "<", "in", "and"]
WORDS += ["or", "not", "abs", "min", ",", "[", "]", ".", "lambda", ":", "if", "else", "**", "f''"]


def test_no_expression_is_more_than_it_may_be():
    def check(words):
        said = ""
        try:
            Expression(" ".join(words))
        except DatasetError as error:
            said = str(error)
        assert len(said.splitlines()) < 2

    fuzz("expressions", st.lists(st.sampled_from(WORDS), max_size=12), check, num_cases=500)
