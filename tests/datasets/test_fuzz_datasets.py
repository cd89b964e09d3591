"""Whatever the raw files hold, `prepare` writes rows that the trainer takes, or one sentence."""

import shutil

import pytest
from census_files import write_census
from fuzz import fuzz, mutated
from hypothesis import strategies as st
from kuairand_files import write_random
from movielens_files import (
    make_world,
    write_csv,
    write_double_colon,
    write_pipe,
    write_recbole,
    zipped,
)
from shop_files import write_aliccp, write_byterec, write_joined, write_published

from ranker.datasets import DatasetError, Options, prepare
from ranker.datasets.public.movielens.editions import EDITIONS
from ranker.input import check_split
from ranker.schema import read_schema

pytestmark = pytest.mark.runs

LAYOUTS = {
    "movielens-100k": write_pipe,
    "movielens-1m": write_double_colon,
    "movielens-10m": lambda folder, world: write_double_colon(folder, world, encoding="utf-8"),
}
OTHERS = {
    "kuairand-pure": lambda folder: write_random(folder, num_rows=30),
    "census-income": lambda folder: write_census(folder, num_rows=8),
}
SHOPS = {
    "aliexpress-nl": lambda folder: write_joined(folder, num_rows=6),
    "aliexpress-ru": lambda folder: write_published(folder, "ru"),
    "ali-ccp": lambda folder: write_aliccp(folder, num_rows=6),
    "byterec": lambda folder: write_byterec(folder, num_rows=20),
}
BUDGETS = [
    pytest.param(1, id="unit"),
    pytest.param(15, id="long", marks=pytest.mark.slow),
]
PARTS = ("train", "validation", "test")


def check_prepared(name, source, folder, max_rejected_rows):
    """Prepares from `source`, and holds what is in `folder` then to whole or nothing."""
    chosen = {"split": "random", "negatives": 1} if name in EDITIONS else {}
    options = Options(source=source, max_rejected_rows=max_rejected_rows, **chosen)
    said = None
    try:
        prepare(name, folder / "out", options=options)
    except DatasetError as error:
        said = str(error)
    if said is None:
        schema = read_schema(folder / "out" / "schema.toml")
        for part in PARTS:
            assert check_split(folder / "out" / f"{part}.parquet", schema).num_rejected == 0
        assert (folder / "out" / "manifest.json").exists()
        shutil.rmtree(folder / "out")
    else:
        assert len(said.splitlines()) == 1, said
        assert len(said) < 3_000
    assert {path.name for path in folder.iterdir()} <= {"raw", "x.zip"}  # whole, or nothing


def raw_files(folder, name, writer):
    if name not in EDITIONS:
        writer(folder)
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    world = make_world(step=EDITIONS[name].step, num_users=4, num_items=9)
    return {path.name: path.read_bytes() for path in sorted(writer(folder, world).iterdir())}


WRITERS = {
    **{name: (name, LAYOUTS.get(name, write_csv)) for name in EDITIONS},
    "recbole": ("movielens-100k", write_recbole),
    **{name: (name, writer) for name, writer in OTHERS.items()},
}
# Editions that share a layout share a reader: long, one of them stands for all.
ALIKE = [name for name in EDITIONS if name not in (*LAYOUTS, "movielens-latest")]
FORMATS = [
    pytest.param(*WRITERS[name], *budget.values, id=f"{name}-{budget.id}", marks=budget.marks)
    for name in WRITERS
    for budget in BUDGETS
    if budget.id == "unit" or name not in ALIKE
]
FORMATS += [pytest.param(name, writer, 1, id=name) for name, writer in SHOPS.items()]


@pytest.mark.parametrize(("name", "writer", "budget"), FORMATS)
def test_injured_files(name, writer, budget, tmp_path):
    raw = tmp_path / "raw"
    whole = raw_files(raw, name, writer)

    def check(case):
        (file, data), max_rejected_rows = case
        (raw / file).write_bytes(data)
        check_prepared(name, raw, tmp_path, max_rejected_rows)
        (raw / file).write_bytes(whole[file])

    cases = st.sampled_from(list(whole)).flatmap(
        lambda file: st.tuples(st.just(file), mutated(whole[file]))
    )
    shares = st.sampled_from((0.0, 0.3, 0.99))
    fuzz(
        "MovieLens files" if name in EDITIONS else f"{name} files",
        st.tuples(cases, shares),
        check,
        num_cases=20 * budget,
    )


@pytest.mark.parametrize("budget", BUDGETS)
def test_injured_archives(budget, tmp_path):
    world = make_world(step=1.0, num_users=4, num_items=9)
    whole = zipped(write_pipe(tmp_path / "raw", world), tmp_path / "x.zip").read_bytes()

    def check(data):
        (tmp_path / "x.zip").write_bytes(data)
        check_prepared("movielens-100k", tmp_path / "x.zip", tmp_path, 0.3)

    fuzz("archives", mutated(whole), check, num_cases=100 * budget)
