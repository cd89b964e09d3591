"""Every dataset has a config, and the config fits what is prepared from files of its format."""

from functools import partial
from pathlib import Path

import pytest
from census_files import write_census
from kuairand_files import write_random
from movielens_files import make_world, write_csv, write_double_colon, write_pipe
from shop_files import write_aliccp, write_byterec, write_joined
from table_files import write_table

from ranker import wiring
from ranker.datasets import Options, Simulation, names, prepare
from ranker.datasets.catalogue import dataset_of
from ranker.schema import read_schema
from ranker.spec import load
from ranker.spec.run import RunConfig
from ranker.train import check_monitor
from ranker.wiring.model import build_model

CONFIGS = Path(__file__).parents[2] / "configs"
OTHER_FOLDER = {  # of the same format, with another config's: --set=data.path
    **{f"aliexpress-{country}": "aliexpress-nl" for country in ("es", "fr", "us", "ru")},
    **{f"kuairand-{size}": "kuairand-pure" for size in ("1k", "27k")},
    "movielens-latest": "movielens-32m",
}


def _ratings(folder, *, write, step=0.5):
    return write(folder, make_world(num_users=8, num_items=30, step=step))


WRITERS = {
    "movielens-100k": partial(_ratings, write=write_pipe, step=1.0),
    "movielens-1m": partial(_ratings, write=write_double_colon, step=1.0),
    "movielens-10m": partial(_ratings, write=partial(write_double_colon, encoding="utf-8")),
    **{
        f"movielens-{edition}": partial(_ratings, write=write_csv)
        for edition in ("20m", "25m", "32m", "latest-small")
    },
    "aliexpress-nl": write_joined,
    "ali-ccp": write_aliccp,
    "byterec": write_byterec,
    "census-income": partial(write_census, num_rows=60),
    "kuairand-pure": write_random,
    "movielens-like": lambda folder: None,  # made up: there are no files
    "table": write_table,
}


def _config(name):
    path = CONFIGS / f"{name.replace('-', '_')}.toml"
    return load.load(path, [], RunConfig)


def test_every_dataset_has_a_config_and_is_tried():
    own = {name for name in names() if dataset_of(name).load.startswith("ranker.")}  # no plugin's
    assert {*WRITERS, *OTHER_FOLDER} == own
    for name in WRITERS:
        assert _config(name).data.path == f"data/{name}"
    assert set(OTHER_FOLDER.values()) <= WRITERS.keys()


@pytest.mark.parametrize("name", WRITERS)
def test_a_config_fits_its_dataset(name, tmp_path):
    source = WRITERS[name](tmp_path / "raw")
    simulation = None if source else Simulation(rows=200, users=9, items=9)
    spec = source / "spec.toml" if name == "table" else None
    options = Options(source=source, simulation=simulation, spec=spec)
    prepare(name, tmp_path / "data", options=options)
    config = _config(name)
    schema = wiring.select(read_schema(tmp_path / "data" / "schema.toml"), config.data)
    rows = {vocabulary: size + 1 for vocabulary, size in schema.vocabularies.items()}
    assert build_model(config, schema, rows).variables
    check_monitor(config.train.monitor, schema.tasks)
