"""An exported model, opened to score rows; whatever is wrong with it is one sentence."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from ranker.schema import read_schema
from ranker.serve.manifest import check_manifest
from ranker.serve.plain_path import plain_path
from ranker.serve.signature import UNKNOWN, argument


class Served:
    """The model of one version's folder.

    Attributes:
      schema: what it takes and returns.
    """

    def __init__(self, model: Path) -> None:
        """Compares the files with their manifest and reads the schema; loads nothing.

        Raises:
          ValueError: naming the files that are damaged.
          OSError: if the folder holds no export.
        """
        check_manifest(model)
        self._model = model
        self._unknown: Callable | None = None
        self.schema = read_schema(model / "assets.extra" / "schema.toml")

    def load(self) -> Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]:
        """Loads the SavedModel; returns the function from raw features to scores.

        It takes features by column and gives scores by task, float32 [B]; ValueError, in a
        sentence, if the model does not give them.

        Raises:
          ValueError: in a sentence, for whatever TensorFlow makes of the files.
        """
        with plain_path(self._model) as path:
            try:
                found = tf.saved_model.load(str(path)).signatures
                self._unknown = found.get(UNKNOWN)
                return functools.partial(self._score, found["serving_default"])
            except Exception as error:  # a damaged model raises nearly anything
                said = _line(error).replace(str(path), str(self._model))
                raise ValueError(f"{self._model}: TensorFlow cannot load it: {said}") from error

    def count_unknown(self, raw: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns how many values of each column there are and how many the model does not know.

        int64 [2] by column, of those that have a vocabulary; {} before `load`, and of an export
        that do not say, as those of earlier versions.
        """
        if self._unknown is None:
            return {}
        found = self._unknown(**self._taken(raw))
        named = ((f.name, found.get(argument(f))) for f in self.schema.features)
        return {name: counts.numpy() for name, counts in named if counts is not None}

    def _taken(self, raw: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
        return {argument(f): tf.constant(raw[f.name]) for f in self.schema.features}

    def _score(self, signature: Callable, raw: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        num_rows = len(raw[self.schema.user])
        try:
            found = signature(**self._taken(raw))
            scores = {task.name: found[task.name].numpy() for task in self.schema.tasks}
        except Exception as error:  # as above
            raise ValueError(f"{self._model}: cannot score rows: {_line(error)}") from error
        for task, values in scores.items():
            if values.shape != (num_rows,) or values.dtype != np.float32:
                raise ValueError(
                    f"{self._model}: gave {values.dtype} {list(values.shape)} as scores of "
                    f"{task!r} for {num_rows} rows"
                )
        return scores


def _line(error: Exception) -> str:
    said = " ".join(str(getattr(error, "message", error)).split())
    return f"{said:.300}" or type(error).__name__
