"""What injectors act on, by name, and how a name in a setting is looked up."""

import dataclasses
import fnmatch
from collections.abc import Iterable, Mapping

import tensorflow as tf

from ranker.schema import Schema


@dataclasses.dataclass(frozen=True, kw_only=True)
class FaultTargets:
    """What there is in a run for faults to act on.

    Attributes:
      schema: of its rows.
      unknown_rows: by vocabulary, the rows of its table that unknown values get; a
        vocabulary without such rows, as when every value is hashed, is left out.
      variables: those that are trained, in the optimizer's order.
      tables: those of them that are embedding tables.
      slots: of the optimizer, by "<variable>/<slot>", each with the value it starts from.
    """

    schema: Schema
    unknown_rows: Mapping[str, range]
    variables: Mapping[str, tf.Variable]
    tables: Mapping[str, tf.Variable]
    slots: Mapping[str, tuple[tf.Variable, float]]

    def features(self, kind: str) -> list[str]:
        """Returns the names of the features of `kind`."""
        return [feature.name for feature in self.schema.features if feature.kind == kind]

    def unknown(self, feature: str) -> range:
        """Returns the rows of a categorical feature's table for unknown values; else none."""
        vocabularies = {each.name: each.vocabulary for each in self.schema.features}
        return self.unknown_rows.get(vocabularies.get(feature, ""), range(0))

    def tasks(self, kind: str = "") -> list[str]:
        """Returns the names of the tasks of `kind`, or of every task."""
        return [task.name for task in self.schema.tasks if kind in ("", task.kind)]


def match(pattern: str, names: Iterable[str], *, what: str) -> tuple[str, ...]:
    """Returns those of `names` that `pattern` names: one as it is, or several by * and ?.

    Args:
      what: the names are of, for the error: "binary task".

    Raises:
      ValueError: if there is none, listing `names`.
    """
    names = tuple(names)
    if pattern in names:
        return (pattern,)
    found = tuple(name for name in names if fnmatch.fnmatchcase(name, pattern))
    if not found:
        raise ValueError(f"no {what} {pattern!r}; there are: {', '.join(names) or 'none'}")
    return found
