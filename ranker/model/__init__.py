"""Batch to logits: embeddings, interactions, what tasks share, towers."""

from ranker import legacy_keras  # noqa: F401 (before anything touches tf.keras)
from ranker.model.block import Context, Interaction, Sharing
from ranker.model.embed import Embedding
from ranker.model.ranker import Ranker, scores
from ranker.model.variables import Partition
from ranker.model.wide import Wide

__all__ = [
    "Context",
    "Embedding",
    "Interaction",
    "Partition",
    "Ranker",
    "Sharing",
    "Wide",
    "scores",
]
