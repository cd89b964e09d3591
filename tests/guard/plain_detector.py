"""The detector in plain Python: lists of losses, one task at a time, nothing shared with ours."""

import dataclasses
import itertools
import math
import statistics

SIGMA = 1.4826 / math.sqrt(2)


@dataclasses.dataclass
class PlainDetector:
    """Watches one task's loss, without its AUC; `look` takes five attempts."""

    window: int = 200
    minimum: int = 30
    sigmas: float = 7.0
    margin: float = 0.1
    max_recovery: int = 40
    floor_windows: int = 5
    base: float = 0.0
    blocks: list = dataclasses.field(default_factory=list)
    first: float | None = None
    age: int = 0
    level: float = math.inf
    num_bad: int = 0
    ends: dict = dataclasses.field(default_factory=dict)
    num_entered: int = 0

    def look(self, losses, accepted):
        """Returns the symptom, in words, after five attempts."""
        good = [a and math.isfinite(v) for v, a in zip(losses, accepted, strict=True)]
        block = [v if g and v != 0 else None for v, g in zip(losses, good, strict=True)]
        self.num_bad = 0 if any(good) else self.num_bad + 5
        seen = [v for v in block if v is not None]
        if self.first is None and seen:
            self.first = seen[0]
        has_returned = False
        if self.age:
            has_returned = len(seen) >= 3 and median(seen) <= self.level + 0.05 * abs(self.level)
            self.age = 0 if has_returned else self.age + 5
        elif len(seen) >= 3:
            self.level, limit = self.limits()
            if median(seen) > limit:
                above = [v is not None and v > limit for v in block]
                self.age = 5 - above.index(True)
            else:
                self.enter(block)
        if self.age >= self.max_recovery or self.num_bad >= self.max_recovery:
            return "full"
        return "jump" if self.age else "micro" if has_returned else "healthy"

    def enter(self, block):
        before = self.values()
        self.num_entered += 1
        if self.num_entered % (self.window // 5) == 0 and self.floor_windows:
            level = median(before) if len(before) >= self.minimum else -math.inf
            if level >= 0.1 * self.base and math.isfinite(level):
                place = self.num_entered // (self.window // 5) % self.floor_windows
                self.ends[place] = level
        self.blocks = [*self.blocks, block][-(self.window // 5) :]

    def values(self):
        return [v for block in self.blocks for v in block if v is not None]

    def floor(self):
        if not self.floor_windows:
            return -math.inf
        start = self.base or self.first
        return median([self.ends.get(place, start) for place in range(self.floor_windows)])

    def limits(self):
        values = self.values()
        if len(values) < self.minimum:
            untrained = max(self.first, self.base)
            return untrained, untrained + 0.5 * abs(untrained)
        slots = [v for block in self.blocks for v in block]
        pairs = list(itertools.pairwise(slots))
        if len(slots) == self.window:  # in a ring the newest and the oldest are neighbours
            pairs.append((slots[-1], slots[0]))
        distances = [abs(b - a) for a, b in pairs if a is not None and b is not None]
        middle = max(median(values), self.floor())
        spread = SIGMA * median(distances)
        return middle, middle + max(self.sigmas * spread, self.margin * abs(middle))


def median(values):
    return statistics.median_high(values)
