"""What may be changed in a compiled step between two calls of it."""

import tensorflow as tf


class Controls:
    """Variables that the step reads and never writes.

    Attributes:
      rate_factor: float32, every learning rate is multiplied by it; 1.
      is_clipping: bool, whether the emergency clipper is on; False.
      variables: both by name, for checkpoints.
    """

    def __init__(self) -> None:
        """Makes them, changing nothing."""
        self.rate_factor = tf.Variable(tf.ones([]), trainable=False, name="rate_factor")
        self.is_clipping = tf.Variable(tf.constant(False), trainable=False, name="is_clipping")
        self.variables: dict[str, tf.Variable] = {
            "rate_factor": self.rate_factor,
            "is_clipping": self.is_clipping,
        }
