"""What an attempt would do, before it is judged."""

from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf

from ranker.optim.transaction import Transaction


class StepProposal(NamedTuple):
    """What an attempt would do, before it is judged.

    Attributes:
      logits: by task, [B].
      losses, total: as in a report.
      transaction: what would be written, and what is reported of it.
    """

    logits: Mapping[str, tf.Tensor]
    losses: tf.Tensor
    total: tf.Tensor
    transaction: Transaction
