"""When what happens in a run, in attempts."""

import dataclasses
from collections.abc import Iterable, Iterator


@dataclasses.dataclass(frozen=True)
class CallBoundaries:
    """The calls of attempts `start` to `total`, reckoned as they are needed: there may be many."""

    start: int
    total: int
    periods: tuple[int, ...]

    def __bool__(self) -> bool:
        return self.start < self.total

    def __iter__(self) -> Iterator[tuple[int, int]]:
        first = self.start
        while first < self.total:
            end = min(self.total, *(first - first % every + every for every in self.periods))
            yield first, end - first
            first = end


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """When what happens, in attempts; `attempts_per_call` bounds one call of the graph."""

    total: int
    attempts_per_call: int
    evaluate_every: int
    checkpoint_every: int
    monitor: str
    patience: int

    def evaluates(self, attempt: int) -> bool:
        """Whether an evaluation follows `attempt`."""
        return attempt % self.evaluate_every == 0 or attempt == self.total

    def call_boundaries(self, start: int, *, also: Iterable[int] = ()) -> CallBoundaries:
        """Returns (first attempt, number of attempts) of each call from `start` to the end.

        A call ends where something is due, and the boundaries after a resume are those of a
        run that never stopped, as long as it stopped at a boundary.

        Args:
          also: periods, in attempts, beside the plan's own at whose multiples a call ends.
        """
        own = (self.attempts_per_call, self.evaluate_every, self.checkpoint_every)
        return CallBoundaries(start, self.total, (*own, *also))
