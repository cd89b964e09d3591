"""What a run has where it begins."""

from typing import Any, NamedTuple

from ranker.train.actions import Progress


class Beginning(NamedTuple):
    """Where a run begins; the variables are there.

    Attributes:
      progress: beside them.
      state: of the checkpoint that the run is resumed from; {} if it is new.
      events: what there is to report of it.
    """

    progress: Progress
    state: dict[str, Any]
    events: list[dict[str, Any]]
