"""A SavedModel with its signatures, warm-up requests, schema and model card.

Layout of `<directory>/<N>/`, as TensorFlow Serving wants it:

    saved_model.pb, variables/                  signatures serving_default, serving_tf_example
    assets.extra/tf_serving_warmup_requests     replayed by TensorFlow Serving at loading
    assets.extra/schema.toml, model_card.md     for readers and for `predict`
    assets.extra/origin.json                    of which run it is: settings, data, attempt
"""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ranker.input import PADDING, Encoder
from ranker.model import Ranker, scores
from ranker.schema import Feature, Schema, write_schema
from ranker.serve.card import model_card
from ranker.serve.check import ExportError, check_in_fresh_process
from ranker.serve.requests import to_examples, write_warmup_requests

EXTRA = "assets.extra"


def export(
    model: Ranker,
    encoder: Encoder,
    schema: Schema,
    directory: Path,
    *,
    examples: Mapping[str, np.ndarray],
    card: Mapping[str, Any],
) -> Path:
    """Writes the next version into `directory` once a fresh process has served it.

    Signature `serving_default` takes the raw features by name, any number of rows B:
    [B], or [B, L] padded with "" or -1 if multi-valued, of which the first
    `max_length` count. `serving_tf_example` takes serialised tf.Examples [B] under the
    name "examples". Both return the scores [B] by task.

    Args:
      examples: raw features of some rows, as the encoder takes them: the warm-up
        requests, and what the check in the fresh process compares.
      card: what the model card tells: "settings" and "metrics", nested mappings.

    Returns:
      The version's folder, `directory/<N>`.

    Raises:
      ExportError: if a variable is not finite, there is no example, a file cannot be
        written, or a fresh process cannot serve the model or gets other scores.
        Nothing is left behind.
    """
    if not len(examples[schema.user]):
        raise ExportError(f"no example row to check the export with, got {len(examples)} columns")
    _refuse_not_finite(model)
    directory.mkdir(parents=True, exist_ok=True)
    writing = directory / ".writing"  # of a killed export, if it is there
    shutil.rmtree(writing, ignore_errors=True)
    try:
        _write(writing, model, encoder, schema, examples=examples, card=card)
        version = directory / str(max(_versions(directory), default=0) + 1)
        writing.rename(version)
    except (OSError, tf.errors.OpError) as error:
        said = str(getattr(error, "message", error)).splitlines()[0]
        said = said.rpartition("}} ")[2].partition(" [Op:")[0]  # without TensorFlow's own names
        raise ExportError(f"{directory}: not exported: {said}") from error
    finally:
        shutil.rmtree(writing, ignore_errors=True)
    return version


def newest_version(directory: Path) -> Path:
    """Returns the SavedModel at `directory`: itself, its newest version, or its run's.

    Raises:
      FileNotFoundError: if there is none.
    """
    for folder in (directory, directory / "export"):
        if (folder / "saved_model.pb").exists():
            return folder
        if versions := _versions(folder):
            return folder / str(max(versions))
    raise FileNotFoundError(f"{directory}: no SavedModel here, nor in a version or export/ of it")


def _write(
    folder: Path,
    model: Ranker,
    encoder: Encoder,
    schema: Schema,
    *,
    examples: Mapping[str, np.ndarray],
    card: Mapping[str, Any],
) -> None:
    score = _scorer(model, encoder, schema)
    # Not the model itself: Keras would add a graph and a description of every layer.
    served = tf.Module()
    served.parts = [list(model.variables), encoder]
    tf.saved_model.save(served, str(folder), signatures=_signatures(score, schema))
    serialised = to_examples(schema, examples)
    extra = folder / EXTRA
    extra.mkdir()
    write_warmup_requests(extra / "tf_serving_warmup_requests", examples, serialised)
    write_schema(schema, extra / "schema.toml")
    (extra / "origin.json").write_text(json.dumps(card.get("origin", {}), indent=2) + "\n")
    (extra / "model_card.md").write_text(model_card(schema, card), encoding="utf-8")
    with tf.device("/CPU:0"):  # where the fresh process computes: GPUs round otherwise
        expected = {task: value.numpy() for task, value in score(examples).items()}
    inputs = {
        "serving_default": {name: tf.constant(value) for name, value in examples.items()},
        "serving_tf_example": {"examples": tf.constant(serialised)},
    }
    check_in_fresh_process(folder, inputs=inputs, expected=expected)


def _scorer(model: Ranker, encoder: Encoder, schema: Schema) -> Callable:
    """Returns the function from raw features to scores."""

    def score(raw: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        kept = {f.name: _cut(f, raw[f.name]) for f in schema.features}
        return scores(model(encoder(kept)), schema)

    return score


def _signatures(score: Callable, schema: Schema) -> dict[str, Any]:
    def score_features(**raw: tf.Tensor) -> dict[str, tf.Tensor]:
        return score(raw)

    def score_examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return score(tf.io.parse_example(examples, {f.name: _parsed(f) for f in schema.features}))

    return {
        "serving_default": tf.function(score_features).get_concrete_function(
            **{f.name: _spec(f) for f in schema.features}
        ),
        "serving_tf_example": tf.function(score_examples).get_concrete_function(
            tf.TensorSpec([None], tf.string, name="examples")
        ),
    }


def _cut(feature: Feature, value: tf.Tensor) -> tf.Tensor:
    return value[:, : feature.max_length] if feature.is_multivalued else value


def _spec(feature: Feature) -> tf.TensorSpec:
    shape = [None, None] if feature.is_multivalued else [None]
    return tf.TensorSpec(shape, feature.dtype, name=feature.name)


def _parsed(feature: Feature) -> tf.io.FixedLenFeature | tf.io.FixedLenSequenceFeature:
    if not feature.is_multivalued:
        return tf.io.FixedLenFeature([], feature.dtype)
    return tf.io.FixedLenSequenceFeature(
        [], feature.dtype, allow_missing=True, default_value=PADDING[feature.dtype]
    )


def _refuse_not_finite(model: Ranker) -> None:
    for variable in model.variables:
        is_bad = ~np.isfinite(variable.numpy()) if variable.dtype.is_floating else np.array(False)
        if is_bad.any():
            place = tuple(int(i) for i in np.argwhere(is_bad)[0])
            raise ExportError(
                f"variable {variable.name!r} holds {is_bad.sum()} values that are not finite, "
                f"the first, {variable.numpy()[place]}, at {list(place)}: not exported"
            )


def _versions(directory: Path) -> list[int]:
    if not directory.is_dir():
        return []
    return [int(path.name) for path in directory.iterdir() if path.name.isdecimal()]
