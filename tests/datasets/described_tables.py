"""Tables in the formats of three public ones, made small: reviews, a bandit's log, games."""

import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv as arrow_csv

_WORDS = ("love", "this", "dress", "fits", "well", "soft", "fabric", "wrong", "size", "went")
_DIVISIONS = {"Dresses": "General", "Knits": "General", "Pants": "Petite", "Intimates": "Intimates"}
_DAY = datetime.datetime(2019, 11, 24, tzinfo=datetime.UTC)


def reviews(path: Path, num_rows: int = 2_000) -> Path:
    """Writes reviews of clothes: no user and no time, and the first column without a name."""
    rng = np.random.default_rng(1)
    rating = rng.choice([1, 2, 3, 4, 5], num_rows, p=[0.05, 0.07, 0.13, 0.2, 0.55])
    titles = [" ".join(rng.choice(_WORDS, 3)) for _ in range(num_rows)]
    texts = [" ".join(rng.choice(_WORDS, rng.integers(10, 40))) + "." for _ in range(num_rows)]
    department = rng.choice(list(_DIVISIONS), num_rows)
    table = pa.table(
        {
            "": np.arange(num_rows),
            "Clothing ID": rng.zipf(1.3, num_rows) % 400 + 700,
            "Age": np.clip(rng.normal(43, 12, num_rows), 18, 99).astype(int),
            "Title": pa.array(titles, mask=rng.random(num_rows) < 0.15),
            "Review Text": pa.array(texts, mask=rng.random(num_rows) < 0.03),
            "Rating": rating,
            "Recommended IND": (rating + rng.normal(0, 0.6, num_rows) > 3).astype(int),
            "Positive Feedback Count": rng.geometric(0.3, num_rows) - 1,
            "Division Name": [_DIVISIONS[name] for name in department],
            "Department Name": department,
            "Class Name": [f"{name} {kind}" for name, kind in
                           zip(department, rng.integers(0, 4, num_rows), strict=True)],
        }
    )  # fmt: skip
    return _written(table, path)


def bandit_log(path: Path, num_rows: int = 3_000) -> Path:
    """Writes a bandit's log: who was shown what where, by what propensity, no id of a user."""
    rng = np.random.default_rng(2)
    seconds_of_rows = np.sort(rng.uniform(0, 7 * 86_400, num_rows))
    stamps = [str(_DAY + datetime.timedelta(seconds=float(second))) for second in seconds_of_rows]
    item = rng.integers(0, 80, num_rows)
    columns = {
        "": np.arange(num_rows),
        "timestamp": stamps,
        "item_id": item,
        "position": rng.integers(1, 4, num_rows),
        "click": (rng.random(num_rows) < 0.02 + 0.03 * (item % 5 == 0)).astype(int),
        "propensity_score": np.round(rng.uniform(0.001, 0.2, num_rows), 6),
    }
    for number in range(4):
        values = [f"{value:032x}" for value in rng.integers(2**60, 2**62, 6)]
        columns[f"user_feature_{number}"] = rng.choice(values, num_rows)
    for number in range(3):
        columns[f"user-item_affinity_{number}"] = rng.poisson(0.2, num_rows).astype(float)
    return _written(pa.table(columns), path)


def games(path: Path, *, has_header: bool, num_rows: int = 2_000) -> Path:
    """Writes who bought and played which game: a row of "play" has hours, one of "purchase" 1.0."""
    rng = np.random.default_rng(3)
    is_play = rng.random(num_rows) < 0.4
    hours = np.where(is_play, np.round(rng.lognormal(1, 1.5, num_rows), 1) + 0.1, 1.0)
    names = [f"Game {number}: The Return" for number in range(150)]
    table = pa.table(
        {
            "user_id": rng.integers(10**7, 10**7 + 300, num_rows) * 31,
            "game": rng.choice(names, num_rows),
            "behavior": np.where(is_play, "play", "purchase"),
            "hours": hours,
            "0": np.zeros(num_rows, int),
        }
    )
    return _written(table, path, has_header=has_header)


def impressions(path: Path, num_rows: int = 20_000) -> Path:
    """Writes a shop's log: nulls, a list, a zone, and seconds that only clicked rows have."""
    rng = np.random.default_rng(4)
    user, item = rng.integers(0, 500, num_rows), rng.zipf(1.4, num_rows) % 200
    click = rng.random(num_rows) < 0.1 + 0.2 * (item % 4 == 0)
    price = np.round(np.exp(rng.normal(3, 1, 200)), 2)[item]
    seconds = 1_790_000_000 + np.sort(rng.integers(0, 30 * 86_400, num_rows))
    tags = [[f"tag{number % 9}", "new"][: number % 3] for number in item]
    table = pa.table(
        {
            "uid": user + 1_000_000,
            "sku": pa.array([f"{number:06d}" for number in item]),
            "country": pa.array(np.array(["CH", "DE", "FR"])[user % 3], mask=user % 7 == 0),
            "device": rng.choice(["phone", "tablet"], num_rows),
            "price": pa.array(price, mask=rng.random(num_rows) < 0.1),
            "tags": pa.array(tags, pa.list_(pa.string())),
            "timestamp": pa.array(seconds, pa.timestamp("s")).cast(pa.timestamp("us", "UTC")),
            "click": click.astype(np.int8),
            "purchase": (click & (rng.random(num_rows) < 0.2)).astype(np.int8),
            "dwell_seconds": np.where(click, np.round(rng.lognormal(3, 1, num_rows), 1), 0.0),
        }
    )
    pq.write_table(table, path)
    return path


def _written(table: pa.Table, path: Path, *, has_header: bool = True) -> Path:
    options = arrow_csv.WriteOptions(include_header=has_header)
    arrow_csv.write_csv(table, path, options)
    return path
