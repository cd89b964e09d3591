"""Settings to the optimizer: rules, schedules, clippers."""

import tensorflow as tf

from ranker.model.ranker import Ranker
from ranker.optim.clip.clipper import Clipper
from ranker.optim.clip.emergency import Emergency
from ranker.optim.optimizer import Group, Optimizer
from ranker.optim.phased_schedule import InPhases
from ranker.optim.phases import Phases
from ranker.optim.schedules import Restarts, Schedule, Since
from ranker.spec.clip import Clip
from ranker.spec.clip_by_history import Spam
from ranker.spec.optimizer import GroupSettings
from ranker.spec.part import act
from ranker.spec.run import RunConfig, spam_of


def build_optimizer(
    config: RunConfig, ranker: Ranker, *, is_clipping: tf.Variable | None = None
) -> Optimizer:
    """Returns the optimizer of the model's variables, with the clippers in their order.

    Args:
      config: its graph inputs may be variables.
      is_clipping: whether recovery's clipper, which is the last, is on; None for no recovery.
    """
    named = {"dense": ranker.dense, "embeddings": ranker.tables}
    groups = []
    start, first = (_count() if config.train.start_from else None for _ in range(2))
    phases = Phases(config.phases, first_step=first) if config.phases else None
    for name, variables in named.items():
        group = getattr(config.optimizer, name)
        spam = spam_of(config.clip, name)
        groups.append(
            Group(
                name=name,
                variables=variables,
                rule=group.rule,
                schedule=_restarting(_schedule(name, group, start, phases), spam),
                weight_decay=group.weight_decay,
                reset_every=spam.reset_every if spam else 0,
                phases=phases,
            )
        )
    clippers: list[Clip | Clipper] = list(config.clip)
    recovery = config.guard.recovery
    if recovery and recovery.clip and is_clipping is not None:
        clippers.append(Emergency(clipper=recovery.clip, is_on=is_clipping))
    return Optimizer(groups, clippers=clippers)


def _count() -> tf.Variable:
    return tf.Variable(tf.zeros([], tf.int64), trainable=False)


def _schedule(
    name: str, group: GroupSettings, start: tf.Variable | None, phases: Phases | None
) -> Schedule:
    """Returns the group's schedule, counted from `start` if the run is begun from another's."""
    schedule = act(group.schedule, rate=group.learning_rate)
    if phases is not None:
        return InPhases(schedule=schedule, phases=phases, group=name, start=start)
    return schedule if start is None else Since(schedule=schedule, start=start)


def _restarting(schedule: Schedule, spam: Spam | None) -> Schedule:
    if spam is None:
        return schedule
    return Restarts(schedule=schedule, every=spam.reset_every, warmup_steps=spam.warmup_steps)
