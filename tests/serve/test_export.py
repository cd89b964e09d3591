"""The SavedModel: what is in it, what it gives, and what is never exported."""

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from prediction_log import prediction_log
from tensorflow.core.protobuf import saved_model_pb2

from ranker import model, serve, wiring
from ranker.input import read_raw
from ranker.schema import read_schema
from ranker.serve import check
from ranker.serve.manifest import check_manifest
from ranker.spec.model import ModelSettings, SharedBottom
from ranker.spec.run import DataSettings, RunConfig

pytestmark = pytest.mark.runs

LIKE, COLD = {"rows": 9, "auc": 0.75}, {"rows": 0, "note": "no labelled rows"}
CARD = {
    "origin": {"commit": "abc123", "date": "2026-11-28T15:00:00Z", "attempt": 12},
    "settings": {"seed": 31, "data": {"path": "/somewhere/private", "batch_size": 77}},
    "metrics": {"test": {"like": LIKE | {"warm": LIKE, "cold": COLD}}},
}


def make_run(folder: Path, seed: int = 3) -> wiring.Run:
    config = RunConfig(
        seed=seed,
        data=DataSettings(path=str(folder)),
        model=ModelSettings(
            embedding_width=4,
            sharing=SharedBottom(units=(8,)),
            tower_units=(4,),
            dropout=0.5,
        ),
    )
    run = wiring.build_run(config)
    generator = np.random.default_rng(seed)
    for variable in run.model.variables:  # biases too: zeros would hide what is not saved
        variable.assign(generator.normal(0, 0.5, variable.shape))
    return run


def export(run: wiring.Run, directory: Path, num_rows: int = 12) -> Path:
    raw = read_raw(Path(run.config.data.path) / "test.parquet", run.schema, num_rows=12)
    examples = {name: values[:num_rows] for name, values in raw.items()}
    return serve.export(run.model, run.encoder, run.schema, directory, examples=examples, card=CARD)


def noisy(logits, schema):
    return {task: values + tf.random.uniform([]) for task, values in logits.items()}


def trainer_scores(run: wiring.Run, raw: dict) -> dict[str, np.ndarray]:
    found = model.scores(run.model(run.encoder(raw)), run.schema)
    return {task: value.numpy() for task, value in found.items()}


@pytest.fixture(scope="module")
def run(prepared):
    return make_run(prepared)


@pytest.fixture(scope="module")
def version(run, tmp_path_factory):
    """An export that went through its fresh process."""
    return export(run, tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="module")
def served(version):
    return tf.saved_model.load(str(version)).signatures


@pytest.fixture
def unchecked(monkeypatch):
    """Leaves the fresh process out, where it is not what is tested."""
    monkeypatch.setattr("ranker.serve.saved_model.check_in_fresh_process", lambda *_, **__: None)


def assert_served(found, expected):
    assert set(found) == set(expected)
    for task, value in expected.items():
        np.testing.assert_allclose(found[task].numpy(), value, rtol=0, atol=1e-6)


def test_a_version_holds_the_model_and_what_is_said_of_it(version, run):
    assert version.name == "1"
    assert {path.name for path in version.parent.iterdir()} == {"1"}
    assert {str(p.relative_to(version)) for p in version.rglob("*") if p.is_file()} == {
        "saved_model.pb",
        "fingerprint.pb",
        "variables/variables.index",
        "variables/variables.data-00000-of-00001",
        "assets.extra/tf_serving_warmup_requests",
        "assets.extra/schema.toml",
        "assets.extra/model_card.md",
        "assets.extra/manifest.json",
        "assets.extra/origin.json",
    }
    check_manifest(version)
    assert json.loads((version / "assets.extra/origin.json").read_text()) == CARD["origin"]
    assert read_schema(version / "assets.extra" / "schema.toml") == run.schema


