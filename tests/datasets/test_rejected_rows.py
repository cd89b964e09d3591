"""Files of valid and rejected ratings, against a reader that goes line by line."""

import re

import numpy as np
import pytest
from movielens_columns import read_edition
from movielens_files import make_world, write_csv

BAD = ("3,13", "3,x,4.0,7", "-3,13,4.0,7", "8,13,5.5,7", "8,13,4.0,-7", "8,14,4.0,7", "8,0x0d,4,7")


def _naive(lines: list[str], items: set[int]) -> tuple[list[tuple], dict[str, tuple[int, int]]]:
    """Returns the rows kept, in order of time, and by reason how many not and the first line."""
    rows, rejected, seen = [], {}, {}

    def reject(reason: str, line: int) -> None:
        count, first = rejected.get(reason, (0, line))
        rejected[reason] = count + 1, first

    for line, text in enumerate(lines[1:], start=2):
        values = text.split(",")
        if len(values) != 4:
            reject("columns", line)
        elif not all(re.fullmatch(r"-?[0-9.]+", value) for value in values):
            reject("number", line)
        elif int(values[0]) < 0:
            reject("id", line)
        elif float(values[2]) > 5:
            reject("rating", line)
        elif int(values[3]) < 0:
            reject("timestamp", line)
        elif int(values[1]) not in items:
            reject("unknown_item", line)
        else:
            user, item, time = int(values[0]), int(values[1]), int(values[3])
            if (user, item) in seen:
                reject("duplicate", line)
            else:
                seen[user, item] = line
                rows.append((user, item, float(values[2]), time))
    return sorted(rows, key=lambda row: row[3]), rejected


@pytest.mark.parametrize("block_bytes", [64, 1 << 24])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_is_what_a_reader_by_line_keeps(seed, block_bytes, tmp_path, monkeypatch):
    monkeypatch.setattr("ranker.datasets.read.text._BLOCK_BYTES", block_bytes)
    random = np.random.default_rng(seed)
    world = make_world(seed=seed, step=0.5)
    folder = write_csv(tmp_path / "raw", world)
    header, *lines = (folder / "ratings.csv").read_text().splitlines()
    again = [lines[i] for i in random.integers(0, len(lines), 5)]
    for bad in [*again, *random.choice(BAD, 12)]:
        lines.insert(int(random.integers(len(lines) + 1)), str(bad))
    (folder / "ratings.csv").write_text("\n".join([header, *lines]) + "\n")
    data, accounts = read_edition(folder, "movielens-25m", max_rejected_rows=0.9)
    rows, rejected = _naive([header, *lines], set(world.items))
    users, items = data.users.ids[data.user], data.items.ids[data.item]
    found = [c.tolist() for c in (users, items, data.rating, data.time)]
    assert list(zip(*found, strict=True)) == rows
    (report,) = [of.report() for of in accounts if of.file == "ratings.csv"]
    assert (report["read"], report["kept"]) == (len(lines), len(rows))
    assert {
        reason: (of["rows"], int(re.search(r"line ([0-9]+):", of["first"])[1]))
        for reason, of in report["rejected"].items()
    } == rejected
