"""A batch trainer for multitask ranking models that does not blow up at night.

TensorFlow Recommenders runs on Keras 2 only, and TensorFlow picks its Keras when
`tf.keras` is first touched, so the choice is made here, before anything else.
"""

import os
import sys

__version__ = "0.1.0"

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # one banner a process helps nobody


def _refuse_keras_3() -> None:
    """Raises ImportError if this process has already settled on Keras 3."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None and os.environ["TF_USE_LEGACY_KERAS"] in ("1", "true", "True"):
        return
    if tensorflow is None or not tensorflow.keras.Model.__module__.startswith("tf_keras"):
        raise ImportError(
            "ranker needs Keras 2, but this process uses Keras 3 "
            f"(TF_USE_LEGACY_KERAS={os.environ['TF_USE_LEGACY_KERAS']!r}). "
            "Import ranker before tensorflow, or set TF_USE_LEGACY_KERAS=1."
        )


_refuse_keras_3()
