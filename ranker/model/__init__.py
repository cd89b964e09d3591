"""Batch to logits: embeddings, interactions, what tasks share, towers."""

from ranker.model.interact import Concatenation, Dcn, Dot
from ranker.model.ranker import Ranker, scores
from ranker.model.share import Mmoe, Ple, SharedBottom

__all__ = ["Concatenation", "Dcn", "Dot", "Mmoe", "Ple", "Ranker", "SharedBottom", "scores"]
