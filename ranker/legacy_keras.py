"""Chooses Keras 2 for this process; whatever needs it imports this first.

TensorFlow Recommenders runs on Keras 2 only. TensorFlow picks its Keras when `tf.keras` is first
touched, by `TF_USE_LEGACY_KERAS`, and keeps to it. A `keras` that is imported by its own name is
another package, and may be Keras 3 beside it.
"""

import os
import sys

_VARIABLE = "TF_USE_LEGACY_KERAS"


def choose() -> None:
    """Sets `TF_USE_LEGACY_KERAS`, unless it is set already.

    Raises:
      ImportError: if it says another Keras, or TensorFlow has picked another.
    """
    said = os.environ.setdefault(_VARIABLE, "1")
    if said not in ("1", "true", "True"):
        raise ImportError(
            f"ranker's models need Keras 2, but {_VARIABLE}={said!r} asks for Keras 3: leave it "
            "unset or set it to 1; ranker.optim, ranker.guard and ranker.keras3 work with Keras 3"
        )
    tensorflow = sys.modules.get("tensorflow")
    # What is half imported, or a part of TensorFlow's own, has not picked any yet.
    keras = getattr(tensorflow, "keras", None)
    if keras is None:
        return
    found = keras.Model.__module__
    if not found.startswith("tf_keras"):
        raise ImportError(
            f"ranker's models need Keras 2, but tf.keras was used before them and is Keras 3 "
            f"({found}): set {_VARIABLE}=1 before TensorFlow is used, or import ranker.model "
            "first; ranker.optim, ranker.guard and ranker.keras3 work with Keras 3"
        )


choose()
