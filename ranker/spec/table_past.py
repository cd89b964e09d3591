"""Features of the past of a table: what was before a row, by point in time.

Each is computed of rows whose time is strictly before the row's: rows of one moment do not see
each other. A row whose key is null has no past, and is nobody's.
"""

import re
from typing import Annotated

from annotated_types import Ge, Le

from ranker.spec.part import NonNegative, Part, declared, register

_WINDOW = re.compile(r"([0-9]{1,6}) ?(second|minute|hour|day|week)s?")
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}


@declared
class Past(Part):
    """A feature of the past.

    Attributes:
      by: columns, one or two, whose values the rows before must share; none for all rows.
      where: condition; only rows where it holds are looked at.
    """

    by: tuple[str, ...] = ()
    where: str = ""

    def check(self) -> None:
        """Raises ValueError for more than two keys, or a window that is none."""
        if len(self.by) > 2 or len(set(self.by)) < len(self.by):
            raise ValueError(f"by must be at most two different columns, got {list(self.by)}")
        window_seconds(self)


def window_seconds(past: Past) -> int:
    """Returns the length of the window of `past`, in seconds; 0 for all time.

    Raises:
      ValueError: for text that is no length.
    """
    text = getattr(past, "window", "")
    if not text:
        return 0
    found = _WINDOW.fullmatch(text)
    if not found or not int(found[1]):
        raise ValueError(f'window must be such as "30 minutes" or "7 days", got {text!r:.80}')
    return int(found[1]) * _SECONDS[found[2]]


@register("count")
class PastCount(Past):
    """How many rows there were; the model sees its logarithm.

    Attributes:
      window: length of time before the row, such as "7 days"; empty for all time.
    """

    window: str = ""


@register("mean")
class PastMean(Past):
    """The mean of a number, shrunk towards the mean of all rows before.

    (sum + prior_weight x prior) / (count + prior_weight). The prior is the mean over all rows
    before of which `where` holds, of any key and of all time whatever the window; 0 before the
    first. With a `prior_weight` of 0 it stands where there is no row to take a mean of.

    Attributes:
      of: expression, or the name of a task for its label; nulls are left out.
      window: length of time before the row, such as "7 days"; empty for all time.
      prior_weight: rows that the prior counts for, 0 for no shrinking.
    """

    of: str
    window: str = ""
    prior_weight: NonNegative = 5.0


@register("rate")
class PastRate(Past):
    """The share of rows where a condition holds, shrunk towards the share of all rows before.

    As "mean" of 0 and 1.

    Attributes:
      of: condition, or the name of a binary task for its label; nulls are left out.
      window: length of time before the row, such as "7 days"; empty for all time.
      prior_weight: rows that the prior counts for, 0 for no shrinking.
    """

    of: str
    window: str = ""
    prior_weight: NonNegative = 5.0


@register("recency")
class PastRecency(Past):
    """Seconds since the last row, 0 if there was none; the model sees its logarithm."""


@register("last")
class PastLast(Past):
    """The last values of a feature, the latest first, as a list.

    Attributes:
      of: feature of kind "id" or "category", whose vocabulary they share.
      length: most values of a row.
    """

    of: str
    length: Annotated[int, Ge(1), Le(1 << 16)] = 50
