"""Whether a split fits in memory: what its rows take, and what is free."""

import os
from pathlib import Path

from ranker.schema import Schema

SHARE = 0.5  # of the free memory, that the rows of a split may take

_NUMBER = 4  # bytes of an int32 or float32
_BESIDE = 8 + 8 + 1 + 3 * 8  # user, time, is_warm; and the orders that a stream makes of rows
_TEXT = 64  # of a user's name as an object of Python


def row_bytes(schema: Schema) -> int:
    """Returns how many bytes an encoded row of `schema` takes in memory."""
    values = sum(feature.max_length for feature in schema.features) + 2 * len(schema.tasks)
    is_text = schema.feature(schema.user).dtype == "string"
    return _NUMBER * values + _BESIDE + (_TEXT if is_text else 0)


def free_bytes(root: Path = Path("/")) -> int:
    """Returns how much memory this process may still take, as the system says.

    Args:
      root: where proc/ and sys/ are.

    Source: Linux's Documentation/filesystems/proc.rst (MemAvailable) and
    admin-guide/cgroup-v2.rst (memory.max, memory.current; inactive_file can be taken back).
    """
    free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    named = _named(root / "proc/meminfo")
    if "MemAvailable:" in named:
        free = named["MemAvailable:"] * 1024
    group = root / "sys/fs/cgroup"
    limit, used = (_number(group / f"memory.{name}") for name in ("max", "current"))
    if limit is not None and used is not None:
        cached = _named(group / "memory.stat").get("inactive_file", 0)
        free = min(free, limit - used + cached)
    return max(0, free)


def _named(path: Path) -> dict[str, int]:
    """Returns the numbers of a file of lines "name number ..."; {} if it is not there."""
    try:
        lines = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdigit()}


def _number(path: Path) -> int | None:
    """Returns the number in a file; None if there is no such file, or "max" in it."""
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
