"""How an error says what it found in someone's file: short, and on one line whatever it holds."""

from collections import Counter
from collections.abc import Iterable

_MOST = 300  # letters


def listed(names: Iterable[str]) -> str:
    """Returns `names` with commas between, cut at 300 letters; "nothing" if there are none.

    What does not print is escaped, so a line break in a name stays within the sentence.
    """
    shown = (name if name and name.isprintable() else repr(name) for name in names)
    return f"{', '.join(shown):.{_MOST}}" or "nothing"


def repeated(names: Iterable[str]) -> list[str]:
    """Returns the names that are there more than once, in alphabetical order."""
    return sorted(name for name, count in Counter(names).items() if count > 1)
