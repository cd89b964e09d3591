"""JSON that was written here and may have been damaged since: one reader for all of it."""

import json
from typing import Any

MOST = 100  # of lists and tables within each other: more than anything written here has


def parse(text: str | bytes) -> Any:
    """Returns what `text`, JSON in UTF-8, says.

    Raises:
      ValueError: for what is no JSON, not UTF-8, or nested more than `MOST` deep, which
        neither this nor who writes it again could follow.
    """
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise _too_deep() from error
    level = [value]
    for _ in range(MOST + 1):
        parts = [part for part in level if isinstance(part, dict | list)]
        if not parts:
            return value
        level = [i for part in parts for i in (part.values() if isinstance(part, dict) else part)]
    raise _too_deep()


def _too_deep() -> ValueError:
    return ValueError(f"no JSON: nested more than {MOST} deep")
