"""Optimizers that propose: gradients in, changes out, written only when accepted.

    dense = Group(name="dense", variables=weights, rule=Adagrad(), schedule=Constant(rate=0.1))
    optimizer = Optimizer([dense], clippers=[Clippy()])
    transaction = optimizer.propose(gradients)  # writes nothing
    transaction.commit(accept=verdict.accept)   # all or nothing

A *rule* says where to go, a *schedule* how fast, a *clipper* which share of it to keep.
Plain TensorFlow, no Keras; no file, no log, no settings.
"""

from ranker.optim.change import Change, Gradient
from ranker.optim.clip.clipper import Clipper, Stateless
from ranker.optim.optimizer import Group, Optimizer
from ranker.optim.rules.rule import Rule
from ranker.optim.scalars import Scalars
from ranker.optim.schedules import Constant, Cosine, InverseSquareRoot, Restarts, Schedule, Since
from ranker.optim.transaction import Transaction
from ranker.spec import clip as _clip
from ranker.spec import clip_by_history as _clip_by_history
from ranker.spec import rule as _rule
from ranker.spec.clip import *  # noqa: F403 (what is declared there is what is given here)
from ranker.spec.clip_by_history import *  # noqa: F403
from ranker.spec.rule import *  # noqa: F403

__all__ = [
    "Change",
    "Clipper",
    "Constant",
    "Cosine",
    "Gradient",
    "Group",
    "InverseSquareRoot",
    "Optimizer",
    "Restarts",
    "Rule",
    "Scalars",
    "Schedule",
    "Since",
    "Stateless",
    "Transaction",
]
__all__ += _clip.__all__
__all__ += _clip_by_history.__all__
__all__ += _rule.__all__
