"""A small prepared dataset, like the ones `pipelines.prepare` writes."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ranker.schema import Feature, Schema, Task, write_schema

NUM_USERS, NUM_ITEMS = 20, 30
GENRES = ("Drama", "Comedy", "Film-Noir")


def tiny_schema() -> Schema:
    """Returns a schema with every kind of column: ids, lists of both types, a number."""
    return Schema(
        dataset="tiny",
        features=(
            Feature(name="user_id", kind="categorical", dtype="int64", vocabulary="user_id"),
            Feature(name="item_id", kind="categorical", dtype="int64", vocabulary="item_id"),
            Feature(name="gender", kind="categorical", dtype="string", vocabulary="gender"),
            Feature(
                name="genres",
                kind="categorical",
                dtype="string",
                vocabulary="genres",
                is_multivalued=True,
                max_length=3,
            ),
            Feature(
                name="liked_items",
                kind="categorical",
                dtype="int64",
                vocabulary="item_id",
                is_multivalued=True,
                max_length=4,
                past_of="user_id",
            ),
            Feature(
                name="user_count",
                kind="numeric",
                dtype="float32",
                log1p=True,
                mean=1.5,
                standard_deviation=0.5,
                past_of="user_id",
            ),
        ),
        tasks=(
            Task(name="like", kind="binary", minimum=0, maximum=1, mean=0.6),
            Task(
                name="rating",
                kind="regression",
                minimum=1,
                maximum=5,
                mean=3.5,
                standard_deviation=1.1,
            ),
        ),
        vocabularies={"user_id": NUM_USERS, "item_id": NUM_ITEMS, "gender": 2, "genres": 3},
    )


def tiny_table(num_rows: int, seed: int) -> pa.Table:
    """Returns rows with a signal: even items are liked, by even users the more."""
    rng = np.random.default_rng(seed)
    user = rng.integers(1, NUM_USERS + 3, num_rows)  # the last two are cold
    item = rng.integers(1, NUM_ITEMS + 2, num_rows)
    rating = np.clip(
        3 + 1.2 * (-1.0) ** item + 0.4 * (-1.0) ** user + rng.normal(0, 0.5, num_rows), 1, 5
    )
    like = pa.array((rating >= 4).astype(np.float32), mask=rng.random(num_rows) < 0.1)
    return pa.table(
        {
            "user_id": user,
            "item_id": item,
            "gender": np.where(user % 3 == 0, "F", "M"),
            "genres": [list(GENRES[: i % 4]) for i in item],
            "liked_items": [[int(v) for v in rng.integers(1, 31, n % 6)] for n in user],
            "user_count": rng.integers(0, 20, num_rows).astype(np.float32),
            "timestamp": np.sort(rng.integers(10**9, 10**9 + 10**6, num_rows)),
            "like": like,
            "rating": rating.astype(np.float32),
        }
    )


def write_tiny(folder: Path) -> Path:
    """Writes train, validation and test splits of 400, 100 and 100 rows; returns `folder`."""
    for seed, (name, rows) in enumerate((("train", 400), ("validation", 100), ("test", 100))):
        pq.write_table(tiny_table(rows, seed), folder / f"{name}.parquet")
    write_schema(tiny_schema(), folder / "schema.toml")
    (folder / "vocabularies").mkdir()
    values = {
        "user_id": range(1, NUM_USERS + 1),
        "item_id": range(1, NUM_ITEMS + 1),
        "gender": ("M", "F"),
        "genres": GENRES,
    }
    for name, words in values.items():
        text = "\n".join(str(word) for word in words)
        (folder / "vocabularies" / f"{name}.txt").write_text(text + "\n", encoding="utf-8")
    return folder
