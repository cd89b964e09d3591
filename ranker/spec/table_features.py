"""Kinds of features of a table: what becomes of a column.

A null is normal, and each kind says what it becomes; a value of another type is a rejected row.
"""

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le

from ranker.spec.part import AtLeastOne, Part, declared, register

OWN_VALUE, INDICATOR = "own value", "indicator"
MISSING_WORD, MISSING_ID = "unknown", -1  # the own value of a null: among words, among numbers

Buckets = Annotated[int, Ge(0), Le(1_000_000_000)]
Length = Annotated[int, Ge(1), Le(1 << 16)]


@declared
class TableFeature(Part):
    """A feature of a table.

    Attributes:
      column: of the source; the feature's name if empty.
    """

    column: str = ""


@declared
class Categorical(TableFeature):
    """A feature of one id or word a row.

    Attributes:
      missing: what a null becomes: "own value" (the word "unknown", or the id -1), "indicator"
        (the same, and a number NAME_is_missing beside it), or a value.
      minimum_count: a value that fewer training rows have is not in the vocabulary.
      hash_buckets: values are hashed to so many; 0 for none.
    """

    missing: str | float = OWN_VALUE
    minimum_count: AtLeastOne = 1
    hash_buckets: Buckets = 0

    def check(self) -> None:
        """Raises ValueError for a missing id that is no whole number."""
        if isinstance(self.missing, float) and self.missing != int(self.missing):
            raise ValueError(f"missing must be text or a whole number, got {self.missing}")


@register("id")
class Id(Categorical):
    """Who or what a row is of: a user, an item, a seller. Whole numbers or text."""


@register("category")
class Category(Categorical):
    """One of some values: a country, a device. Whole numbers, text, bool or dates."""


@register("number")
class Number(TableFeature):
    """A number, which the model sees standardised.

    Attributes:
      missing: what a null becomes: a number, or "indicator" (the median of the training rows, and
        a number NAME_is_missing beside it). With "quantiles" it is a bucket of its own.
      transform: "standardise" alone; "log1p" before it, of numbers >= 0; or "quantiles": the
        number of the bucket, as a category.
      num_buckets: of "quantiles", with about as many training rows each.
      minimum: least value; rows with less are rejected. None for no bound.
      maximum: largest value; rows with more are rejected. None for no bound.
    """

    missing: str | float = 0.0
    transform: Literal["standardise", "log1p", "quantiles"] = "standardise"
    num_buckets: Annotated[int, Ge(2), Le(1_000)] = 20
    minimum: float | None = None
    maximum: float | None = None

    def check(self) -> None:
        """Raises ValueError for a missing value that is none, or bounds the wrong way round."""
        if isinstance(self.missing, str) and self.missing != INDICATOR:
            raise ValueError(f'missing must be a number or "{INDICATOR}", got {self.missing!r:.80}')
        low, high = self.minimum, self.maximum
        if low is not None and high is not None and not low < high:
            raise ValueError(f"minimum must be below maximum {high}, got {low}")


@register("list")
class List(TableFeature):
    """Several ids or words a row; a null is an empty list.

    Attributes:
      delimiter: between the values, where the column is text.
      flatten: whether a list of lists is read as one list.
      max_length: most values of a row; the first are kept.
      minimum_count: a value that fewer training rows have is not in the vocabulary.
      hash_buckets: values are hashed to so many; 0 for none.
    """

    delimiter: str = ","
    flatten: bool = False
    max_length: Length = 50
    minimum_count: AtLeastOne = 1
    hash_buckets: Buckets = 0

    def check(self) -> None:
        """Raises ValueError for an empty delimiter."""
        if not self.delimiter:
            raise ValueError(f"delimiter must be at least one letter, got {self.delimiter!r}")


@register("text")
class Text(TableFeature):
    """Words of a text, in lower case, as a list; a null has none.

    Attributes:
      max_length: most words of a row; the first are kept.
      minimum_count: a word that fewer training rows have is not in the vocabulary.
      hash_buckets: words are hashed to so many; 0 for none.
    """

    max_length: Length = 50
    minimum_count: AtLeastOne = 1
    hash_buckets: Buckets = 0


@register("time")
class Time(TableFeature):
    """Parts of a moment, each a feature called NAME_PART.

    Attributes:
      parts: "hour", "weekday" (Monday is 0), "day" and "month" (both from 1), and "age", the
        seconds from the moment to the row's time, as a number.
      transform: parts are a "category", or two numbers each, NAME_PART_sin and NAME_PART_cos, of
        "cyclic".
      timezone: in which the parts are reckoned, such as "Europe/Zurich".
      unit: of whole numbers since 1970-01-01 UTC.
    """

    PARTS: ClassVar = ("hour", "weekday", "day", "month", "age")
    parts: tuple[str, ...] = ("hour", "weekday")
    transform: Literal["category", "cyclic"] = "category"
    timezone: str = "UTC"
    unit: Literal["s", "ms", "us", "ns"] = "s"

    def check(self) -> None:
        """Raises ValueError for a part that there is none of, or no part."""
        if not self.parts or not set(self.parts) <= set(self.PARTS):
            raise ValueError(f"parts must be some of {list(self.PARTS)}, got {list(self.parts)}")


@register("crossed")
class Crossed(TableFeature):
    """The values of several columns as one, such as country and device.

    Attributes:
      columns: of the source, two or more.
      minimum_count: a value that fewer training rows have is not in the vocabulary.
      hash_buckets: values are hashed to so many; 0 for none.
    """

    column: ClassVar[str] = ""
    columns: tuple[str, ...]
    minimum_count: AtLeastOne = 1
    hash_buckets: Buckets = 0

    def check(self) -> None:
        """Raises ValueError for fewer than two columns."""
        if len(self.columns) < 2:
            raise ValueError(f"columns must be two or more, got {list(self.columns)}")
