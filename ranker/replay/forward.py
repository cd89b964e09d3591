"""From a checkpoint of a run, or its start, forward over its own batches; writes no file."""

from collections.abc import Mapping
from typing import Any

from ranker.train.actions import Progress
from ranker.train.checkpoint import Checkpoints
from ranker.train.saving import Saving
from ranker.train.snapshots import MemoryStore
from ranker.train.step import Step
from ranker.train.trainer import Trainer
from ranker.wiring.recovery import build_recovery
from ranker.wiring.run import Run, build_plan
from ranker.wiring.training import build_stream


def restore_before(step: Step, checkpoints: Checkpoints, end: int) -> dict:
    """Restores the newest checkpoint of at most `end` that can be gone on from.

    Recovery may have to go back from there, so what it would go back to must be there too.

    Returns:
      Its state; {} if there is none, and `step` is as it was.
    """
    initial = {name: variable.numpy() for name, variable in step.variables.items()}
    while (state := checkpoints.restore_at_most(end, step.variables)) is not None:
        recovery = state.get("recovery", {})
        needed = {recovery.get("good"), recovery.get("candidate")} - {None}
        if all(checkpoints.has(attempt) for attempt in needed):
            return state
        end = int(step.attempts.numpy()) - 1
    for name, variable in step.variables.items():
        variable.assign(initial[name])
    return {}


def go_forward(run: Run, checkpoints: Checkpoints, state: Mapping[str, Any], *, end: int) -> None:
    """Tries the run's batches up to attempt `end`, and does what its recovery did.

    Args:
      checkpoints: read only.
      state: of the checkpoint that the variables are from; {} at the start.
    """
    examples = run.training()
    plan, step = build_plan(run.config, len(examples)), run.step
    store, progress = (
        MemoryStore(beneath=checkpoints),
        Progress(recovery=dict(state.get("recovery", {}))),
    )
    controller = build_recovery(run.config, step, store, progress.recovery)
    saving = Saving(step, store, plan, progress, controller=controller)
    saving.save_start()
    Trainer(
        step,
        build_stream(run.config, examples),
        plan,
        progress=progress,
        actions=[saving.action()] if controller else [],
        controller=controller,
    ).run(until=end)
