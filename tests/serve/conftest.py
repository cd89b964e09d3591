"""An exported model and rows for it."""

import pyarrow.parquet as pq
import pytest

from ranker import serve, wiring
from ranker.input import read_raw
from ranker.schema import read_schema
from ranker.spec.model import ModelSettings
from ranker.spec.run import DataSettings, RunConfig


@pytest.fixture(scope="session")
def run(prepared):
    config = RunConfig(
        seed=5,
        data=DataSettings(path=str(prepared)),
        model=ModelSettings(embedding_width=4, tower_units=(4,)),
    )
    return wiring.build_run(config)


@pytest.fixture(scope="session")
def version(run, prepared, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ranker.serve.saved_model.check_in_fresh_process", lambda *_, **__: None)
        examples = read_raw(prepared / "test.parquet", run.schema, num_rows=3)
        folder = tmp_path_factory.mktemp("exports")
        return serve.export(run.model, run.encoder, run.schema, folder, examples=examples, card={})


@pytest.fixture(scope="session")
def schema(prepared):
    return read_schema(prepared / "schema.toml")


@pytest.fixture(scope="session")
def table(prepared):
    """Twelve rows."""
    return pq.read_table(prepared / "validation.parquet").slice(20, 12)
