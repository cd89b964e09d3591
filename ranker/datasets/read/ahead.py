"""Items made by a thread of their own, a few ahead of who takes them."""

import collections
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_DEPTH = 2  # items that wait


def ahead(items: Generator[_Item, None, None]) -> Iterator[_Item]:
    """Yields the items in their order, while the thread makes the next.

    What making one raises is raised here, behind the items before it. Closed early, it waits for
    the item that is being made, and closes `items`.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        end = object()
        waiting = collections.deque(thread.submit(next, items, end) for _ in range(_DEPTH))
        try:
            while (item := waiting.popleft().result()) is not end:
                waiting.append(thread.submit(next, items, end))
                yield item  # pyright: ignore[reportReturnType]
        finally:
            thread.shutdown(cancel_futures=True)
            items.close()
