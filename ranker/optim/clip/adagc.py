"""AdaGC: each variable's gradient norm is held to its own running norm."""

import dataclasses
from collections.abc import Mapping, Sequence

import tensorflow as tf

from ranker.numerics import (
    Number,
    as_dtype,
    check_number,
    is_positive,
    norm,
    norms,
    share_within,
)
from ranker.optim.clip.clipper import Clippable, Statistics, gathered, spread

USUAL = "usual_norm"


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdaGc:
    """Each variable's gradient g becomes h * g with

        h = min(1, max_ratio * usual / ||g||),  usual <- beta * usual + (1 - beta) * ||h * g||

    In the first `warmup_steps`, and the first time that a variable has a gradient, h is
    min(1, max_norm / the norm of all gradients together), and usual is the smallest ||h * g||
    so far. Of a table, the norm is that of the rows touched.

    `usual` may grow by 1 + (max_ratio - 1) * (1 - beta) a step and no faster, a thousandth at
    the defaults: after a warm-up that was too quiet it takes 2,300 steps to grow tenfold. The
    paper has no floor under it, and none is here: after norms that fell to nothing, too.

    Attributes:
      max_ratio: of a norm to the usual one, no unit, > 0.
      max_norm: in the warm-up, in the gradients' unit, > 0.
      beta: share of the old usual norm kept, in [0, 1).
      warmup_steps: >= 0.
      targets: the group it applies to, or "all".

    Source: Wang et al. 2025, arXiv:2502.11034. A gradient of 0 is left out of the smallest
    norm, where it would make that 0 for good; pytorch_optimizer counts one warm-up step less.
    """

    max_ratio: Number = 1.05
    max_norm: Number = 1.0
    beta: Number = 0.98
    warmup_steps: Number = 100
    targets: str = "all"
    stage: str = dataclasses.field(default="gradient", init=False)

    def __post_init__(self) -> None:
        check_number(self, "max_ratio", above=0)
        check_number(self, "max_norm", above=0)
        check_number(self, "beta", least=0, below=1)
        check_number(self, "warmup_steps", least=0)

    def initial(self, names: Sequence[str]) -> Mapping[str, tf.Tensor]:
        """Returns a usual norm of 0, which stands for none yet, for each variable."""
        usual = {f"{name}/{USUAL}": tf.constant(0.0) for name in names}
        return usual | {"num_steps": tf.zeros([], tf.int64)}

    def clip(
        self, items: Sequence[Clippable], statistics: Statistics
    ) -> tuple[list[tf.Tensor], Statistics]:
        """Returns each variable's share, a scalar: 0 if its gradient is not finite, in the
        warm-up if any is not; 1 if it is 0."""
        sizes, usual = norms([item.values for item in items]), gathered(statistics, items, USUAL)
        number = tf.cast(statistics["num_steps"], tf.float32)
        is_early = (number < as_dtype(self.warmup_steps, tf.float32)) | (usual == 0)
        alone = share_within(sizes, self.max_ratio * usual)
        shares = tf.where(is_early, share_within(norm(sizes), self.max_norm), alone)
        kept = shares * sizes
        smallest = tf.where(usual == 0, kept, tf.minimum(usual, kept))
        after = tf.where(is_early, smallest, usual + (1 - self.beta) * (kept - usual))
        after = tf.where(is_positive(kept), after, usual)
        advanced = spread(after, items, USUAL) | {"num_steps": statistics["num_steps"] + 1}
        return tf.unstack(shares, len(items)), advanced
