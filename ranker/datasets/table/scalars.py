"""Features of one value a row: ids, categories, numbers, several columns as one."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ranker.datasets.columns import categorical, numeric
from ranker.datasets.table.batch import spelt_out
from ranker.datasets.table.judged import Judged
from ranker.datasets.table.maker import Maker, hashed
from ranker.datasets.table.types import as_ids, as_numbers
from ranker.schema import Feature
from ranker.spec import table_features as spec

_LARGEST = float(np.finfo(np.float32).max)


class CategoricalMaker(Maker):
    part: spec.Categorical

    def features(self) -> tuple[Feature, ...]:
        """Returns what its columns are."""
        has_own = self.part.missing == spec.INDICATOR
        indicator = (numeric(self.indicator(), 0.0, 1.0),) if has_own else ()
        dtype = "int64" if self.part.hash_buckets else self.dtype
        return (categorical(self.name, dtype), *indicator)

    def made(self, rows: Judged, time: np.ndarray | None) -> Mapping[str, pa.Array]:
        """Returns its columns, [N] each; see `Maker.made`."""
        ids, bad = rows.ids(as_ids, self.sources[0], self.dtype)
        self.reject(rows, bad, "no whole number")
        is_null = ids.is_null() if ids.null_count else None
        if is_null is not None:
            ids = spelt_out(ids).fill_null(self._own_value())
        if self.part.hash_buckets:
            ids = hashed(ids, self.part.hash_buckets)
        made = {self.name: ids}
        if self.part.missing == spec.INDICATOR:
            flags = np.zeros(len(ids), bool) if is_null is None else is_null.to_numpy(False)
            made[self.indicator()] = pa.array(flags.astype(np.float32))
        return made

    def _own_value(self) -> int | str:
        stated = self.part.missing
        is_stated = stated not in (spec.OWN_VALUE, spec.INDICATOR)
        if self.dtype == "string":
            return str(stated) if is_stated else spec.MISSING_WORD
        return int(stated) if is_stated else spec.MISSING_ID


def looks_at_rows(part: spec.TableFeature) -> bool:
    """Returns whether a feature needs borders of buckets, or a median, of the training rows."""
    if not isinstance(part, spec.Number):
        return False
    return part.transform == "quantiles" or part.missing == spec.INDICATOR


class NumberMaker(Maker):
    part: spec.Number

    def features(self) -> tuple[Feature, ...]:
        """Returns what its columns are."""
        part, is_log = self.part, self.part.transform == "log1p"
        if part.transform == "quantiles":
            return (categorical(self.name),)
        lowest = part.minimum
        if is_log:
            lowest = max(lowest or 0.0, 0.0)
        feature = Feature(
            name=self.name, kind="numeric", dtype="float32", log1p=is_log,
            minimum=None if lowest is None else self._with_missing(lowest, min),
            maximum=None if part.maximum is None else self._with_missing(part.maximum, max),
        )  # fmt: skip
        has_own = part.missing == spec.INDICATOR
        return (feature, numeric(self.indicator(), 0.0, 1.0)) if has_own else (feature,)

    def made(self, rows: Judged, time: np.ndarray | None) -> Mapping[str, pa.Array]:
        """Returns its columns, [N] each; see `Maker.made`."""
        part = self.part
        numbers, bad = as_numbers(self.read(rows))
        self.reject(rows, bad, "no number")
        values = numbers.to_numpy(zero_copy_only=False)
        lowest = part.minimum
        if part.transform == "log1p":
            lowest = max(lowest or 0.0, 0.0)
        lowest, highest = (-_LARGEST if lowest is None else lowest), part.maximum
        highest = _LARGEST if highest is None else highest
        out = (values < lowest) | (values > highest)
        if out.any():
            self.reject(rows, out, f"not in {lowest:g} to {highest:g}")
            numbers = pc.if_else(pa.array(out), pa.scalar(None, pa.float64()), numbers)
        is_null = numbers.is_null()
        if part.transform != "quantiles" and part.missing != spec.INDICATOR:
            numbers = numbers.fill_null(float(part.missing))
        made = {self.name: numbers.cast(pa.float32())}
        if part.missing == spec.INDICATOR and part.transform != "quantiles":
            made[self.indicator()] = is_null.cast(pa.float32())
        return made

    def _with_missing(self, bound: float, pick: Callable[[float, float], float]) -> float:
        """Returns a bound that what stands for a null keeps to."""
        stated = self.part.missing
        return pick(bound, stated) if isinstance(stated, float) else bound


class CrossedMaker(Maker):
    part: spec.Crossed

    def features(self) -> tuple[Feature, ...]:
        """Returns what its columns are."""
        return (categorical(self.name, "int64" if self.part.hash_buckets else "string"),)

    def made(self, rows: Judged, time: np.ndarray | None) -> Mapping[str, pa.Array]:
        """Returns its columns, [N] each; see `Maker.made`."""
        texts = [spelt_out(rows.ids(as_ids, name, "string")[0]) for name in self.part.columns]
        words = [text.fill_null(spec.MISSING_WORD) for text in texts]
        joined = pc.binary_join_element_wise(*words, "|")
        buckets = self.part.hash_buckets
        return {self.name: hashed(joined, buckets) if buckets else joined}
