"""Batch to logits: embeddings, interactions, what tasks share, towers."""

from ranker.model.embed import Embedding
from ranker.model.interact import Concatenation, Dcn, Dot, Interaction
from ranker.model.linear import Linear
from ranker.model.ranker import Ranker, scores
from ranker.model.share import Mmoe, Ple, SharedBottom, Sharing

__all__ = [
    "Concatenation",
    "Dcn",
    "Dot",
    "Embedding",
    "Interaction",
    "Linear",
    "Mmoe",
    "Ple",
    "Ranker",
    "SharedBottom",
    "Sharing",
    "scores",
]
