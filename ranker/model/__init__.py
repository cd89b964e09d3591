"""Batch to logits: embeddings, interactions, what tasks share, towers."""

from ranker.model.embed import Embedding
from ranker.model.interact import Concatenation, Dcn, Dot, Interaction
from ranker.model.ranker import Ranker, scores
from ranker.model.shallow import Shallow
from ranker.model.share import Mmoe, Ple, SharedBottom, Sharing

__all__ = [
    "Concatenation",
    "Dcn",
    "Dot",
    "Embedding",
    "Interaction",
    "Mmoe",
    "Ple",
    "Ranker",
    "Shallow",
    "SharedBottom",
    "Sharing",
    "scores",
]
