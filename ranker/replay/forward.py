"""From a checkpoint of a run, or its start, forward over its own batches; writes no file."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ranker import build
from ranker.train import Checkpoints, Step, tries


def restore_before(step: Step, checkpoints: Checkpoints, end: int) -> dict:
    """Restores the newest checkpoint of at most `end` that can be gone on from.

    A ladder may have to go back from there, so what it would go back to must be there too.

    Returns:
      Its state; {} if there is none, and `step` is as it was.
    """
    initial = {name: variable.numpy() for name, variable in step.variables.items()}
    while (state := checkpoints.restore_at_most(end, step.variables)) is not None:
        ladder = state.get("ladder", {})
        needed = {ladder.get("good"), ladder.get("pending")} - {None}
        if all(checkpoints.has(attempt) for attempt in needed):
            return state
        end = int(step.attempts.numpy()) - 1
    for name, variable in step.variables.items():
        variable.assign(initial[name])
    return {}


def go_forward(
    run: build.Run, checkpoints: Checkpoints, state: Mapping[str, Any], *, end: int
) -> None:
    """Tries the run's batches up to attempt `end`, and does what its ladder did.

    Args:
      checkpoints: read only.
      state: of the checkpoint that the variables are from; {} at the start.
    """
    examples = run.split("train")
    stream = build.build_stream(run.config, examples)
    plan = build.build_plan(run.config, len(examples))
    step, store = run.step, _Snapshots(checkpoints, run.step)
    rescue = build.build_rescue(run.config, step, store, state.get("ladder", {}))
    if not state:
        store.keep(0)
    for first, num in plan.cuts(int(step.attempts.numpy())):
        last = first + num
        for reports in tries(step, stream.stack(first, max(0, min(last, end) - first))):
            # The ladder decides where a call ended in the run, not where this one ends.
            if rescue and (reports.attempt[-1] + 1 == last or step.guard.halted().numpy()):
                rescue.after(reports)
        if last > end:
            return
        if rescue and last % plan.checkpoint_every == 0:
            rescue.write_down(last)
            if last in rescue.needed:
                store.keep(last)


class _Snapshots:
    """The checkpoints that the run had and may have removed, in memory; else those on disk."""

    def __init__(self, checkpoints: Checkpoints, step: Step) -> None:
        self._checkpoints = checkpoints
        self._step = step
        self._kept: dict[int, dict[str, np.ndarray]] = {}

    def keep(self, attempt: int) -> None:
        """Keeps the variables as they are."""
        self._kept[attempt] = {n: v.numpy() for n, v in self._step.variables.items()}

    def restore(self, attempt: int, variables: Mapping[str, tf.Variable]) -> dict:
        """Reads what was kept, or the checkpoint, into `variables`."""
        if attempt not in self._kept:
            return self._checkpoints.restore(attempt, variables)
        for name, variable in variables.items():
            variable.assign(self._kept[attempt][name])
        return {}
