"""Records on disk: the same as all at once."""

import numpy as np
import pytest

from ranker.datasets.read.external_sort import ExternalSort

KIND = np.dtype([("who", "<i4"), ("time", "<i8"), ("number", "<i4")])
HOUR_MS = 3_600_000


def _records(seed: int, num_rows: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    records = np.empty(num_rows, KIND)
    records["who"] = random.integers(0, 3, num_rows)
    records["time"] = random.integers(0, 4, num_rows) * HOUR_MS + random.integers(0, 3, num_rows)
    records["number"] = np.arange(num_rows)
    return records


@pytest.mark.parametrize("num_rows", [1, 5, 40])
@pytest.mark.parametrize("seed", range(4))
def test_records_come_back_in_order_of_time_each_event_once(seed, num_rows, tmp_path):
    records = _records(seed, num_rows)
    records_by_time = ExternalSort(tmp_path, KIND, same=("who", "time"))
    for part in np.array_split(records, 3):
        records_by_time.add(part)
    repeats: list[int] = []
    ordered = records_by_time.finish(lambda told: repeats.extend(told["number"].tolist()))
    seen: dict[tuple, int] = {}
    for record in records:
        seen.setdefault((int(record["who"]), int(record["time"])), int(record["number"]))
    expected = sorted(seen.values(), key=lambda number: records["time"][number])  # stable
    expected.sort(key=lambda number: (records["time"][number], number))
    assert ordered.records["number"].tolist() == expected
    assert sorted(repeats) == sorted(set(range(num_rows)) - set(expected))
    hours = list(ordered.hours())
    assert [hour["number"].tolist() for _, hour in hours] == [
        ordered.records[where]["number"].tolist() for where, _ in hours
    ]
    for _, hour in hours:
        assert len(set((hour["time"] // HOUR_MS).tolist())) == 1
