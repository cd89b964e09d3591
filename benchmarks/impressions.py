"""A table of impressions as teams have them, made with a known Bayes-optimal AUC.

  python -m benchmarks.impressions --rows=200000 --output=/tmp/impressions

Writes Parquet files of uid, sku, country (with nulls), device, price (with nulls), tags, timestamp
(with a zone), click, purchase and dwell_seconds, and `spec.toml`, which reads them. Prints the AUC
of the chances that the labels were drawn with on the last tenth of the rows: the best there is.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from absl import flags

from ranker.cli import program

SPEC_FILE = "spec.toml"
_FILE_ROWS = 1 << 20
_COUNTRIES = ("CH", "DE", "FR", "IT", "US", "JP")
_DEVICES = ("phone", "tablet", "desktop")
_TAGS = tuple(f"tag{i}" for i in range(40))
_BEGIN = 1_790_000_000  # 2026-09-21
_DAYS = 30
_LAST = 0.9  # share of the rows before those that the AUC is of

SPEC = """# Impressions that benchmarks.impressions made.
user = "uid"
item = "sku"
time = "timestamp"

[source]
files = ["{folder}/*.parquet"]

[features]
uid = {{kind = "id"}}
sku = {{kind = "id"}}
country = {{kind = "category"}}
device = {{kind = "category"}}
price = {{kind = "number", missing = "indicator", transform = "log1p"}}
tags = {{kind = "list", delimiter = "|", max_length = 8}}
when = {{kind = "time", column = "timestamp"}}
country_device = {{kind = "crossed", columns = ["country", "device"]}}

[past]
user_clicks = {{kind = "rate", of = "click", by = ["uid"]}}
item_clicks = {{kind = "rate", of = "click", by = ["sku"], window = "7 days"}}
user_rows = {{kind = "count", by = ["uid"]}}
clicked = {{kind = "last", of = "sku", by = ["uid"], where = "click == 1", length = 20}}
seen = {{kind = "last", of = "sku", by = ["uid"], length = 20}}

[tasks.click]
kind = "binary"

[tasks.purchase]
kind = "binary"

