"""Settings to the optimizer: rules, schedules, clippers."""

from ranker import model, optim
from ranker.build.knobs import Numbers, arguments, constant
from ranker.config import settings
from ranker.numerics import Number
from ranker.optim import clip


def build_optimizer(
    config: settings.RunConfig, ranker: model.Ranker, *, numbers: Numbers = constant
) -> optim.Optimizer:
    """Returns the optimizer of the model's variables, with the clippers in their order."""
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
    clippers = [build_clipper(c, f"clip.{place}", numbers) for place, c in enumerate(config.clip)]
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
