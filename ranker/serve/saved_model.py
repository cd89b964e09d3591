"""A SavedModel with its signatures, warm-up requests, schema and model card.

Layout of `<directory>/<N>/`, as TensorFlow Serving wants it:

    saved_model.pb, variables/                  signatures serving_default, serving_tf_example,
                                                and unknown_values, for `predict`
    assets.extra/tf_serving_warmup_requests     replayed by TensorFlow Serving at loading
    assets.extra/schema.toml, model_card.md     for readers and for `predict`
    assets.extra/origin.json                    of which run it is: settings, data, attempt
    assets.extra/manifest.json                  SHA-256 of all the others
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ranker import files
from ranker.input.encode import Encoder
from ranker.model.ranker import Ranker
from ranker.schema import Schema, write_schema
from ranker.serve.card import model_card
from ranker.serve.check import ExportError, check_in_fresh_process
from ranker.serve.manifest import write_manifest
from ranker.serve.origin import write_origin
from ranker.serve.plain_path import plain_path
from ranker.serve.requests import to_examples, write_warmup_requests
from ranker.serve.signature import argument, scorer, signatures, with_arguments
from ranker.serve.tolerance import tolerances
from ranker.serve.versions import next_version

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
    `max_length` count; a name that no signature takes, such as "zip code", has an
    argument's name instead, which schema.toml and the card say. `serving_tf_example`
    takes serialised tf.Examples [B] under the name "examples". Both return the scores
    [B] by task.

    Args:
      examples: raw features of some rows, as the encoder takes them: the warm-up
        requests, and what the check in the fresh process compares.
      card: what the model card says, see `model_card`; its "origin", a JSON-ready
        mapping, is written as origin.json.

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
    try:
        with files.temporary_directory(directory / ".writing") as writing:
            with plain_path(writing) as folder:
                _write(folder, model, encoder, with_arguments(schema), examples=examples, card=card)
            version = next_version(directory)
            files.add_directory(writing, version)
    except (OSError, tf.errors.OpError) as error:
        raise ExportError(f"{directory}: not exported: {_said(error)}") from error
    return version


def _write(
    folder: Path,
    model: Ranker,
    encoder: Encoder,
    schema: Schema,
    *,
    examples: Mapping[str, np.ndarray],
    card: Mapping[str, Any],
) -> None:
    score = scorer(model, encoder, schema)
    # Not the model itself: Keras would add a graph and a description of every layer.
    served = tf.Module()
    served.parts = [list(model.variables), encoder]
    tf.saved_model.save(served, str(folder), signatures=signatures(score, encoder, schema))
    taken = {argument(f): examples[f.name] for f in schema.features}
    serialised = to_examples(schema, examples)
    extra = folder / EXTRA
    extra.mkdir()
    write_warmup_requests(extra / "tf_serving_warmup_requests", taken, serialised)
    write_schema(schema, extra / "schema.toml")
    write_origin(folder, card.get("origin", {}))
    parameters = sum(variable.shape.num_elements() for variable in model.variables)
    text = model_card(schema, {"parameters": parameters, **card})
    (extra / "model_card.md").write_text(text, encoding="utf-8")
    write_manifest(folder)
    with tf.device("/CPU:0"):  # where the fresh process computes: GPUs round otherwise
        expected = {task: value.numpy() for task, value in score(examples).items()}
    inputs = {
        "serving_default": {name: tf.constant(value) for name, value in taken.items()},
        "serving_tf_example": {"examples": tf.constant(serialised)},
    }
    check_in_fresh_process(
        folder, inputs=inputs, expected=expected, allowed=tolerances(schema, expected)
    )


def _said(error: Exception) -> str:
    """Returns what an error says on its first line, without TensorFlow's own names."""
    said = (str(getattr(error, "message", error)).splitlines() or [type(error).__name__])[0]
    return said.rpartition("}} ")[2].partition(" [Op:")[0]


def _refuse_not_finite(model: Ranker) -> None:
    for variable in model.variables:
        is_bad = ~np.isfinite(variable.numpy()) if variable.dtype.is_floating else np.array(False)
        if is_bad.any():
            index = tuple(int(i) for i in np.argwhere(is_bad)[0])
            raise ExportError(
                f"variable {variable.name!r} holds {is_bad.sum()} values that are not finite, "
                f"the first, {variable.numpy()[index]}, at {list(index)}: not exported"
            )