[tasks.dwell]
kind = "regression"
label = "dwell_seconds"
where = "click == 1"
"""


class World:
    """Users, items and tastes, from which impressions are drawn."""

    def __init__(self, num_rows: int, seed: int = 0) -> None:
        """Draws them: about 40 rows a user, 100 an item."""
        random = np.random.default_rng(seed)
        self._random = random
        self._users = max(20, num_rows // 40)
        self._items = max(20, num_rows // 100)
        width = 4
        self._taste = random.normal(0, 0.6, (self._users, width))
        self._kind = random.normal(0, 0.6, (self._items, width))
        self._user_bias = random.normal(0, 0.7, self._users)
        self._item_bias = random.normal(0, 0.9, self._items)
        self._country = random.integers(-1, len(_COUNTRIES), self._users)
        self._price = np.where(
            random.random(self._items) < 0.1, np.nan, np.exp(random.normal(3, 1, self._items))
        )
        self._tags = random.integers(0, len(_TAGS), (self._items, 3))
        self._tag_bias = random.normal(0, 0.3, len(_TAGS))
        popular = 1 / np.arange(1, self._items + 1) ** 0.8
        self._cumulative = np.cumsum(popular / popular.sum())

    def rows(self, start: int, end: int, num_rows: int) -> tuple[pa.Table, np.ndarray]:
        """Returns rows `start` to `end` of `num_rows`, and their chances of a click. [M]"""
        random, size = self._random, end - start
        user = random.integers(0, self._users, size)
        drawn = np.searchsorted(self._cumulative, random.random(size))
        item = np.minimum(drawn, self._items - 1)
        device = random.integers(0, len(_DEVICES), size)
        span = _DAYS * 86_400 / num_rows
        seconds = _BEGIN + (np.arange(start, end) + random.random(size)) * span
        hour = (seconds % 86_400) / 3_600
        score = -1.8 + self._user_bias[user] + self._item_bias[item]
        score += (self._taste[user] * self._kind[item]).sum(1) * 2
        score += self._tag_bias[self._tags[item]].sum(1) + 0.3 * (device == 0)
        score += 0.4 * np.sin(2 * np.pi * hour / 24) - 0.3 * np.isnan(self._price[item])
        chance = 1 / (1 + np.exp(-score))
        click = random.random(size) < chance
        buys = click & (random.random(size) < 0.1 + 0.2 * chance)
        dwell = np.where(click, np.exp(random.normal(2.5 + 0.3 * score, 0.7)), 0.0)
        return self._table(user, item, device, seconds, click, buys, dwell), chance

    def _table(
        self, user: np.ndarray, item: np.ndarray, device: np.ndarray, seconds: np.ndarray,
        click: np.ndarray, buys: np.ndarray, dwell: np.ndarray,
    ) -> pa.Table:  # fmt: skip
        """Returns rows, [M] each, as a team's warehouse has them."""
        country, price = self._country[user], self._price[item]
        texts = pa.array(["|".join(_TAGS[tag] for tag in three) for three in self._tags])
        moment = pa.array((seconds * 1e6).astype(np.int64)).cast(pa.timestamp("us", tz="UTC"))
        places = pa.array(np.maximum(country, 0), mask=country < 0)
        return pa.table(
            {
                "uid": pa.array(user + 1_000_000),
                "sku": pa.array([f"sku{i:06d}" for i in range(self._items)]).take(pa.array(item)),
                "country": pa.array(_COUNTRIES).take(places),
                "device": pa.array(_DEVICES).take(pa.array(device)),
                "price": pa.array(price, mask=np.isnan(price)),
                "tags": texts.take(pa.array(item)),
                "timestamp": moment,
                "click": pa.array(click.astype(np.int8)),
                "purchase": pa.array(buys.astype(np.int8)),
                "dwell_seconds": pa.array(dwell.astype(np.float32)),
                "page": pa.array(user % 7),
                "position": pa.array(item % 20),
            }
        )


def auc(score: np.ndarray, label: np.ndarray) -> float:
    """Returns the area under the ROC curve of scores without ties, [N]."""
    rank = np.empty(len(score))
    rank[np.argsort(score)] = np.arange(1, len(score) + 1)
    positives = int(label.sum())
    pairs = positives * (len(score) - positives)
    return float((rank[label].sum() - positives * (positives + 1) / 2) / pairs)


def write(folder: Path, num_rows: int) -> float:
    """Writes files and spec into `folder`, and returns the best AUC of a click."""
    folder.mkdir(parents=True, exist_ok=True)
    world = World(num_rows)
    chances, clicks = [], []
    for number, start in enumerate(range(0, num_rows, _FILE_ROWS)):
        end = min(start + _FILE_ROWS, num_rows)
        table, chance = world.rows(start, end, num_rows)
        pq.write_table(table, folder / f"part-{number:05d}.parquet")
        chances.append(chance.astype(np.float32))
        clicks.append(table["click"].to_numpy().astype(bool))
    (folder / SPEC_FILE).write_text(SPEC.format(folder=folder), "utf-8")
    last = int(_LAST * num_rows)
    return auc(np.concatenate(chances)[last:], np.concatenate(clicks)[last:])


def main(argv: Sequence[str]) -> int:
    """Writes the table and prints its best AUC."""
    asked = flags.FLAGS
    best = write(Path(asked.output), asked.rows)
    print(f"{asked.rows:,} rows; the best AUC of click on the last tenth: {best:.4f}")
    return 0


if __name__ == "__main__":  # here, so that another program may have flags of these names
    flags.DEFINE_integer("rows", 200_000, "Impressions.", lower_bound=100)
    flags.DEFINE_string("output", None, "Folder to write.", required=True)
    program.run(main)
