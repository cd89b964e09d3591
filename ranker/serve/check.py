"""The check that an export serves: by a fresh process that has TensorFlow and no ranker."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

TIMEOUT_SECONDS = 600

# It finds packages where this process does, but for the project's own folder; -I keeps the
# rest of the environment out. Tensors pass as files: text and bytes survive whole, nothing
# is unpickled, and names, which may be any, are in a list and not in paths.
_SCRIPT = """
import json
import sys
model, folder, paths = sys.argv[1:]
sys.path[:] = json.loads(paths)
sys.modules["ranker"] = sys.modules["pipelines"] = None
import tensorflow as tf
loaded = tf.saved_model.load(model)
names = json.loads(open(f"{folder}/names.json", encoding="utf-8").read())
for signature, (taken, tasks) in names.items():
    serve = loaded.signatures[signature]
    specs = serve.structured_input_signature[1]
    inputs = {
        name: tf.io.parse_tensor(tf.io.read_file(f"{folder}/{signature}/in/{i}"), specs[name].dtype)
        for i, name in enumerate(taken)
    }
    scores = serve(**inputs)
    for i, task in enumerate(tasks):
        if task in scores:
            tf.io.write_file(f"{folder}/{signature}/out/{i}", tf.io.serialize_tensor(scores[task]))
"""


class ExportError(ValueError):
    """A model that must not be served, and why."""


def check_in_fresh_process(
    model: Path,
    *,
    inputs: Mapping[str, Mapping[str, tf.Tensor]],
    expected: Mapping[str, np.ndarray],
    allowed: Mapping[str, np.ndarray],
) -> None:
    """Serves the SavedModel at `model` elsewhere, and compares every score.

    Args:
      inputs: by signature: the tensors it takes, by name.
      expected: scores by task, float32 [B], that each signature must give.
      allowed: by task, float64 [B]: how far off each of them may be.

    Raises:
      ExportError: naming the signature and the task, or with the last line of what
        the fresh process said before it failed.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = {signature: [list(taken), list(expected)] for signature, taken in inputs.items()}
        (folder / "names.json").write_text(json.dumps(names), encoding="utf-8")
        for signature, tensors in inputs.items():
            for i, tensor in enumerate(tensors.values()):
                path = folder / signature / "in" / str(i)
                tf.io.write_file(str(path), tf.io.serialize_tensor(tensor))
        _serve(model, folder)
        for signature in inputs:
            for i, (task, scores) in enumerate(expected.items()):
                what = f"signature {signature!r}, task {task!r}"
                _compare(what, folder / signature / "out" / str(i), scores, allowed[task])


def _serve(model: Path, folder: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    environment |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    paths = json.dumps(_search_path())
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _SCRIPT, str(model), str(folder), paths],
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


def _search_path() -> list[str]:
    """Returns where packages are found, also by PYTHONPATH or in the user's own folder."""
    project = Path(__file__).resolve().parents[2]
    tensorflow = Path(tf.__file__).resolve().parents[1]
    return [
        path
        for path in sys.path
        if os.path.isabs(path) and (Path(path).resolve() != project or project == tensorflow)
    ]


def _compare(what: str, path: Path, expected: np.ndarray, allowed: np.ndarray) -> None:
    if not path.exists():
        raise ExportError(f"{what}: a fresh process got no such output")
    served = tf.io.parse_tensor(path.read_bytes(), tf.float32).numpy()
    if served.shape != expected.shape:
        raise ExportError(f"{what}: shape {served.shape} served, {expected.shape} expected")
    is_off = ~(np.abs(served.astype(np.float64) - expected) <= allowed)  # so that NaN is off
    if is_off.any():
        row = int(np.argmax(is_off))
        raise ExportError(
            f"{what}: {is_off.sum()} of {len(expected)} scores are off by more than rounding "
            f"explains; the first, row {row}: {served[row]} served, {expected[row]} expected, "
            f"{allowed[row]:.1e} between them allowed"
        )
