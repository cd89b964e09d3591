"""A dataset: a log of impressions as JSON lines, in `impressions.jsonl` of a folder.

python -m pipelines.prepare --plugin=examples.json_lines_log --dataset=json-lines-log \\
    --source=FOLDER

A line holds "timestamp" (Unix seconds), "user_id", "item_id", "category" (text), "price" and
"click" (0 or 1); what else it holds is not read.
"""

from typing import Any

import pyarrow as pa

from ranker import json_text
from ranker.datasets import Dataset, register
from ranker.datasets.columns import binary, categorical, numeric
from ranker.datasets.examples import Block, Examples, Inputs
from ranker.datasets.read.words import one_line

FILE = "impressions.jsonl"
MAX_PRICE = 1e6
NUMBERS = {  # types of JSON, and bounds
    "timestamp": ((int,), 0, 2**40),
    "user_id": ((int,), 0, 2**62),
    "item_id": ((int,), 0, 2**62),
    "price": ((int, float), 0, MAX_PRICE),
    "click": ((int,), 0, 1),
}
COLUMNS = pa.schema(
    {
        "user_id": pa.int64(),
        "item_id": pa.int64(),
        "category": pa.string(),
        "price": pa.float32(),
        "click": pa.float32(),
        "timestamp": pa.int64(),
    }
)


def load(inputs: Inputs) -> Examples:
    """Returns the impressions in order of time, those of a second in that of the file."""
    rejected = inputs.rejected_rows_of(FILE)
    rows = []
    with inputs.files.open(FILE) as lines:
        for number, line in enumerate(lines, start=1):
            rejected.num_read += 1
            try:
                rows.append(row_of(line))
            except ValueError as error:
                rejected.add("value", line=number, problem=str(error))
    rejected.check()
    table = pa.Table.from_pylist(rows, COLUMNS).sort_by("timestamp")
    return Examples(
        features=(
            categorical("user_id"),
            categorical("item_id"),
            categorical("category", "string"),
            numeric("price", 0.0, MAX_PRICE, log1p=True),
        ),
        tasks=(binary("click"),),
        labels={"click": "1 if it was clicked"},
        blocks=lambda split: iter([Block(table)]),
        time=table["timestamp"].to_numpy(),
    )


def row_of(line: bytes) -> dict[str, Any]:
    """Returns the values of a row by column; ValueError with what is wrong in a sentence."""
    row = json_text.parse(line)
    if not isinstance(row, dict):
        raise ValueError(f"{line!r:.80} is no object")
    for name, (kinds, lowest, highest) in NUMBERS.items():
        value = row.get(name)
        if type(value) not in kinds or not lowest <= value <= highest:
            raise ValueError(f"{name} {value!r:.80} is no number from {lowest} to {highest:g}")
    if not isinstance(row.get("category"), str):
        raise ValueError(f"category {row.get('category')!r:.80} is no text")
    row["category"].encode()  # half a surrogate pair is text in JSON, and not in UTF-8
    return row | {"category": one_line(row["category"])}


register(
    Dataset(
        name="json-lines-log",
        load=f"{__name__}:load",
        splits=("global-temporal", "random"),
        met="",
    )
)
