"""Features of the past that most rankers have: counts, rates and last items, by user and item."""

from collections.abc import Callable, Sequence

from ranker.datasets.describe.labels import Label
from ranker.datasets.describe.roles import Roles
from ranker.spec.table_past import Past, PastCount, PastLast, PastMean, PastRate, PastRecency

_MOST_LABELS = 3
_LENGTH = 20


def suggest_past(
    roles: Roles, labels: Sequence[Label], named: Callable[[str], str], item_feature: str
) -> dict[str, Past]:
    """Returns features of the past by name; none without a time.

    Args:
      named: makes a name that no other column has.
      item_feature: the feature of the item; "" for none.
    """
    if not roles.time:
        return {}
    binary = sorted(
        (label for label in labels if label.is_binary), key=lambda label: -label.is_positive.sum()
    )[:_MOST_LABELS]
    numbers = [label for label in labels if not label.is_binary]
    found: dict[str, Past] = {}
    for key, role in ((roles.user, "user"), (roles.item, "item")):
        if not key:
            continue
        found[named(f"{role}_rows")] = PastCount(by=(key,))
        for label in binary:
            found[named(f"{role}_{label.name}_rate")] = PastRate(by=(key,), of=label.name)
        for label in [] if binary else numbers[:1]:
            found[named(f"{role}_{label.name}_mean")] = PastMean(by=(key,), of=label.name)
    if roles.user:
        found[named("user_recency")] = PastRecency(by=(roles.user,))
    if roles.user and item_feature:
        where = binary[0].task.label if binary else ""
        name = f"user_last_{binary[0].name}" if binary else "user_last"
        found[named(name)] = PastLast(
            by=(roles.user,), of=item_feature, where=where, length=_LENGTH
        )
    return found
