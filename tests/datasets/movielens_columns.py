"""MovieLens' columns with their histories, as preparation joins them."""

from pathlib import Path

import numpy as np

from ranker.datasets.examples import Inputs
from ranker.datasets.options import Options
from ranker.datasets.past.forward import Events
from ranker.datasets.past.histories import Histories
from ranker.datasets.public.movielens.columns import Columns
from ranker.datasets.public.movielens.editions import EDITIONS
from ranker.datasets.public.movielens.examples import HISTORIES, LIKED_STARS
from ranker.datasets.public.movielens.interactions import Interactions
from ranker.datasets.public.movielens.read import read
from ranker.datasets.read.archives import Files
from ranker.datasets.read.rejected_rows import RejectedRows


def read_edition(
    path: Path, name: str, *, max_rejected_rows: float = 0.0
) -> tuple[Interactions, list[RejectedRows]]:
    """Returns what the files at `path` tell, and the account of each."""
    with Files(path) as files:
        inputs = Inputs(name, files, Options(max_rejected_rows=max_rejected_rows), path)
        return read(EDITIONS[name], inputs), inputs.rejected


class WithHistories:
    """Makes all feature columns of events, going forward in time."""

    def __init__(self, data: Interactions, *, history: int, began: np.ndarray | None = None):
        self._columns = Columns(data, began=began)
        self._histories = Histories(
            dict.fromkeys(HISTORIES, history),
            num_users=len(data.users.ids),
            item_ids=data.items.ids,
        )

    def advance(
        self,
        events: Events,
        rating: np.ndarray,
        *,
        is_known: np.ndarray,
        part: np.ndarray | None = None,
    ) -> dict[str, list]:
        """Returns the columns by name, and remembers the events that are known."""
        columns, deferred = self._columns.advance(events, rating, is_known=is_known, part=part)
        columns |= deferred(np.arange(len(rating)))
        is_liked = (rating >= LIKED_STARS).astype(float)
        lists = self._histories.advance(
            events,
            is_known=is_known,
            are_meant={name: is_liked == label for name, (_, label) in HISTORIES.items()},
        )
        columns |= {name: of.copied(np.arange(len(rating))) for name, of in lists.items()}
        return {name: column.to_pylist() for name, column in columns.items()}