def test_nothing_of_this_machine_and_no_python_is_in_it(version, prepared):
    private = [os.getcwd(), str(version.parent), str(prepared), sys.prefix, "/somewhere/private"]
    private += [str(Path.home()), tempfile.gettempdir(), tf.__path__[0], os.uname().nodename]
    pickled = ["pickle", "\x80\x04\x95", "\x80\x05\x95", "cloudpickle", "PyFunc"]
    for path in version.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for word in (*private, *pickled, "site-packages", "keras_metadata", ".py\n", ".py:"):
            assert word.encode("latin-1") not in content, f"{word!r} in {path}"


def test_the_graph_tells_no_code_and_calls_none(version):
    saved = saved_model_pb2.SavedModel.FromString((version / "saved_model.pb").read_bytes())
    (graph,) = (meta.graph_def for meta in saved.meta_graphs)
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    assert nodes
    assert not {node.op for node in nodes} & {"PyFunc", "EagerPyFunc", "PyFuncStateless"}
    assert not graph.debug_info.traces_by_id


def test_the_signatures_take_raw_features_by_name_and_any_number_of_rows(served):
    taken = served["serving_default"].structured_input_signature[1]
    assert {name: (spec.dtype.name, spec.shape.as_list()) for name, spec in taken.items()} == {
        "user_id": ("int64", [None]),
        "item_id": ("int64", [None]),
        "gender": ("string", [None]),
        "genres": ("string", [None, None]),
        "liked_items": ("int64", [None, None]),
        "user_count": ("float32", [None]),
    }
    (examples,) = served["serving_tf_example"].structured_input_signature[1].values()
    assert (examples.name, examples.dtype, examples.shape.as_list()) == (
        "examples",
        tf.string,
        [None],
    )
    for name in ("serving_default", "serving_tf_example"):
        assert set(served[name].structured_outputs) == {"like", "rating"}


@pytest.mark.parametrize("num_rows", [1, 100])
def test_both_signatures_give_the_trainers_scores(served, run, prepared, num_rows):
    raw = read_raw(prepared / "test.parquet", run.schema, num_rows=num_rows)
    expected = trainer_scores(run, raw)
    assert (
        np.std(
            trainer_scores(run, read_raw(prepared / "test.parquet", run.schema, num_rows=99))[
                "like"
            ]
        )
        > 0.01
    )
    assert_served(served["serving_default"](**as_tensors(raw)), expected)
    examples = tf.constant(serve.requests.to_examples(run.schema, raw))
    assert_served(served["serving_tf_example"](examples=examples), expected)


def as_tensors(raw):
    return {name: tf.constant(value) for name, value in raw.items()}


def test_unknown_values_and_empty_lists_are_served(served, run):
    raw = {
        "user_id": np.array([999_999, -5]),
        "item_id": np.array([3, 10**15]),
        "gender": np.array(["é", ""], object),
        "genres": np.full((2, 0), "", object),
        "liked_items": np.full((2, 3), -1),
        "user_count": np.array([0, 1e9], np.float32),
    }
    expected = trainer_scores(run, raw)
    inputs = as_tensors(raw) | {"genres": tf.zeros((2, 0), tf.string)}
    assert_served(served["serving_default"](**inputs), expected)
    examples = serve.requests.to_examples(run.schema, raw)
    assert_served(served["serving_tf_example"](examples=tf.constant(examples)), expected)


def test_what_a_list_holds_beyond_its_length_does_not_count(served, run, prepared):
    raw = read_raw(prepared / "test.parquet", run.schema, num_rows=5)
    expected = trainer_scores(run, raw)
    longer = dict(raw, liked_items=np.pad(raw["liked_items"], ((0, 0), (0, 2)), constant_values=7))
    full = (raw["liked_items"] != -1).all(axis=1)
    assert full.any()
    found = served["serving_default"](**as_tensors(longer))
    np.testing.assert_allclose(found["like"].numpy(), expected["like"], atol=1e-6)


def test_an_example_without_a_feature_is_refused_by_name(served):
    with pytest.raises(tf.errors.InvalidArgumentError, match="Feature: gender"):
        served["serving_tf_example"](examples=tf.constant([tf.train.Example().SerializeToString()]))


