"""An export of a model whose labels are in any unit: served as trained, or refused."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from ranker import serve, wiring
from ranker.input import read_raw
from ranker.schema import read_schema, write_schema
from ranker.serve import check
from ranker.spec.model import ModelSettings
from ranker.spec.run import DataSettings, RunConfig


def scaled(prepared, folder, scale):
    """Returns a copy of the data whose schema has the ratings in another unit."""
    shutil.copytree(prepared, folder)
    schema = read_schema(folder / "schema.toml")
    tasks = tuple(
        dataclasses.replace(
            task,
            minimum=task.minimum * scale,
            maximum=task.maximum * scale,
            mean=task.mean * scale,
            standard_deviation=task.standard_deviation * scale,
        )
        if task.kind == "regression"
        else task
        for task in schema.tasks
    )
    write_schema(dataclasses.replace(schema, tasks=tasks), folder / "schema.toml")
    return folder


def serve_here(*, shifted):
    """Returns what serves in this process, with the scores of rating off by `shifted`."""

    def serve_model(model, folder):
        signatures = tf.saved_model.load(str(model)).signatures
        for name, (taken, tasks) in json.loads((folder / "names.json").read_text()).items():
            specs = signatures[name].structured_input_signature[1]
            at = folder / name
            scores = signatures[name](
                **{
                    key: tf.io.parse_tensor((at / "in" / str(i)).read_bytes(), specs[key].dtype)
                    for i, key in enumerate(taken)
                }
            )
            for i, task in enumerate(tasks):
                given = scores[task] + (np.float32(shifted) if task == "rating" else 0)
                tf.io.write_file(str(at / "out" / str(i)), tf.io.serialize_tensor(given))

    return serve_model


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 1e3, 1e6, 1e9])
def test_rounding_is_let_through_and_a_difference_is_not(prepared, tmp_path, monkeypatch, scale):
    folder = scaled(prepared, tmp_path / "data", scale)
    run = wiring.build_run(
        RunConfig(
            data=DataSettings(path=str(folder)),
            model=ModelSettings(embedding_width=8, tower_units=(16,)),
        )
    )
    generator = np.random.default_rng(1)
    for variable in run.model.variables:
        variable.assign(variable + generator.normal(0, 0.2, variable.shape))
    raw = read_raw(folder / "test.parquet", run.schema, num_rows=100)
    given = (run.model, run.encoder, run.schema, tmp_path / "export")
    monkeypatch.setattr(check, "_serve", serve_here(shifted=0.0))
    assert serve.export(*given, examples=raw, card={}).name == "1"
    deviation = run.schema.task("rating").standard_deviation
    for share in (1e-4, -1e-3):
        monkeypatch.setattr(check, "_serve", serve_here(shifted=share * deviation))
        with pytest.raises(serve.ExportError, match=r"'rating': [0-9]+ of 100 scores are off"):
            serve.export(*given, examples=raw, card={})
    assert [path.name for path in (tmp_path / "export").iterdir()] == ["1"]
