"""Features of a moment: its parts by the clock, and how long ago it was."""

import zoneinfo
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ranker.datasets.columns import categorical, numeric
from ranker.datasets.errors import DatasetError
from ranker.datasets.table.judged import Judged
from ranker.datasets.table.maker import Maker
from ranker.datasets.table.types import as_moments
from ranker.schema import Feature
from ranker.spec import table_features as spec

_DAY = 86_400_000_000  # microseconds
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0
_PERIODS = {"hour": (24, 0), "weekday": (7, 0), "day": (31, 1), "month": (12, 1)}


class TimeMaker(Maker):
    part: spec.Time

    def features(self) -> tuple[Feature, ...]:
        """Returns what its columns are."""
        found: list[Feature] = []
        for part in self.part.parts:
            name = f"{self.name}_{part}"
            if part == "age":
                found.append(numeric(name, 0.0, log1p=True))
            elif self.part.transform == "cyclic":
                found += [numeric(f"{name}_{wave}", -1.0, 1.0) for wave in ("sin", "cos")]
            else:
                found.append(categorical(name))
        return tuple(found)

    def made(self, rows: Judged, time: np.ndarray | None) -> Mapping[str, pa.Array]:
        """Returns its columns, [N] each; see `Maker.made`."""
        moments, bad = as_moments(self.read(rows), self.part.unit)
        self.reject(rows, bad, "no moment")
        is_null = moments.is_null().to_numpy(zero_copy_only=False)
        values = moments.fill_null(0).to_numpy()
        local = _local(values, self.part.timezone)
        made: dict[str, pa.Array] = {}
        for part in self.part.parts:
            name = f"{self.name}_{part}"
            if part == "age":
                age = np.zeros(len(values)) if time is None else np.maximum(time - values, 0) / 1e6
                made[name] = pa.array(np.where(is_null, 0, age).astype(np.float32))
                continue
            number = _part_of(local, part)
            period, first = _PERIODS[part]
            if self.part.transform == "category":
                made[name] = pa.array(np.where(is_null, spec.MISSING_ID, number))
                continue
            angle = 2 * np.pi * (number - first) / period
            for wave, of in (("sin", np.sin), ("cos", np.cos)):
                made[f"{name}_{wave}"] = pa.array(np.where(is_null, 0, of(angle)).astype("f4"))
        return made


def _local(moments: np.ndarray, timezone: str) -> np.ndarray:
    """Returns microseconds of the clock in `timezone`; of UTC as they are."""
    if timezone == "UTC":
        return moments
    try:
        zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise DatasetError(f"no timezone {timezone!r:.80}; it is such as Europe/Zurich") from error
    zoned = pa.array(moments).cast(pa.timestamp("us", tz=timezone))
    return pc.local_timestamp(zoned).cast(pa.int64()).to_numpy()


def _part_of(local: np.ndarray, part: str) -> np.ndarray:
    if part == "hour":
        return local // (_DAY // 24) % 24
    if part == "weekday":
        return (local // _DAY + _EPOCH_WEEKDAY) % 7
    moment = pa.array(local).cast(pa.timestamp("us"))
    return (pc.day if part == "day" else pc.month)(moment).to_numpy()
