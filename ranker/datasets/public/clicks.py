"""What AliExpress and Ali-CCP have in common: click, and click and purchase."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from ranker.datasets.columns import binary
from ranker.datasets.examples import Block, Examples
from ranker.datasets.read.file_rows import FileRows
from ranker.datasets.splits import Split
from ranker.schema import Feature

_CLICK, _BOTH = "click", "ctcvr"
_LABELS = {
    _CLICK: "1 if it was clicked",
    _BOTH: "1 if it was clicked and then bought, over all rows",
}


def examples_of(
    features: Sequence[Feature], tables: Callable[[str], Iterator[pa.Table]]
) -> Examples:
    """Returns the examples of both published files.

    Args:
      tables: from "train" or "test" to the examples of that file, [M] a table.
    """

    def blocks(split: Split) -> Iterator[Block]:
        for part in ("train", "test"):
            yield from (Block(table, file=part) for table in tables(part))

    tasks = [binary(name) for name in _LABELS]
    return Examples(features=features, tasks=tasks, labels=_LABELS, blocks=blocks)


def keep_labelled(block: FileRows) -> None:
    """Leaves the rows whose labels are 0 or 1, and bought only where they are clicked."""
    for column in ("click", "conversion"):
        block.keep_between(column, 0, 1, reason="label")
    is_possible = block["click"] >= block["conversion"]
    block.keep(is_possible, "label", problem=lambda i: "conversion is 1 and click 0")


def labels(block: FileRows) -> dict[str, pa.Array]:
    """Returns the columns of the two tasks, float32 [N]; bought is what was clicked and bought."""
    both = (block["click"] == 1) & (block["conversion"] == 1)
    values = {_CLICK: block["click"], _BOTH: both}
    return {name: pa.array(of.astype(np.float32)) for name, of in values.items()}
