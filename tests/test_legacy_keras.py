"""Importing changes nothing, but where Keras 2 is needed; with Keras 3 there is a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.runs

ROOT = Path(__file__).parents[1]
BESIDE_KERAS_3 = """
import os, sys
import ranker, ranker.schema, ranker.spec.run
assert not {"tensorflow", "keras", "numpy"} & set(sys.modules)
import keras
import tensorflow as tf
before = dict(os.environ)
import ranker.guard, ranker.numerics, ranker.optim
assert dict(os.environ) == before
assert tf.keras.Model is keras.Model
w = tf.Variable([1.0])
groups = [ranker.optim.Group(name="dense", variables={"w": w}, rule=ranker.optim.Sgd(),
                             schedule=ranker.optim.Constant(rate=0.5))]
ranker.optim.Optimizer(groups).propose([tf.constant([1.0])]).commit(accept=tf.constant(True))
assert w.numpy() == [0.5]
import ranker.model
"""
AFTER_TENSORFLOW = """
import keras
import tensorflow as tf
import ranker.optim
import ranker.model
assert tf.keras.layers.Dense.__module__.startswith("tf_keras")
assert ranker.model.Ranker
assert keras.__version__.startswith("3.")
"""


def run(script, **settings):
    """Runs it in a process of its own whose environment names no Keras but by `settings`."""
    environment = {k: v for k, v in os.environ.items() if k != "TF_USE_LEGACY_KERAS"}
    return subprocess.run(
        [sys.executable, "-c", script],
        env=environment | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""} | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def test_beside_keras_3_nothing_changes_and_what_needs_keras_2_says_so():
    done = run(BESIDE_KERAS_3)
    said = done.stderr.splitlines()[-1]
    assert said.startswith(
        "ImportError: ranker's models need Keras 2, but tf.keras was used before them and is Keras"
    )
    assert "set TF_USE_LEGACY_KERAS=1 before TensorFlow is used" in said


def test_tensorflow_and_keras_may_be_imported_before():
    done = run(AFTER_TENSORFLOW)
    assert done.returncode == 0, done.stderr


def test_a_choice_of_keras_3_is_not_overruled():
    done = run("import ranker.optim, ranker.wiring", TF_USE_LEGACY_KERAS="0")
    assert done.stderr.splitlines()[-1].startswith(
        "ImportError: ranker's models need Keras 2, but TF_USE_LEGACY_KERAS='0' asks for Keras 3"
    )
