"""Clippers, one a file; to clip nothing, give the optimizer an empty list."""

from ranker.optim.clip.agc import Agc
from ranker.optim.clip.clipper import Clippable, Clipper, Stateless, Statistics
from ranker.optim.clip.clippy import Clippy
from ranker.optim.clip.global_norm import GlobalNorm
from ranker.optim.clip.norm import Norm
from ranker.optim.clip.value import Value

__all__ = [
    "Agc",
    "Clippable",
    "Clipper",
    "Clippy",
    "GlobalNorm",
    "Norm",
    "Stateless",
    "Statistics",
    "Value",
]
