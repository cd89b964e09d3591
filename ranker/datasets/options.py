"""What may be chosen when a dataset is prepared."""

import dataclasses
import math
from pathlib import Path

from ranker.datasets.errors import DatasetError

SPLITS = ("user-temporal", "global-temporal", "random", "random-user", "window", "published")
PASTS = ("all", "train")


def expanded(name: str, path: str) -> Path:
    """Returns `path` with the home directory for a ~ at its beginning.

    Args:
      name: of what the user set, for the message.

    Raises:
      DatasetError: if there is no such home.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise DatasetError(
            f"{name} is {path!r:.200}: there is no home directory for the ~; write the path in full"
        ) from error


@dataclasses.dataclass(frozen=True, kw_only=True)
class Simulation:
    """How large a synthetic world is, and how alike its tasks are.

    Attributes:
      rows: impressions; >= 100, so that every part has some.
      users, items: how many there are; >= 1, at most 2^31 - 1.
      task_correlation: of the true scores of any two tasks, in [0, 1].
    """

    rows: int = 100_000
    users: int = 1_000
    items: int = 2_000
    task_correlation: float = 0.5

    def __post_init__(self) -> None:
        for name, lowest, highest in (
            ("rows", 100, 10**10),
            ("users", 1, 2**31 - 1),
            ("items", 1, 2**31 - 1),
            ("task_correlation", 0, 1),
        ):
            value = getattr(self, name)
            if not lowest <= value <= highest:
                raise DatasetError(f"{name} must be in {lowest} to {highest}, got {value}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Night:
    """What a night knows of its vocabularies beside its rows.

    Attributes:
      date: of the rows, as 2026-11-28.
      beside: Parquet files of nights before that are trained on with these rows: a value counts
        that is in them.
      forget_after_days: on so many days in a row, this one the last, no row has a value: then it
        loses its row. 0 for never.
    """

    date: str
    beside: tuple[Path, ...] = ()
    forget_after_days: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Where a dataset comes from, how it is split and which rows and features it gets.

    Attributes:
      source: a folder or archive to read instead of the cache or the network.
      spec: the file that describes a table of one's own, and no other dataset.
      past_from: of a table of one's own, a folder that was prepared before, of the rows before
        these: features of the past go on from where they ended there, and what was learnt of its
        training rows (medians and borders of buckets) holds.
      cache: the folder that keeps what was downloaded; by default `ranker` in the
        user's cache folder.
      split: one of SPLITS, as `ranker.datasets.splits` has them, that the dataset allows;
        "" for the first of those.
      boundaries: of global-temporal: where validation and test begin, each a share
        of the rows in (0, 1) or a date (YYYY-MM-DD, UTC).
      window_days: of window: length of the validation and of the test window.
      seed: of the random split and of the sampled rows.
      past: whose ratings before an event its features may know: "all", as a deployed
        ranker would, or those of the "train" split only, as references that train once.
      history: most liked items a row remembers; >= 1.
      negatives: unrated items sampled for each rated row; 0 for none.
      max_rejected_rows: largest share of a file's rows that may be rejected, in [0, 1).
      minimum_count: how often a value must be in the training rows to enter a vocabulary; one
        that is rarer shares the rows of the unknown ones. >= 1.
      vocabulary_from: a folder that was prepared before, or the directory of a run on such, to
        train on from what was trained on that. Its values keep their rows, in order and whether
        or not they are in these rows, and new ones come behind; its columns keep means and
        deviations, of labels too: a model counts from them.
      night: of a nightly job; None without one.
      simulation: of a synthetic dataset, and of no other; None for its defaults.
    """

    source: Path | None = None
    spec: Path | None = None
    past_from: Path | None = None
    cache: Path | None = None
    split: str = ""
    boundaries: tuple[str, str] = ("0.8", "0.9")
    window_days: float = 7.0
    seed: int = 0
    past: str = "all"
    history: int = 50
    negatives: int = 0
    max_rejected_rows: float = 0.001
    minimum_count: int = 1
    vocabulary_from: Path | None = None
    night: Night | None = None
    simulation: Simulation | None = None

    def __post_init__(self) -> None:
        if self.split and self.split not in SPLITS:
            raise DatasetError(f"split {self.split!r} is none of {', '.join(SPLITS)}")
        if self.past not in PASTS:
            raise DatasetError(f"past {self.past!r} is none of {', '.join(PASTS)}")
        if len(self.boundaries) != 2:
            raise DatasetError(
                f"boundaries must be two, of validation and test, got {','.join(self.boundaries)}"
            )
        self._check("window_days", "> 0", holds=self.window_days > 0)
        self._check("seed", ">= 0", holds=self.seed >= 0)
        self._check("history", ">= 1", holds=self.history >= 1)
        self._check("negatives", ">= 0", holds=self.negatives >= 0)
        self._check("minimum_count", ">= 1", holds=self.minimum_count >= 1)
        self._check("max_rejected_rows", "in [0, 1)", holds=0 <= self.max_rejected_rows < 1)

    def _check(self, name: str, bound: str, *, holds: bool) -> None:
        value = getattr(self, name)
        if not (holds and math.isfinite(value)):
            raise DatasetError(f"{name} must be {bound}, got {value}")
