"""Settings to the optimizer: rules, schedules, clippers."""

import tensorflow as tf

from ranker import model, optim
from ranker.build.knobs import Numbers, arguments, constant
from ranker.config import settings
from ranker.numerics import Number
from ranker.optim import clip


def build_optimizer(
    config: settings.RunConfig,
    ranker: model.Ranker,
    *,
    is_clipping: tf.Variable | None = None,
    numbers: Numbers = constant,
) -> optim.Optimizer:
    """Returns the optimizer of the model's variables, with the clippers in their order.

    Args:
      is_clipping: whether the ladder's clipper, which is the last, is on; None for no ladder.
      numbers: says which settings the graph reads from variables.
    """
    named = {"dense": ranker.dense, "embeddings": ranker.tables}
    groups = []
    for name, variables in named.items():
        group = getattr(config.optimizer, name)
        spam = settings.spam_of(config.clip, name)
        rate = numbers(f"optimizer.{name}.learning_rate", group.learning_rate)
        groups.append(
            optim.Group(
                name=name,
                variables=variables,
                rule=_rule(group.rule),
                schedule=_restarting(_schedule(group.schedule, rate), spam),
                weight_decay=group.weight_decay,
                reset_every=spam.reset_every if spam else 0,
            )
        )
    clippers: list[clip.Clipper] = [
        build_clipper(c, f"clip.{place}", numbers) for place, c in enumerate(config.clip)
    ]
    ladder = config.guard.ladder
    if ladder and ladder.clip and is_clipping is not None:
        clipper = build_clipper(ladder.clip, "guard.ladder.clip", numbers)
        clippers.append(clip.Emergency(clipper=clipper, is_on=is_clipping))
    return optim.Optimizer(groups, clippers=clippers)


def _rule(wanted: settings.RuleSettings) -> optim.Rule:
    kinds = {
        "adagrad": optim.Adagrad,
        "adam": optim.Adam,
        "sgd": optim.Sgd,
        "rmsprop": optim.RmsProp,
    }
    return kinds[wanted.kind](**arguments(wanted))


def _schedule(schedule: settings.ScheduleSettings, rate: Number) -> optim.Schedule:
    if schedule.kind == "constant" and not schedule.warmup_steps:
        return optim.Constant(rate=rate)
    kinds = {
        "constant": optim.WarmUp,
        "cosine": optim.Cosine,
        "inverse_sqrt": optim.InverseSquareRoot,
    }
    return kinds[schedule.kind](rate=rate, **arguments(schedule))


def _restarting(schedule: optim.Schedule, spam: settings.SpamClip | None) -> optim.Schedule:
    if spam is None:
        return schedule
    return optim.Restarts(schedule=schedule, every=spam.reset_every, warmup_steps=spam.warmup_steps)


def build_clipper(
    wanted: settings.ClipSettings, path: str = "", numbers: Numbers = constant
) -> clip.Clipper:
    """Returns the clipper of the settings at `path`."""
    kinds = {
        "value": clip.Value,
        "norm": clip.Norm,
        "global_norm": clip.GlobalNorm,
        "agc": clip.Agc,
        "clippy": clip.Clippy,
        "lamb": clip.Lamb,
        "rms": clip.Rms,
        "autoclip": clip.AutoClip,
        "zclip": clip.ZClip,
        "adagc": clip.AdaGc,
        "gradient_stabilizer": clip.GradientStabilizer,
        "spam": clip.Spam,
        "cowclip": clip.CowClip,
    }
    given = arguments(wanted, path, numbers)
    if isinstance(wanted, settings.SpamClip):
        del given["warmup_steps"]  # the schedule's
    return kinds[wanted.kind](**given)
