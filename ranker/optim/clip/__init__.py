"""Clippers, one a file; to clip nothing, give the optimizer an empty list."""

from ranker.optim.clip.adagc import AdaGc
from ranker.optim.clip.agc import Agc
from ranker.optim.clip.autoclip import AutoClip
from ranker.optim.clip.clipper import Clippable, Clipper, Stateless, Statistics
from ranker.optim.clip.clippy import Clippy
from ranker.optim.clip.cowclip import CowClip
from ranker.optim.clip.emergency import Emergency
from ranker.optim.clip.global_norm import GlobalNorm
from ranker.optim.clip.gradient_stabilizer import GradientStabilizer
from ranker.optim.clip.lamb import Lamb
from ranker.optim.clip.norm import Norm
from ranker.optim.clip.rms import Rms
from ranker.optim.clip.spam import Spam
from ranker.optim.clip.value import Value
from ranker.optim.clip.zclip import ZClip

__all__ = [
    "AdaGc",
    "Agc",
    "AutoClip",
    "Clippable",
    "Clipper",
    "Clippy",
    "CowClip",
    "Emergency",
    "GlobalNorm",
    "GradientStabilizer",
    "Lamb",
    "Norm",
    "Rms",
    "Spam",
    "Stateless",
    "Statistics",
    "Value",
    "ZClip",
]
