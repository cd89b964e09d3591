"""Optimizers that propose: gradients in, changes out, written only when accepted.

    dense = Group(name="dense", variables=weights, rule=Adagrad(), schedule=Constant(rate=0.1))
    optimizer = Optimizer([dense], clippers=[Clippy()])
    proposal = optimizer.propose(gradients)            # pure
    optimizer.commit(proposal, accept=verdict.accept)  # all or nothing

A *rule* says where to go, a *schedule* how fast, a *clipper* which share of it to keep.
Plain TensorFlow, no Keras; no file, no log, no settings.
"""

from ranker.optim.change import Change, Gradient, Proposal
from ranker.optim.clip.clippy import Clippy
from ranker.optim.optimizer import Group, Optimizer
from ranker.optim.rules.adagrad import Adagrad
from ranker.optim.schedules import Constant, Cosine, InverseSquareRoot, WarmUp

__all__ = [
    "Adagrad",
    "Change",
    "Clippy",
    "Constant",
    "Cosine",
    "Gradient",
    "Group",
    "InverseSquareRoot",
    "Optimizer",
    "Proposal",
    "WarmUp",
]
