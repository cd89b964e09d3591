"""Interactions to examples, going forward in time window by window."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa

from ranker.datasets.columns import binary
from ranker.datasets.examples import Block, Examples, Inputs
from ranker.datasets.options import Options
from ranker.datasets.past.negatives import Sampled
from ranker.datasets.public.movielens.columns import Columns, features_of
from ranker.datasets.public.movielens.editions import EDITIONS
from ranker.datasets.public.movielens.interactions import Interactions
from ranker.datasets.public.movielens.layouts import layout_of
from ranker.datasets.public.movielens.read import read
from ranker.datasets.splits import NAMES, Split
from ranker.schema import Task

LIKED_STARS = 4.0  # a rating of at least this many stars is a like
HISTORIES = {"liked_items": ("like", 1.0), "disliked_items": ("like", 0.0)}
WINDOW_ROWS = 1 << 17
_LABELS = {
    "like": f"1 if the rating is at least {LIKED_STARS:g} stars, else 0",
    "rating": "stars",
    "watch": "1 for a rated row, 0 for an item sampled for it, which has no other label",
}


def load(inputs: Inputs) -> Examples:
    """Returns the examples of an edition, the sampled ones among them.

    Raises:
      DatasetError: as `read` does.
    """
    edition, options = EDITIONS[inputs.name], inputs.options
    layout = layout_of(edition, inputs.files)
    data = read(edition, inputs)
    tasks = _tasks(data, has_watch=options.negatives > 0)
    ratings, tags = layout.ratings.file, layout.tags
    return Examples(
        features=features_of(data, histories=HISTORIES, history_length=options.history),
        tasks=tasks,
        labels={task.name: _LABELS[task.name] for task in tasks},
        blocks=partial(blocks, data, options),
        user=data.user,
        time=data.time,
        histories=HISTORIES,
        num_users=len(data.users.ids),
        item_ids=data.items.ids,
        num_read=sum(of.num_read for of in inputs.rejected if of.file == ratings),
        missing_files=(tags.file,) if tags and tags.file not in inputs.files else (),
        has_even_groups=True,
    )


def blocks(data: Interactions, options: Options, split: Split) -> Iterator[Block]:
    """Yields the ratings in order of time, behind each the items sampled for it."""
    columns = Columns(data, began=_began(data, split.parts))
    sampled = None
    if options.negatives:
        everything = data.events(slice(None))
        sampled = Sampled(everything, split.parts, num_items=options.negatives, seed=options.seed)
    for window in windows(data.time, WINDOW_ROWS):  # nothing of a window is held here
        yield _block(data, window, split, columns=columns, sampled=sampled)


def _block(
    data: Interactions, window: slice, split: Split, *, columns: Columns, sampled: Sampled | None
) -> Block:
    events, rating, part = data.events(window), data.rating[window], split.parts[window]
    is_rated = np.ones(len(part), bool)
    if sampled is not None:
        events, owner, is_rated = sampled.join(events, start=window.start)
        rating, part = np.where(is_rated, rating[owner], np.float32(0)), part[owner]
    is_known = is_rated & split.knows(part)
    made, deferred = columns.advance(events, rating, is_known=is_known, part=part)
    made |= _labels(rating, is_rated, has_watch=sampled is not None)
    made["timestamp"] = pa.array(events.time)
    return Block(pa.table(made), events.user, events.item, part, deferred=deferred)


def _labels(rating: np.ndarray, is_rated: np.ndarray, *, has_watch: bool) -> dict[str, pa.Array]:
    """Returns the labels of the tasks; of what was not rated, null but for `watch`."""
    labels = {"like": (rating >= LIKED_STARS).astype(np.float32), "rating": rating}
    made = {name: pa.array(v, mask=~is_rated) for name, v in labels.items()}
    return made | ({"watch": pa.array(is_rated.astype(np.float32))} if has_watch else {})


def _began(data: Interactions, parts: np.ndarray) -> np.ndarray:
    """Returns when each user's first event of each part is; the last second without one."""
    began = np.full((len(NAMES), len(data.users.ids)), np.iinfo(np.int64).max)
    np.minimum.at(began, (parts, data.user), data.time)
    return began


def windows(time: np.ndarray, num_rows: int) -> Iterator[slice]:
    """Yields the rows, [N] in order of time, by some `num_rows`, dividing no second."""
    start = 0
    while start < len(time):
        last = time[min(start + num_rows, len(time)) - 1]
        end = int(np.searchsorted(time, last, side="right"))
        yield slice(start, end)
        start = end


def _tasks(data: Interactions, *, has_watch: bool) -> tuple[Task, ...]:
    """Returns the tasks; their training labels are not yet looked at."""
    stars = Task(name="rating", kind="regression", minimum=data.lowest, maximum=data.highest)
    tasks = (binary("like"), stars)
    return (*tasks, binary("watch")) if has_watch else tasks
