"""The signatures of the SavedModel: what they take, by which names, and what they compute."""

import dataclasses
import keyword
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tensorflow as tf

from ranker.input.encode import PADDING, Encoder
from ranker.model.ranker import Ranker, scores
from ranker.schema import Feature, Schema

UNKNOWN = "unknown_values"  # by argument int64 [2]: how many values, how many are unknown

# TensorFlow makes arguments of these as they are; "self" is its own.
_TAKEN_AS_IT_IS = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def with_arguments(schema: Schema) -> Schema:
    """Returns `schema` with an argument's name for each feature whose own cannot be one."""
    names = argument_names(feature.name for feature in schema.features)
    features = tuple(
        dataclasses.replace(f, argument="" if names[f.name] == f.name else names[f.name])
        for f in schema.features
    )
    return dataclasses.replace(schema, features=features)


def argument(feature: Feature) -> str:
    """Returns what the signature `serving_default` calls a feature."""
    return feature.argument or feature.name


def argument_names(names: Iterable[str]) -> dict[str, str]:
    """Returns an argument's name for each of `names`: itself where TensorFlow allows it.

    It allows what Python does, in ASCII, without a leading underscore; and it does not
    tell upper case from lower. Other names become small letters, digits and underscores,
    with a number where two would be one: "ZIP code" is `zip_code`, "größe" `grosse`.
    """
    found: dict[str, str] = {}
    names = list(names)
    for name in names:
        if _is_argument(name) and name.lower() not in map(str.lower, found.values()):
            found[name] = name
    for name in names:
        if name not in found:
            found[name] = _unused(_plain(name), [value.lower() for value in found.values()])
    return found


def scorer(model: Ranker, encoder: Encoder, schema: Schema) -> Callable:
    """Returns the function from raw features, by the columns' names, to scores."""
    return lambda raw: scores(model(encoder(_cut_all(raw, schema))), schema)


def signatures(score: Callable, encoder: Encoder, schema: Schema) -> dict[str, Any]:
    """Returns the signatures: `score` of features by argument, and of serialised tf.Examples;
    and, where vocabularies are looked up, what of the former they lack."""

    def score_features(**taken: tf.Tensor) -> dict[str, tf.Tensor]:
        return score({f.name: taken[argument(f)] for f in schema.features})

    def score_examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return score(tf.io.parse_example(examples, {f.name: _parsed(f) for f in schema.features}))

    def count_unknown(**taken: tf.Tensor) -> dict[str, tf.Tensor]:
        raw = {f.name: taken[argument(f)] for f in schema.features}
        found = encoder.count_unknown(_cut_all(raw, schema))
        return {argument(schema.feature(name)): counts for name, counts in found.items()}

    specs = {argument(f): _spec(f) for f in schema.features}
    unknown = tf.function(count_unknown).get_concrete_function(**specs)
    return {
        **({UNKNOWN: unknown} if unknown.structured_outputs else {}),
        "serving_default": tf.function(score_features).get_concrete_function(**specs),
        "serving_tf_example": tf.function(score_examples).get_concrete_function(
            tf.TensorSpec([None], tf.string, name="examples")
        ),
    }


def _is_argument(name: str) -> bool:
    is_python = not keyword.iskeyword(name) and name != "self"
    return is_python and bool(_TAKEN_AS_IT_IS.fullmatch(name))


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    plain = re.sub("[^a-z0-9]+", "_", letters).strip("_")
    return plain if _is_argument(plain) else f"feature_{plain}".rstrip("_")


def _unused(name: str, used: list[str]) -> str:
    found, number = name, 1
    while found in used:
        number += 1
        found = f"{name}_{number}"
    return found


def _cut_all(raw: Mapping[str, tf.Tensor], schema: Schema) -> dict[str, tf.Tensor]:
    return {f.name: _cut(f, raw[f.name]) for f in schema.features}


def _cut(feature: Feature, value: tf.Tensor) -> tf.Tensor:
    return value[:, : feature.max_length] if feature.is_multivalued else value


def _spec(feature: Feature) -> tf.TensorSpec:
    shape = [None, None] if feature.is_multivalued else [None]
    return tf.TensorSpec(shape, feature.dtype, name=argument(feature))


def _parsed(feature: Feature) -> tf.io.FixedLenFeature | tf.io.FixedLenSequenceFeature:
    if not feature.is_multivalued:
        return tf.io.FixedLenFeature([], feature.dtype)
    return tf.io.FixedLenSequenceFeature(
        [], feature.dtype, allow_missing=True, default_value=PADDING[feature.dtype]
    )
