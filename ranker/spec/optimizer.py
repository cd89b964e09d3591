"""The optimizer: how each group of variables is trained, and which clippers go with which rules."""

from ranker.spec.clip import Clip
from ranker.spec.part import NonNegative, Part, Positive, declared, kinds
from ranker.spec.rule import Adagrad, Constant, Rule, Schedule


@declared
class GroupSettings(Part):
    """How one group of variables is trained.

    Attributes:
      rule: from gradients to directions.
      learning_rate: the highest rate of the schedule.
      schedule: of the rate, by committed updates.
      weight_decay: share of a variable (of a touched row) subtracted each step,
        times the rate; inside what is clipped and judged.
    """

    rule: Rule = Adagrad()
    learning_rate: Positive = 0.05
    schedule: Schedule = Constant()
    weight_decay: NonNegative = 0.0


@declared
class OptimizerSettings(Part):
    """The dense variables and the embedding tables, each with settings of its own.

    Attributes:
      dense: all variables but the tables.
      embeddings: the tables.
    """

    dense: GroupSettings = GroupSettings()
    embeddings: GroupSettings = GroupSettings()


def check_fit(clip: Clip, rule: Rule, group: str) -> None:
    """Raises ValueError if `clip` applies to `group` and asks what its rule does not give."""
    if clip.targets not in ("all", group):
        return
    for need, setting in clip.needs().items():
        if need not in rule.gives:
            giving = [kind for kind, known in kinds(Rule).items() if need in known.gives]
            raise ValueError(
                f"clip {clip.kind!r} goes by its rule's {need.replace('_', ' ')}, since {setting}, "
                f"but the rule of {group}, {rule.kind}, has none; {' and '.join(giving)} have"
            )
