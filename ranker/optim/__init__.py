"""Optimizers that propose: gradients in, changes out, written only when accepted.

    dense = Group(name="dense", variables=weights, rule=Adagrad(), schedule=Constant(rate=0.1))
    optimizer = Optimizer([dense], clippers=[Clippy()])
    proposal = optimizer.propose(gradients)            # pure
    optimizer.commit(proposal, accept=verdict.accept)  # all or nothing

A *rule* says where to go, a *schedule* how fast, a *clipper* which share of it to keep.
Plain TensorFlow, no Keras; no file, no log, no settings.
"""

from ranker.optim.change import Change, Gradient, Proposal
from ranker.optim.clip import (
    AdaGc,
    Agc,
    AutoClip,
    Clipper,
    Clippy,
    CowClip,
    GlobalNorm,
    GradientStabilizer,
    Lamb,
    Norm,
    Rms,
    Spam,
    Value,
    ZClip,
)
from ranker.optim.optimizer import Group, Optimizer
from ranker.optim.rules.adagrad import Adagrad
from ranker.optim.rules.adam import Adam
from ranker.optim.rules.rmsprop import RmsProp
from ranker.optim.rules.rule import Rule
from ranker.optim.rules.sgd import Sgd
from ranker.optim.schedules import (
    Constant,
    Cosine,
    InverseSquareRoot,
    Restarts,
    Schedule,
    WarmUp,
)

__all__ = [
    "AdaGc",
    "Adagrad",
    "Adam",
    "Agc",
    "AutoClip",
    "Change",
    "Clipper",
    "Clippy",
    "Constant",
    "Cosine",
    "CowClip",
    "GlobalNorm",
    "Gradient",
    "GradientStabilizer",
    "Group",
    "InverseSquareRoot",
    "Lamb",
    "Norm",
    "Optimizer",
    "Proposal",
    "Restarts",
    "Rms",
    "RmsProp",
    "Rule",
    "Schedule",
    "Sgd",
    "Spam",
    "Value",
    "WarmUp",
    "ZClip",
]
