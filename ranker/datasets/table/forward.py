"""Rows of the spool to blocks of examples, each with its past."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ranker.datasets.examples import Block
from ranker.datasets.past.histories import Lists
from ranker.datasets.splits import TRAIN, Split
from ranker.datasets.table import state
from ranker.datasets.table.earlier import Earlier
from ranker.datasets.table.facts import Facts, write_facts
from ranker.datasets.table.grouping import Groups
from ranker.datasets.table.numbering import Numbers
from ranker.datasets.table.past import Block as PastBlock
from ranker.datasets.table.past import PastColumns
from ranker.datasets.table.plan import Plan, types_of
from ranker.datasets.table.reserved import LAST, REQUEST, WEIGHT
from ranker.datasets.table.rows import RowMaker
from ranker.datasets.table.scalars import looks_at_rows
from ranker.datasets.table.spool import TIME, Spool
from ranker.spec.table_features import Number

_MICRO = 1_000_000
_SAMPLE = 1 << 20  # training rows that medians and buckets are of


class Forward:
    """Goes through the rows of a spool in order of time.

    Attributes:
      borders: by feature of kind "number", the least value of each bucket but the first, or its
        median alone; `blocks` fills in those that are not of earlier data.
    """

    def __init__(
        self,
        plan: Plan,
        spool: Spool,
        maker: RowMaker,
        num_rows: int,
        earlier: Earlier | None = None,
        *,
        is_kept: bool = True,
        borders: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Takes rows that are all read.

        Args:
          earlier: whose past goes on, and whose borders hold.
          is_kept: whether `write` will be called, so that what the rows do not touch of the
            earlier past is needed as well.
          borders: that hold, where no past goes on.
        """
        self._plan, self._spool, self._maker, self._num_rows = plan, spool, maker, num_rows
        self._earlier = earlier
        self._groups = Groups({past.group for past in plan.past}, maker.keys)
        self._groups.learn(
            spool, state.pairs(earlier.folder, plan, maker) if earlier and is_kept else {}
        )
        self._past: PastColumns | None = None
        self.borders: dict[str, np.ndarray] = dict(
            earlier.facts.borders if earlier else borders or {}
        )
        self._until = earlier.facts.until if earlier else -1

    def users(self) -> np.ndarray:
        """Returns the number of the user of each row, int32 [N]."""
        numbers, user = Numbers(), self._plan.spec.user
        parts = [
            numbers.of(table[user].combine_chunks()).to_numpy()
            for table in self._spool.blocks([user])
        ]
        return np.concatenate(parts)

    def blocks(self, split: Split, features: Sequence[str]) -> Iterator[Block]:
        """Yields the rows in order of time.

        Args:
          features: names of the columns, in their order.
        """
        self.borders |= self._looked_at(split)
        spec = self._plan.spec
        beside = [*spec.tasks, *spec.keep, *([WEIGHT] if spec.weight else [])]
        beside += [REQUEST] if spec.request else []
        for columns, lists in self.rows(lambda at: split.knows(split.parts[at])):
            chosen = [n for n in dict.fromkeys((*features, *beside)) if n not in lists]
            table = pa.table({name: columns[name] for name in chosen})
            seconds = pa.array(columns[TIME].to_numpy() // _MICRO)
            table = table.append_column("timestamp", seconds)
            yield Block(table, deferred=partial(_copied, lists) if lists else None)

    def rows(
        self, is_known: Callable[[slice], np.ndarray]
    ) -> Iterator[tuple[dict[str, Any], dict[str, Lists]]]:
        """Yields all columns of the rows, [M] each, and their lists, in order of time.

        Args:
          is_known: says of the rows at these indices whether later ones may know of them, bool.
        """
        self._past = past = self._past_columns()
        start = 0
        for rows in self._spool.blocks():
            known = is_known(slice(start, start + len(rows)))
            start += len(rows)
            columns: dict[str, Any] = {name: rows[name] for name in rows.column_names}
            numbers, lists = past.advance(self._past_block(columns, known))
            columns |= {name: pa.array(values) for name, values in numbers.items()}
            columns |= self._finished(columns)
            if known.any():
                self._until = int(columns[TIME].to_numpy()[known][-1])
            yield columns, lists

    def write(self, folder: Path, *, knows: str) -> None:
        """Writes what is left after the last row into `folder`, and forgets the past.

        Args:
          knows: "all" or "train", whose rows the past knows.
        """
        assert self._past is not None, folder
        state.write_tables(folder, self._past, self._plan, self._groups, self._maker)
        self._past = None
        facts = Facts(
            until=self._until,
            knows=knows,
            types=types_of(self._plan),
            borders=self.borders,
            origins=self._earlier.origins if self._earlier else (),
        )
        write_facts(folder, facts)

    def _past_columns(self) -> PastColumns:
        plan, maker, earlier = self._plan, self._maker, self._earlier
        kept = state.read_tables(earlier.folder, plan, self._groups, maker) if earlier else {}
        past = PastColumns(
            plan.past,
            num_groups={past.group: self._groups.size(past.group) for past in plan.past},
            names={f"{LAST}{name}": numbers.values for name, numbers in maker.last.items()},
        )
        past.put(kept)
        return past

    def _past_block(self, columns: Mapping[str, Any], is_known: np.ndarray) -> PastBlock:
        groups, values = {}, {}
        for past in self._plan.past:
            if past.group not in groups:
                groups[past.group] = self._groups.of(past.group, columns, len(is_known))
            if past.value and past.value not in values:
                found = columns[past.value].to_numpy()
                is_number = past.value.startswith(LAST)
                values[past.value] = found if is_number else found.astype(np.float32)
        return PastBlock(
            time=columns[TIME].to_numpy(),
            groups=groups,
            wheres={name: columns[name].to_numpy() for name in self._plan.conditions},
            values=values,
            is_known=is_known,
        )

    def _looked_at(self, split: Split) -> dict[str, np.ndarray]:
        """Returns the borders of buckets, and medians, of a sample of the training rows."""
        wanted = {
            maker.name: maker.part
            for maker in self._plan.makers
            if isinstance(maker.part, Number)
            and looks_at_rows(maker.part)
            and maker.name not in self.borders
        }
        if not wanted:
            return {}
        step = max(1, self._num_rows // _SAMPLE)
        sample: dict[str, list[np.ndarray]] = {name: [] for name in wanted}
        start = 0
        for table in self._spool.blocks(list(wanted)):
            parts = split.parts[start : start + len(table)]
            index = np.flatnonzero(parts == TRAIN)
            index = index[(index + start) % step == 0]
            start += len(table)
            for name, kept in sample.items():
                values = table[name].to_numpy()[index]
                kept.append(values[~np.isnan(values)])
        return {name: _borders(np.concatenate(sample[name]), wanted[name]) for name in wanted}

    def _finished(self, columns: Mapping[str, pa.ChunkedArray]) -> dict[str, pa.Array]:
        """Returns the columns for which the training rows had to be looked at."""
        made: dict[str, pa.Array] = {}
        by_name = {maker.name: maker.part for maker in self._plan.makers}
        for name, borders in self.borders.items():
            values = columns[name].to_numpy()
            part = by_name[name]
            if isinstance(part, Number) and part.transform == "quantiles":
                bucket = 1 + np.searchsorted(borders, values, side="right")
                made[name] = pa.array(np.where(np.isnan(values), 0, bucket).astype(np.int64))
            else:
                made[name] = pa.array(np.where(np.isnan(values), borders[0], values))
        return made


def _borders(values: np.ndarray, part: Number) -> np.ndarray:
    """Returns the least value of each bucket but the first, or the median; float32."""
    if not len(values):
        return np.zeros(1, np.float32)
    if part.transform != "quantiles":
        return np.quantile(values, [0.5], method="lower").astype(np.float32)
    shares = np.arange(1, part.num_buckets) / part.num_buckets
    return np.unique(np.quantile(values, shares, method="higher").astype(np.float32))


def _copied(lists: Mapping[str, Lists], indices: np.ndarray) -> dict[str, pa.Array]:
    return {name: found.copied(indices) for name, found in lists.items()}
