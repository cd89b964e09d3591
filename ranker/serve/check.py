"""The check that an export serves: by a fresh process that has TensorFlow and no ranker."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

TOLERANCE = 1e-6
TIMEOUT_SECONDS = 600

# Tensors pass as files: text and bytes survive whole, and nothing is unpickled.
_SCRIPT = """
import sys
import tensorflow as tf
model, folder = sys.argv[1:]
loaded = tf.saved_model.load(model)
for name, signature in loaded.signatures.items():
    inputs = {
        key: tf.io.parse_tensor(tf.io.read_file(f"{folder}/{name}/in/{key}"), spec.dtype)
        for key, spec in signature.structured_input_signature[1].items()
    }
    for task, scores in signature(**inputs).items():
        tf.io.write_file(f"{folder}/{name}/out/{task}", tf.io.serialize_tensor(scores))
"""


class ExportError(ValueError):
    """A model that must not be served, and why."""


def check_in_fresh_process(
    model: Path,
    *,
    inputs: Mapping[str, Mapping[str, tf.Tensor]],
    expected: Mapping[str, np.ndarray],
) -> None:
    """Serves the SavedModel at `model` elsewhere, and compares every score.

    Args:
      inputs: by signature: the tensors it takes, by name.
      expected: scores by task, float32 [B], that each signature must give to within
        1e-6, or 1e-6 of them where they are above 1.

    Raises:
      ExportError: naming the signature and the task, or with the last line of what
        the fresh process said before it failed.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for signature, tensors in inputs.items():
            for name, tensor in tensors.items():
                path = folder / signature / "in" / name
                tf.io.write_file(str(path), tf.io.serialize_tensor(tensor))
        _serve(model, folder)
        for signature in inputs:
            for task, scores in expected.items():
                _compare(folder / signature / "out" / task, scores)


def _serve(model: Path, folder: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    environment |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _SCRIPT, str(model), str(folder)],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            start_new_session=True,  # an interrupt of the job is the job's to answer
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ExportError(f"a fresh process did not serve within {TIMEOUT_SECONDS} s") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise ExportError(f"a fresh process could not serve (exit {done.returncode}): {last}")


def _compare(path: Path, expected: np.ndarray) -> None:
    what = f"signature {path.parent.parent.name!r}, task {path.name!r}"
    if not path.exists():
        raise ExportError(f"{what}: a fresh process got no such output")
    served = tf.io.parse_tensor(path.read_bytes(), tf.float32).numpy()
    if served.shape != expected.shape:
        raise ExportError(f"{what}: shape {served.shape} served, {expected.shape} expected")
    allowed = TOLERANCE * np.maximum(1.0, np.abs(expected))
    is_off = ~(np.abs(served.astype(np.float64) - expected) <= allowed)  # so that NaN is off
    if is_off.any():
        row = int(np.argmax(is_off))
        raise ExportError(
            f"{what}: {is_off.sum()} of {len(expected)} scores are off by more than {TOLERANCE}; "
            f"the first, row {row}: {served[row]} served, {expected[row]} expected"
        )
