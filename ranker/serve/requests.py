"""Requests as bytes: tf.Examples, and the log that TensorFlow Serving warms up with."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from ranker.schema import Feature, Schema

_MAX_RECORDS = 1000  # TensorFlow Serving refuses to load a model with more


def to_examples(schema: Schema, raw: Mapping[str, np.ndarray]) -> list[bytes]:
    """Returns a serialised tf.Example for each row of `raw`, [B] or [B, L] without the padding."""
    num_rows = len(raw[schema.user])
    return [
        tf.train.Example(
            features=tf.train.Features(
                feature={f.name: _to_feature(f, raw[f.name][row]) for f in schema.features}
            )
        ).SerializeToString(deterministic=True)
        for row in range(num_rows)
    ]


def write_warmup_requests(
    path: Path, raw: Mapping[str, np.ndarray], examples: Sequence[bytes]
) -> None:
    """Writes a request for each row of `raw`, [B] or [B, L], and one with all `examples` together.

    The file is a TFRecord of tensorflow.serving.PredictionLog. Its package is no
    dependency for four messages of length-delimited fields only:

        PredictionLog.predict_log = 6, PredictLog.request = 1,
        PredictRequest.model_spec = 1, .inputs = 2 (map<string, TensorProto>),
        ModelSpec.name = 1, .signature_name = 3

    Source: tensorflow/serving, apis/{prediction_log,predict,model}.proto.
    """
    with tf.io.TFRecordWriter(str(path)) as writer:
        for row in range(min(len(examples), _MAX_RECORDS - 1)):
            one_row = {name: values[row : row + 1] for name, values in raw.items()}
            writer.write(_prediction_log("serving_default", one_row))
        writer.write(
            _prediction_log("serving_tf_example", {"examples": np.array(examples, object)})
        )


def _to_feature(feature: Feature, value: object) -> tf.train.Feature:
    values = np.atleast_1d(np.asarray(value))
    if feature.dtype == "string":
        texts = [v if isinstance(v, bytes) else str(v).encode() for v in values]
        kept = [text for text in texts if text] if feature.is_multivalued else texts
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=kept))
    if feature.dtype == "int64":
        kept = values[values != -1] if feature.is_multivalued else values
        return tf.train.Feature(int64_list=tf.train.Int64List(value=kept))
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def _prediction_log(signature: str, inputs: Mapping[str, np.ndarray]) -> bytes:
    request = _field(1, _field(1, b"ranker") + _field(3, signature.encode()))
    for name, value in inputs.items():
        tensor = tf.make_tensor_proto(value).SerializeToString(deterministic=True)
        request += _field(2, _field(1, name.encode()) + _field(2, tensor))
    return _field(6, _field(1, request))


def _field(number: int, payload: bytes) -> bytes:
    """Returns a length-delimited field of protobuf's wire format; `number` < 16."""
    length, size = b"", len(payload)
    while size > 127:
        length += bytes([size % 128 + 128])
        size //= 128
    return bytes([number * 8 + 2]) + length + bytes([size]) + payload
