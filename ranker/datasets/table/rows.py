"""One batch of the source to one table for the spool: everything but what is of the past."""

import time as clock
from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ranker.datasets.table.batch import spelt_out
from ranker.datasets.table.expressions import Expression
from ranker.datasets.table.judged import Judged
from ranker.datasets.table.numbering import Numbers
from ranker.datasets.table.plan import Plan, label_of
from ranker.datasets.table.reserved import KEY, LAST, NO_ITEM, NO_USER, REQUEST, WEIGHT
from ranker.datasets.table.spool import TIME
from ranker.datasets.table.types import as_ids, as_moments, as_numbers, as_text
from ranker.spec.table import BinaryTask, RegressionTask, TableTask
from ranker.spec.table_past import PastLast, PastRate

_LARGEST = float(np.finfo(np.float32).max)
_WEIGHTS = (1e-30, 1e30)  # as the trainer takes them, or 0
_AHEAD_SECONDS = 86_400  # clocks differ: what is later than this from now is no past


class RowMaker:
    """Makes the columns of the rows, going through the batches of all files in order.

    Attributes:
      keys: numbers of the values of each key of the past.
      last: numbers of the values of each feature that a list of the past holds.
      bounds: least and largest label of each regression.
    """

    def __init__(self, plan: Plan) -> None:
        """Has seen no row yet."""
        spec = plan.spec
        self._plan, self._spec = plan, spec
        self._now = int((clock.time() + _AHEAD_SECONDS) * 1e6)
        self._labels = {name: Expression(label_of(spec, name)) for name in spec.tasks}
        self._wheres = {n: Expression(t.where) for n, t in spec.tasks.items() if t.where}
        self._where = Expression(spec.where) if spec.where else None
        self._weight = Expression(spec.weight) if spec.weight else None
        self._rates = {p.of for p in spec.past.values() if isinstance(p, PastRate)}
        self.keys = {column: Numbers() for column in plan.keys}
        self.last = {p.of: Numbers() for p in spec.past.values() if isinstance(p, PastLast)}
        self._keyed = dict(_keyed(plan, self.last))
        self.last |= {feature: self.keys[key] for feature, key in self._keyed.items()}
        self._requests = Numbers()
        self.bounds: dict[str, tuple[float, float]] = {}

    def table(self, rows: Judged, further: Mapping[str, pa.Array] | None = None) -> pa.Table:
        """Returns what the spool keeps of a batch, [M] of its [N] rows.

        Args:
          further: columns beside those that are made, [N].
        """
        return self.numbered(*self.judged(rows, further))

    def judged(
        self, rows: Judged, further: Mapping[str, pa.Array] | None = None
    ) -> tuple[pa.Table, set[str]]:
        """Returns the same, [M], keys not yet by their numbers, and what `numbered` takes too."""
        if self._where is not None:
            rows.leave_out(~self._condition(self._where, rows, "where"))
        made: dict[str, pa.Array] = {}
        time = None
        if self._spec.time:
            time = self._moments(rows)
        made[TIME] = pa.array(np.zeros(rows.num_rows, np.int64) if time is None else time)
        for maker in self._plan.makers:
            made |= maker.made(rows, time)
        nobody = pa.array(np.zeros(rows.num_rows, np.int64))
        if not self._spec.user:
            made[NO_USER] = nobody
        if not self._spec.item:
            made[NO_ITEM] = nobody
        made |= {name: self._label(name, task, rows) for name, task in self._spec.tasks.items()}
        if self._weight is not None:
            made[WEIGHT] = self._weights(self._weight, rows)
        beside = [name for name in self._spec.keep if name not in made]
        made |= {name: as_text(rows.columns[name]) for name in beside}
        if self._spec.request:
            made[REQUEST] = as_text(rows.columns[self._spec.request])
        made |= self._of_past(rows) | self._keys(rows)
        are_keys = {n for n, key in self._keyed.items() if made[n] is made[f"{KEY}{key}"]}
        kept = rows.kept(made | dict(further or {}))
        self._look(kept)
        return kept, are_keys

    def _moments(self, rows: Judged) -> np.ndarray:
        name = self._spec.time
        column = rows.columns[name]
        moments, bad = as_moments(column, self._spec.time_unit)
        rows.reject("time", bad, f"column {name!r:.80}: {{}} is no moment", column)
        is_null = moments.is_null().to_numpy(zero_copy_only=False)
        rows.reject("time", is_null, f"column {name!r:.80} has no moment")
        values = moments.fill_null(0).to_numpy()
        units = "; is time_unit right?" if not pa.types.is_timestamp(column.type) else ""
        rows.reject("time", values < 0, f"column {name!r:.80}: {{}} is before 1970{units}", column)
        is_ahead = values > self._now
        rows.reject(
            "future", is_ahead, f"column {name!r:.80}: {{}} is in the future{units}", column
        )
        return values

    def _condition(self, expression: Expression, rows: Judged, what: str) -> np.ndarray:
        """Returns where a condition holds, bool [N]; null is no."""
        found = self._values(expression, rows, what)
        if not pa.types.is_boolean(found.type):
            found = pc.not_equal(as_numbers(found)[0], 0.0)
        return found.fill_null(False).to_numpy(zero_copy_only=False)

    def _values(self, expression: Expression, rows: Judged, what: str) -> pa.Array:
        def on_bad(column: str, bad: np.ndarray) -> None:
            rows.reject(
                what, bad, f"column {column!r:.80}: {{}} is no number", rows.columns.get(column)
            )

        return expression.values(rows.columns, rows.num_rows, on_bad)

    def _number(self, expression: Expression, rows: Judged, what: str) -> pa.Array:
        """Returns what an expression comes to as float64, [N]."""
        found = self._values(expression, rows, what)
        numbers, bad = as_numbers(found)
        said = f"{what} {expression.text!r:.80}: {{}} is no number; of text write a condition"
        rows.reject(what, bad, said, found)
        return numbers

    def _label(self, name: str, task: TableTask, rows: Judged) -> pa.Array:
        values = self._number(self._labels[name], rows, "label").to_numpy(zero_copy_only=False)
        if name in self._wheres:
            is_meant = self._condition(self._wheres[name], rows, "label")
            values = np.where(is_meant, values, np.nan)
        lowest, highest = -_LARGEST, _LARGEST
        if isinstance(task, RegressionTask):
            lowest = lowest if task.minimum is None else task.minimum
            highest = highest if task.maximum is None else task.maximum
        out = (values < lowest) | (values > highest)
        what = f"not in {lowest:g} to {highest:g}"
        if isinstance(task, BinaryTask):
            out = ~np.isnan(values) & (values != 0) & (values != 1)
            what = "neither 0 nor 1; write a condition"
        text = self._labels[name].text
        rows.reject(
            "label", out, f"task {name!r:.60}: {text:.80} is {{}}, {what}", pa.array(values)
        )
        return pa.array(values.astype(np.float32), mask=np.isnan(values) | out)

    def _weights(self, expression: Expression, rows: Judged) -> pa.Array:
        values = self._number(expression, rows, "weight").to_numpy(zero_copy_only=False)
        is_good = (values == 0) | ((values >= _WEIGHTS[0]) & (values <= _WEIGHTS[1]))
        rows.reject("weight", ~is_good, "the weight is {}, not 0 or above", pa.array(values))
        return pa.array(np.where(is_good, values, 0.0).astype(np.float32))

    def _of_past(self, rows: Judged) -> dict[str, pa.Array]:
        made: dict[str, pa.Array] = {}
        for name, expression in self._plan.conditions.items():
            made[name] = pa.array(self._condition(expression, rows, "past"))
        for name, expression in self._plan.values.items():
            found = self._number(expression, rows, "past")
            is_rate = expression.text in self._rates
            values = found.to_numpy(zero_copy_only=False)
            out = (values < 0) | (values > 1) if is_rate else np.abs(values) > _LARGEST
            what = "a rate" if is_rate else "a mean"
            rows.reject("past", out, f"{expression.text:.80} of {what} is {{}}", found)
            values = np.where(out, 0.0, values).astype(np.float32)
            made[name] = pa.array(values, mask=np.isnan(values))
        return made

    def _keys(self, rows: Judged) -> dict[str, pa.Array]:
        """Returns the keys of the past, ids or words, [N]."""
        made: dict[str, pa.Array] = {}
        for column in self.keys:
            values = rows.columns[column]
            ids, bad = rows.ids(as_ids, column, self._plan.key_types[column])
            rows.reject("value", bad, f"column {column!r:.80}: {{}} is no whole number", values)
            made[f"{KEY}{column}"] = ids
        return made

    def numbered(self, kept: pa.Table, are_keys: Collection[str]) -> pa.Table:
        """Returns the rows that are kept with the numbers of their keys, and words as text, [M].

        Batches must come in their order, each once; a thread may meanwhile judge those behind.

        Args:
          are_keys: features of lists of the past whose values are those of their keys.
        """
        for column, numbers in self.keys.items():
            name = f"{KEY}{column}"
            ids = numbers.of(kept[name].combine_chunks())
            kept = kept.set_column(kept.column_names.index(name), name, ids)
        if self._spec.request:
            numbers = self._requests.of(kept[REQUEST].combine_chunks()).cast(pa.int64())
            kept = kept.set_column(kept.column_names.index(REQUEST), REQUEST, numbers)
        for feature, numbers in self.last.items():
            found = kept[f"{KEY}{self._keyed[feature]}"] if feature in are_keys else None
            if found is None:
                found = numbers.of(kept[feature].combine_chunks())
            kept = kept.append_column(f"{LAST}{feature}", found)
        columns = zip(kept.column_names, kept.columns, strict=True)
        return pa.table({name: spelt_out(column.combine_chunks()) for name, column in columns})

    def _look(self, kept: pa.Table) -> None:
        """Remembers the extremes of labels."""
        if not len(kept):
            return
        for name in self._spec.tasks:
            found = pc.min_max(kept[name]).as_py()
            if found["min"] is None:
                continue
            least, most = float(found["min"]), float(found["max"])
            low, high = self.bounds.get(name, (least, most))
            self.bounds[name] = min(low, least), max(high, most)


def _keyed(plan: Plan, last: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yields the features of `last`, with the keys of the past, that are of the same values."""
    for maker in plan.makers:
        key = maker.sources[0]
        if (
            maker.name in last
            and plan.key_types.get(key) == maker.dtype
            and not getattr(maker.part, "hash_buckets", 0)
        ):
            yield maker.name, key
