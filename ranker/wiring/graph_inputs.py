"""Graph inputs as variables: one compiled step serves every run of its graph signature."""

import tensorflow as tf

from ranker.spec import graph_inputs
from ranker.spec.run import RunConfig


class GraphInputs:
    """The graph inputs of one signature, as variables.

    Attributes:
      config: the settings that it was made of, with these variables in them.
    """

    def __init__(self, config: RunConfig) -> None:
        """Makes a variable for each graph input of `config`, with its value."""
        self._variables = {
            path: tf.Variable(tf.constant(value, _type(path)), trainable=False, name=path)
            for path, value in graph_inputs.find(config).items()
        }
        self.config = graph_inputs.bind(config, self._variables)

    def assign(self, config: RunConfig) -> None:
        """Sets every graph input as `config`, of the same signature, has it."""
        for path, value in graph_inputs.find(config).items():
            self._variables[path].assign(value)


def _type(path: str) -> tf.DType | None:
    """Returns int64 for what is compared with attempts, else None: the type of its value."""
    return tf.int64 if path.endswith((".start", ".stop")) else None
