"""Names and paths that TensorFlow does not take: trained, exported, served and predicted by all."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from ranker import model, serve, wiring
from ranker.input import read_raw
from ranker.schema import Feature, Schema, Task, read_schema, write_schema
from ranker.serve.manifest import check_manifest
from ranker.serve.plain_path import plain_path
from ranker.spec.model import Mmoe, ModelSettings, Ple, WideSettings
from ranker.spec.run import DataSettings, RunConfig

pytestmark = pytest.mark.runs

NAMES = ["zip code", "Zip Code", "class", "größe", "名前", "%s[*?]"]


def write_named(folder: Path, names: list[str]) -> Path:
    """Writes data in which a feature, its vocabulary and a task each have one of `names`."""
    table = pa.table({"user_id": [1, 2, 3], "item_id": [3, 2, 1], "timestamp": [1, 2, 3]})
    features = [
        Feature(name=name, kind="categorical", dtype="int64", vocabulary=name)
        for name in ("user_id", "item_id")
    ]
    (folder / "vocabularies").mkdir(parents=True)
    tasks = []
    for place, name in enumerate(names):
        features.append(
            Feature(name=name, kind="categorical", dtype="string", vocabulary=f"{name} v")
        )
        tasks.append(Task(name=f"{name} t", kind="binary", minimum=0, maximum=1, mean=0.5))
        texts = [f"v{place}", "other", f"v{place}"]
        table = table.append_column(name, pa.array(texts))
        table = table.append_column(f"{name} t", pa.array([0.0, 1.0, 0.0], pa.float32()))
    sizes = {feature.vocabulary: 2 for feature in features}
    write_schema(
        Schema(dataset="named", features=tuple(features), tasks=tuple(tasks), vocabularies=sizes),
        folder / "schema.toml",
    )
    for place, feature in enumerate(features):
        values = "1\n2\n" if feature.dtype == "int64" else f"v{place - 2}\nother\n"
        (folder / "vocabularies" / f"{feature.vocabulary}.txt").write_text(values, "utf-8")
    for split in ("train", "validation", "test"):
        pq.write_table(table, folder / f"{split}.parquet")
    return folder


@pytest.mark.parametrize("sharing", ["mmoe", "ple"])
def test_names_that_a_graph_does_not_take_are_trained_exported_and_served(
    tmp_path, monkeypatch, sharing
):
    monkeypatch.setattr("ranker.serve.saved_model.check_in_fresh_process", lambda *_, **__: None)
    folder = write_named(tmp_path / "data [1]", NAMES)
    wanted = {"mmoe": Mmoe, "ple": Ple}[sharing]
    config = RunConfig(
        data=DataSettings(path=str(folder)),
        model=ModelSettings(
            embedding_width=2,
            tower_units=(2,),
            sharing=wanted(units=(2,)),
            logit_residuals={"größe t": "class t"},
            wide=WideSettings(biases=("zip code", "名前")),
        ),
    )
    run = wiring.build_run(config)
    assert {"residual/größe t", "tower/%s[*?] t/0/kernel", "bias/名前"} <= set(
        run.model.dense
    ) | set(run.model.tables)
    raw = read_raw(folder / "test.parquet", run.schema, num_rows=3)
    directory = tmp_path / "lr=[0.1,0.2] * what? back\\slash"
    version = serve.export(run.model, run.encoder, run.schema, directory, examples=raw, card={})
    check_manifest(version)
    found = model.scores(run.model(run.encoder(raw)), run.schema)
    expected = {task: value.numpy() for task, value in found.items()}
    with plain_path(version) as path:
        served = tf.saved_model.load(str(path)).signatures
    schema = read_schema(version / "assets.extra" / "schema.toml")
    taken = {f.argument or f.name: tf.constant(raw[f.name]) for f in schema.features}
    assert {"zip_code", "zip_code_2", "feature_class", "user_id"} <= set(taken)
    answers = [served["serving_default"](**taken)]
    examples = tf.constant(serve.requests.to_examples(run.schema, raw))
    answers.append(served["serving_tf_example"](examples=examples))
    for answer in answers:
        assert set(answer) == set(expected)
        for task, value in expected.items():
            np.testing.assert_allclose(answer[task].numpy(), value, rtol=0, atol=1e-6)
    output = directory / "out.csv"
    serve.predict(version, folder / "test.parquet", output, keep=NAMES)
    assert output.read_text("utf-8").startswith(",".join(NAMES) + ",zip code t_score")
