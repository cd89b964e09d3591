"""Batch to logits: embeddings, interactions, what tasks share, towers."""

from ranker.model.block import Context, Interaction, Sharing
from ranker.model.embed import Embedding
from ranker.model.ranker import Ranker, scores
from ranker.model.shallow import Shallow

__all__ = ["Context", "Embedding", "Interaction", "Ranker", "Shallow", "Sharing", "scores"]
