"""Counts, means, ages and histories of prepared ratings, against DuckDB's on the raw files."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from movielens_files import make_world, write_csv

from ranker.datasets import Options, prepare

duckdb = pytest.importorskip("duckdb")

PARTS = ("train", "validation", "test")
HISTORY = 5
# `known`: whether later ratings may know of it. Everything is of a strictly smaller time.
QUERY = f"""
WITH before AS (
    SELECT
        *,
        count(*) FILTER (known) OVER by_user AS user_count,
        count(*) FILTER (known) OVER by_item AS item_count,
        coalesce(sum(rating) FILTER (known) OVER by_user, 0) AS user_sum,
        coalesce(sum(rating) FILTER (known) OVER by_item, 0) AS item_sum,
        coalesce(avg(rating) FILTER (known) OVER by_all, 2.75) AS prior,
        coalesce(timestamp - min(timestamp) FILTER (known) OVER by_user, 0) AS user_age_seconds,
        coalesce(timestamp - max(timestamp) FILTER (known) OVER by_user, 0) AS user_idle_seconds,
        coalesce(timestamp - min(timestamp) FILTER (known) OVER by_item, 0) AS item_age_seconds
    FROM ratings
    WINDOW
        by_all AS (ORDER BY timestamp RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
        by_user AS (PARTITION BY userId ORDER BY timestamp
                    RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
        by_item AS (PARTITION BY movieId ORDER BY timestamp
                    RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), histories AS (
    SELECT
        now.line,
        list(past.movieId ORDER BY past.timestamp DESC, past.line DESC)
            FILTER (past.rating >= 4) AS liked,
        list(past.movieId ORDER BY past.timestamp DESC, past.line DESC)
            FILTER (past.rating < 4) AS disliked
    FROM ratings AS now
    JOIN ratings AS past
        ON past.userId = now.userId AND past.timestamp < now.timestamp AND past.known
    GROUP BY now.line
), first_tags AS (
    SELECT movieId, lower(trim(tag)) AS word, min(timestamp) AS given
    FROM tags GROUP BY ALL
), last_tags AS (
    SELECT now.line, list(first_tags.word ORDER BY given DESC)[1:10] AS tags
    FROM ratings AS now
    JOIN first_tags ON first_tags.movieId = now.movieId AND given < now.timestamp
    GROUP BY now.line
)
SELECT
    userId AS user_id, movieId AS item_id,
    user_count, item_count, user_age_seconds, user_idle_seconds, item_age_seconds,
    (user_sum + 5 * prior) / (user_count + 5) AS user_mean,
    (item_sum + 5 * prior) / (item_count + 5) AS item_mean,
    coalesce(liked[1:{HISTORY}], []) AS liked_items,
    coalesce(disliked[1:{HISTORY}], []) AS disliked_items,
    coalesce(tags, []) AS tags
FROM before LEFT JOIN histories USING (line) LEFT JOIN last_tags USING (line)
ORDER BY user_id, item_id
"""


@pytest.mark.parametrize("past", ["all", "train"])
@pytest.mark.parametrize("seed", range(3))
def test_the_past_of_each_rating_is_what_duckdb_finds(seed, past, tmp_path, monkeypatch):
    monkeypatch.setattr("ranker.datasets.public.movielens.examples.WINDOW_ROWS", 50)
    world = make_world(seed=seed, num_users=25, num_items=40, step=0.5)
    random = np.random.default_rng(seed)
    end = max(row[3] for row in world.ratings)
    seconds = random.permutation(end)[:900].tolist()  # none twice: ties of tags have no order
    items = random.choice(list(world.items), 900).tolist()
    world.tags = [(1, i, f"Word {t % 40}", t) for i, t in zip(items, seconds, strict=True)]
    raw = write_csv(tmp_path / "raw", world)
    options = Options(source=raw, split="random", seed=seed, past=past, history=HISTORY)
    prepare("movielens-20m", tmp_path / "data", options=options)
    tables = {part: pq.read_table(tmp_path / "data" / f"{part}.parquet") for part in PARTS}

    with duckdb.connect() as database:
        database.register("training", tables["train"].select(["user_id", "item_id"]))
        database.execute(
            f"""
            CREATE TABLE ratings AS
            SELECT *, (? = 'all' OR (userId, movieId) IN (SELECT (user_id, item_id) FROM training))
                AS known
            FROM (SELECT *, row_number() OVER () AS line FROM read_csv('{raw}/ratings.csv'))
            """,
            [past],
        )
        database.execute(f"CREATE TABLE tags AS SELECT * FROM read_csv('{raw}/tags.csv')")
        expected = database.sql(QUERY).to_arrow_table()

    found = pa.concat_tables(tables.values(), promote_options="default")
    found = found.sort_by([("user_id", "ascending"), ("item_id", "ascending")])
    assert len(found) == len(expected) == len(world.ratings) > 200
    for name in expected.column_names:
        mine, theirs = found[name], expected[name]
        if name.endswith("mean"):
            np.testing.assert_allclose(mine.to_numpy(), theirs.to_numpy(), rtol=2e-7)
        else:
            assert mine.to_pylist() == theirs.to_pylist(), name
    assert max(map(len, found["liked_items"].to_pylist())) == HISTORY
    assert max(map(len, found["tags"].to_pylist())) == 10
