"""What a job for every night is: where a day's rows are, what may change, what may be served."""

import dataclasses
from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le, Lt

from ranker.spec.gate import GateSettings
from ranker.spec.part import AtLeastOne, NonNegative, Part, Share, declared


@declared
class DaySettings(Part):
    """Where the rows of a day are, and how they are prepared.

    Attributes:
      dataset: as `ranker prepare` names it.
      spec: of the dataset "table"; empty for another.
      source: the day's files; "{date}" stands for the day, as 2026-11-28.
      ready: a file that is there once the day is whole, such as `logs/day={date}/_SUCCESS`;
        empty for none.
      split: as `ranker prepare` has it; empty for the dataset's own. The last part of a day,
        its test split, is what the gate looks at.
      train_days: how many days a night trains on: its own, and of the days before it those that
        the served model was trained on, each with all of its rows.
      minimum_count: how often a value must be in the rows that a night trains on to enter a
        vocabulary; one that is rarer waits in the rows of the unknown ones.
      forget_after_days: a value that no row had for so many days, this one the last, loses its
        row of every table, and is new if it comes again; 0 for never.
      max_rejected_rows: share of a file's rows that may be rejected.
    """

    renamed: ClassVar = {"max_bad_rows": "max_rejected_rows"}
    dataset: str = "table"
    spec: str = ""
    source: str
    ready: str = ""
    split: str = ""
    train_days: AtLeastOne = 1
    minimum_count: AtLeastOne = 1
    forget_after_days: Annotated[int, Ge(0), Le(100_000)] = 0
    max_rejected_rows: Annotated[float, Ge(0), Lt(1)] = 0.001

    def check(self) -> None:
        """Raises ValueError if a value would lose its row while it is trained on."""
        if 0 < self.forget_after_days < self.train_days:
            raise ValueError(
                f"forget_after_days {self.forget_after_days} must be 0 or at least train_days, "
                f"{self.train_days}: what is trained on has a row"
            )


@declared
class IntakeSettings(Part):
    """How far a day may be from the last ones, before anything trains on it.

    A median over the last accepted nights is what a day is compared with; the first night is
    compared with nothing.

    Attributes:
      nights: how many of the last ones; 0 for no comparison.
      smallest_rows: rows, as a share of the median.
      largest_rows: rows, as a share of the median.
      largest_rate_change: of a task's mean label, or of its share of labelled rows, as a factor:
        2 allows from a half to double.
      largest_shift: of a number's mean, in its median standard deviations; features of the
        past are not looked at, since they grow.
      largest_top_share: how much more of the rows may have a feature's most frequent value.
      largest_repeated: how much more of the rows may be of the user, item and moment of another
        row: a file that came twice; 1 for any.
    """

    nights: Annotated[int, Ge(0), Le(1000)] = 7
    smallest_rows: Share = 0.5
    largest_rows: Annotated[float, Gt(1)] = 2.0
    largest_rate_change: Annotated[float, Gt(1)] = 2.0
    largest_shift: NonNegative = 1.0
    largest_top_share: Share = 0.3
    largest_repeated: Share = 0.3


@declared
class NightlySettings(Part):
    """A job for every night.

    Attributes:
      plugins: modules that register datasets or parts of your own.
      config: settings of a run: a file, or the name of one that is shipped. The default's run is
        one pass over the rows in order of time.
      set: settings in place of the file's, as --set takes them; the data's folder and what the
        run begins from are the night's own.
      days: the rows.
      intake: what a day may be.
      gate: what a model may be.
      keep_versions: newest versions that stay in `export/`.
      keep_nights: newest nights whose data and checkpoints stay; the one that is served does.
    """

    plugins: tuple[str, ...] = ()
    config: str = "table_nightly"
    set: tuple[str, ...] = ()
    days: DaySettings
    intake: IntakeSettings = IntakeSettings()
    gate: GateSettings = dataclasses.field(default_factory=GateSettings)
    keep_versions: AtLeastOne = 5
    keep_nights: AtLeastOne = 30

    def check(self) -> None:
        """Raises ValueError if rows would be deleted that a later night trains on."""
        if self.keep_nights < self.days.train_days:
            raise ValueError(
                f"keep_nights {self.keep_nights} must be at least days.train_days, "
                f"{self.days.train_days}: the rows of those nights are trained on"
            )