def test_the_warmup_requests_are_prediction_logs_that_the_model_answers(version, served, run):
    kind = prediction_log()
    path = version / "assets.extra" / "tf_serving_warmup_requests"
    logs = [kind.FromString(r.numpy()) for r in tf.data.TFRecordDataset(str(path))]
    requests = [log.predict_log.request for log in logs]
    assert [r.model_spec.signature_name for r in requests] == (
        ["serving_default"] * 12 + ["serving_tf_example"]
    )
    answers = [
        served[r.model_spec.signature_name](
            **{name: tf.constant(tf.make_ndarray(value)) for name, value in r.inputs.items()}
        )
        for r in requests
    ]
    one_by_one = np.concatenate([answer["like"].numpy() for answer in answers[:12]])
    np.testing.assert_allclose(one_by_one, answers[12]["like"].numpy(), atol=1e-6)
    rows = Path(run.config.data.path) / "test.parquet"
    expected = trainer_scores(run, read_raw(rows, run.schema, num_rows=12))
    np.testing.assert_allclose(one_by_one, expected["like"], atol=1e-6)


def test_the_card_tells_inputs_outputs_metrics_and_settings(version, run):
    card = (version / "assets.extra" / "model_card.md").read_text("utf-8")
    assert "| liked_items | liked_items | int64 | [B, L] |" in card
    assert "| like | probability of label 1 | 0.6 |" in card
    assert f"| trained parameters | {sum(v.numpy().size for v in run.model.variables):,} |" in card
    assert "| auc | 0.7500 | 0.7500 | - |" in card
    assert "cold: no labelled rows." in card
    assert "seed = 31" in card
    assert "batch_size = 77" in card


def test_versions_count_on_and_what_was_being_written_is_cleared(run, tmp_path, unchecked):
    (tmp_path / "7").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / ".writing").mkdir()
    (tmp_path / ".writing" / "left.txt").write_text("by a killed export")
    assert export(run, tmp_path).name == "8"
    assert export(run, tmp_path).name == "9"
    assert not (tmp_path / "9" / "left.txt").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"7", "8", "9", "notes"}


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_variable_that_is_not_finite_is_refused_by_name(prepared, tmp_path, bad, unchecked):
    run = make_run(prepared)
    table = next(v for v in run.model.variables if v.name == "embedding/item_id:0")
    table.scatter_nd_update([[4, 2], [6, 1]], [bad, -np.inf])
    with pytest.raises(serve.ExportError) as caught:
        export(run, tmp_path / "exports")
    assert str(caught.value) == (
        f"variable 'embedding/item_id:0' holds 2 values that are not finite, the first, {bad}, "
        "at [4, 2]: not exported"
    )
    assert not (tmp_path / "exports").exists()


def test_without_an_example_nothing_can_be_checked(run, tmp_path):
    with pytest.raises(serve.ExportError, match=r"^no example row to check the export with"):
        export(run, tmp_path, num_rows=0)


def test_an_export_that_is_not_served_as_trained_leaves_nothing(run, tmp_path, monkeypatch):
    def serve_badly(_, folder):
        for signature in ("serving_default", "serving_tf_example"):
            for place, value in enumerate((0.5, 3.5)):
                scores = tf.io.serialize_tensor(tf.fill([12], value))
                tf.io.write_file(f"{folder}/{signature}/out/{place}", scores)

    monkeypatch.setattr(check, "_serve", serve_badly)
    with pytest.raises(serve.ExportError, match=r"^signature 'serving_default', task 'like': 12"):
        export(run, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_model_that_is_not_a_function_of_its_inputs_is_refused(prepared, tmp_path, monkeypatch):
    run = make_run(prepared)
    monkeypatch.setattr("ranker.serve.signature.scores", noisy)
    with pytest.raises(serve.ExportError, match="12 of 12 scores are off by more than rounding"):
        export(run, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("num_bytes", [100, 3_000])
def test_a_full_disk_is_a_sentence_and_leaves_nothing(run, tmp_path, num_bytes, files_of_at_most):
    (tmp_path / "1").mkdir()
    said = r"^/.*: not exported: .*File too large$"
    with files_of_at_most(num_bytes), pytest.raises(serve.ExportError, match=said):
        export(run, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["1"]
