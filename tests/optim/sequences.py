"""Gradients of chosen norms, one after the other, through a clipper alone."""

import numpy as np
import tensorflow as tf

from ranker.optim.clip.clipper import ClipInput
from ranker.spec.part import act


def item(name, gradient):
    """Returns a dense variable's gradient as a clipper sees it."""
    gradient = tf.constant(gradient, tf.float32)
    return ClipInput(name, "dense", False, tf.ones_like(gradient), gradient)


def scales(clipper, steps):
    """Returns each step's scales, [steps, V].

    Args:
      steps: of each, one norm a variable; None for a variable without a gradient.
    """
    names = [f"v/{place}" for place in range(len(steps[0]))]
    clipper = act(clipper)
    statistics = dict(clipper.initial(names))
    found = []
    for norms in steps:
        given = [
            item(n, [0.6 * x, -0.8 * x]) for n, x in zip(names, norms, strict=True) if x is not None
        ]
        shares, advanced = clipper.clip(given, statistics)
        statistics |= advanced
        of = dict(zip((i.name for i in given), shares, strict=True))
        found.append([float(of[name]) if name in of else np.nan for name in names])
    return np.array(found)
