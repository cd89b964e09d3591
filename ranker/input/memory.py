"""Whether a split fits in memory: what its rows take, and what is free."""

import os
from collections.abc import Iterator
from pathlib import Path

from ranker.schema import Schema

SHARE = 0.5  # of the free memory, that the rows of a split may take

_NUMBER = 4  # bytes of an int32 or float32
_BESIDE = 8 + 8 + 1 + 3 * 8  # user, time, is_warm; and the orders that a stream makes of rows
_TEXT = 64  # of a user's name as an object of Python

# Of a control group, of version 2 and of version 1: its limit, its use, and what of that is cache.
_GROUP_FILES = {
    "": ("memory.max", "memory.current", "inactive_file"),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}


def row_bytes(schema: Schema) -> int:
    """Returns how many bytes an encoded row of `schema` takes in memory."""
    values = sum(feature.max_length for feature in schema.features) + 2 * len(schema.tasks)
    is_text = schema.feature(schema.user).dtype == "string"
    return _NUMBER * values + _BESIDE + (_TEXT if is_text else 0)


def free_bytes(root: Path = Path("/")) -> int:
    """Returns how much memory this process may still take, as the system says.

    Args:
      root: where proc/ and sys/ are.

    Source: Linux's Documentation/filesystems/proc.rst (MemAvailable), admin-guide/cgroup-v2.rst
    and admin-guide/cgroup-v1/memory.rst (a group's limit, its use, and what of that is a cache
    that can be taken back; a group is bound by the limits of those above it, too).
    """
    free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    named = _named(root / "proc/meminfo")
    if "MemAvailable:" in named:
        free = named["MemAvailable:"] * 1024
    return max(0, min([free, *_left_by_groups(root)]))


def _left_by_groups(root: Path) -> Iterator[int]:
    """Yields what each control group that this process is in may still take."""
    for controller, (limit_name, used_name, cache_name) in _GROUP_FILES.items():
        names = _own_group(root, controller)
        for depth in range(len(names) + 1):
            group = (root / "sys/fs/cgroup" / controller).joinpath(*names[:depth])
            limit, used = _number(group / limit_name), _number(group / used_name)
            if limit is not None and used is not None:
                yield limit - used + _named(group / "memory.stat").get(cache_name, 0)


def _own_group(root: Path, controller: str) -> list[str]:
    """Returns the names on the way from a controller's root to this process's group."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return path.split("/")[1:]
    return []


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
