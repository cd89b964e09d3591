"""Records on disk and the memory of each user: the same as all at once."""

import itertools

import numpy as np
import pytest

from ranker.datasets.recent import Recent
from ranker.datasets.spill import Spill

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
    spill = Spill(tmp_path, KIND, same=("who", "time"))
    for part in np.array_split(records, 3):
        spill.add(part)
    repeats: list[int] = []
    ordered = spill.settle(lambda told: repeats.extend(told["number"].tolist()))
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


def _history(events: list[tuple], i: int, max_length: int) -> list[int]:
    user, second, *_ = events[i]
    before = [e[2] for e in events if e[0] == user and e[1] < second and e[3]]
    return before[::-1][:max_length]


@pytest.mark.parametrize("max_length", [1, 3])
@pytest.mark.parametrize("seed", range(6))
def test_the_recent_are_those_of_a_look_at_everything(seed, max_length):
    random = np.random.default_rng(seed)
    seconds = np.sort(random.integers(1, 15, 60))
    events = [
        (int(random.integers(3)), int(s), int(random.integers(9)), bool(random.random() < 0.6))
        for s in seconds
    ]
    recent = Recent(3, max_length=max_length)
    # Cut where a second ends, at random.
    ends = [i for i in range(1, 60) if seconds[i] != seconds[i - 1] and random.random() < 0.4]
    found: list[list[int]] = []
    for part in np.split(np.array(events), ends):
        user, second, item, is_meant = part.T
        items, offsets = recent.advance(
            user.astype(np.int32), second, item=item, is_meant=is_meant.astype(bool)
        )
        found += [items[a:b].tolist() for a, b in itertools.pairwise(offsets)]
    assert found == [_history(events, i, max_length) for i in range(60)]
