"""Raw rows of a table: scored as what preparing them with the rest makes of them is."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ranker import serve, wiring
from ranker.datasets import Options, prepare
from ranker.input import read_raw
from ranker.past import Past
from ranker.spec.model import ModelSettings
from ranker.spec.run import DataSettings, RunConfig

pytestmark = pytest.mark.runs

SPEC = """
user = "who"
item = "what"
time = "at"
[source]
files = [FILES]
[split]
boundaries = ["2023-11-15", "2023-11-16"]
[features]
who = "id"
what = "id"
cost = {kind = "number", transform = "quantiles", num_buckets = 3}
[past]
rate = {kind = "rate", of = "click", by = ["who"], window = "12 hours"}
seen = {kind = "last", of = "what", by = ["who"], length = 3}
[tasks]
click = "binary"
"""


def rows(day: int) -> pa.Table:
    random = np.random.default_rng(day)
    second = 1_699_920_000 + 86_400 * day + random.integers(0, 86_000, 60)
    return pa.table(
        {
            "who": pa.array([f"u{i}" for i in random.integers(0, 6, 60)]),
            "what": random.integers(0, 9, 60),
            "cost": random.normal(size=60),
            "at": pa.array(second * 1_000).cast(pa.timestamp("ms", tz="Europe/Zurich")),
            "click": random.integers(0, 2, 60),
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Four days; "past" is prepared of three, "whole" of all."""
    folder = tmp_path_factory.mktemp("raw")
    for day in range(4):
        pq.write_table(rows(day), folder / f"{day}.parquet")
    for name, last in (("past", 3), ("whole", 4)):
        files = ", ".join(f'"{day}.parquet"' for day in range(last))
        (folder / f"{name}.toml").write_text(SPEC.replace("FILES", files))
        options = Options(source=folder, spec=folder / f"{name}.toml")
        prepare("table", folder / name, options=options)
    return folder


@pytest.fixture(scope="module")
def version(folder):
    config = RunConfig(
        data=DataSettings(path=str(folder / "past")),
        model=ModelSettings(embedding_width=4, tower_units=(4,)),
    )
    run = wiring.build_run(config)
    examples = read_raw(folder / "past" / "test.parquet", run.schema, num_rows=3)
    digests = json.loads((folder / "past" / "manifest.json").read_text())["digests"]
    card = {"origin": {"data": digests}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ranker.serve.saved_model.check_in_fresh_process", lambda *_, **__: None)
        return serve.export(
            run.model, run.encoder, run.schema, folder / "export", examples=examples, card=card
        )


@pytest.mark.parametrize("batch_rows", [7, 16_384])
def test_scores_are_those_of_prepared_rows(folder, version, tmp_path, batch_rows, monkeypatch):
    for module in ("made_rows", "rows"):
        monkeypatch.setattr(f"ranker.serve.{module}.BATCH_ROWS", batch_rows)
    past = Past(folder / "past")
    past.check_model(serve.data_of(version), version)
    with past.rows([folder / "3.parquet"], keep=["what", "at"]) as made:
        count = serve.predict(version, folder / "3.parquet", tmp_path / "o.parquet", made=made)
    assert count == 60
    found = pq.read_table(tmp_path / "o.parquet")
    assert found.select(["what", "at"]).equals(rows(3).select(["what", "at"]))
    test = pq.read_table(folder / "whole" / "test.parquet")[-60:]
    by_time = np.argsort(rows(3)["at"].cast(pa.int64()).to_numpy(), kind="stable")
    test = test.take(pa.array(np.argsort(by_time)))  # a score's last bit is of its batch, too
    pq.write_table(test, tmp_path / "prepared.parquet")
    serve.predict(version, tmp_path / "prepared.parquet", tmp_path / "p.parquet", keep=["what"])
    expected = pq.read_table(tmp_path / "p.parquet")
    assert expected["what"].equals(found["what"])
    assert expected["click_score"].equals(found["click_score"])
    assert len(expected["click_score"].unique()) > 10
