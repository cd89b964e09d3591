"""What several workers cannot do as one would, by the names of its settings."""

from ranker.objective.losses import Objective
from ranker.spec.run import RunConfig


def check_shareable(config: RunConfig, size: int) -> None:
    """Raises ValueError, naming the setting, for what several workers cannot do as one would.

    Args:
      size: how many workers there are.
    """
    on = f"on {size} workers"
    if config.data.batch_size % size:
        raise ValueError(
            f"data.batch_size {config.data.batch_size:,} {on}: each must have as many examples "
            f"of a batch: take a multiple of {size}"
        )
    for index, injector in enumerate(config.inject):
        raise ValueError(
            f"inject.{index}: {injector.kind} {on}: faults are injected by one process alone"
        )
    clips = {f"clip.{index}": clip for index, clip in enumerate(config.clip)}
    if config.guard.recovery and config.guard.recovery.clip:
        clips["guard.recovery.clip"] = config.guard.recovery.clip
    for name, clip in clips.items():
        if clip.kind == "cowclip":
            raise ValueError(
                f"{name}: {clip.kind} {on}: it counts how often a batch reads each row, and a "
                "worker sees its own part of a batch: take another clipper"
            )


def check_losses(objective: Objective, size: int) -> None:
    """Raises ValueError for a loss that remembers: it would see its own worker's rows alone."""
    for name in objective.variables:
        task = name.partition("/")[0]
        raise ValueError(
            f"objective: the loss of task {task!r} remembers, and on {size} workers it would see "
            "its own worker's rows alone: take one worker, or another loss"
        )
