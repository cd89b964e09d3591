"""What is measured of an export before it is served: its size, and the time of a request."""

import statistics
import time
from pathlib import Path

from ranker.gate import Export
from ranker.serve.rows import Rows
from ranker.serve.served import Served

_ROWS = 1_000  # of a request
_REQUESTS = 20  # timed, behind the first, which is traced


def measured(export: Path, rows: Path) -> Export:
    """Returns the size of an export's files, and the median time of a request of 1,000 rows.

    Args:
      rows: a Parquet file of rows; a request has fewer if there are fewer.
    """
    sizes = [path.stat().st_size for path in export.rglob("*") if path.is_file()]
    served = Served(export)
    score = served.load()
    _, raw = next(Rows(rows, served.schema, keep=(served.schema.user,)).batches())
    request = {name: values[:_ROWS] for name, values in raw.items()}
    times = []
    for _ in range(1 + _REQUESTS):
        began = time.perf_counter()
        score(request)
        times.append(time.perf_counter() - began)
    return Export(sum(sizes) / 1e6, 1e3 * statistics.median(times[1:]))
