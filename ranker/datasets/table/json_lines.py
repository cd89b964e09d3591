"""Lines of JSON to tables, block by block, refusing lines that are no objects."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
from pyarrow import json as arrow_json

from ranker import json_text
from ranker.datasets.errors import DatasetError
from ranker.datasets.read.rejected_rows import RejectedRows
from ranker.datasets.table.files import SourceFile

_BLOCK_BYTES = 1 << 24
_MAX_LINE_BYTES = 1 << 22


def read_json_lines(
    file: SourceFile,
    types: Mapping[str, str],
    wanted: Sequence[str] | None,
    rejected: RejectedRows | None,
) -> Iterator[tuple[pa.Table, int]]:
    """Yields (rows, number of the first line) block by block.

    Args:
      types: columns that are read as text, whatever they look like.
      wanted: the columns; a line without one has null there. None for those of each block.
      rejected: counts the lines that are no objects; None to raise for them.

    Raises:
      DatasetError: for a line that does not end.
    """
    line = 1
    for block in _blocks(file):
        table = _parsed(block, types, wanted)
        if table is None:
            table = _line_by_line(block, line, types, wanted, rejected, file)
        yield table, line
        line += block.count(b"\n") + (not block.endswith(b"\n"))


def _blocks(file: SourceFile) -> Iterator[bytes]:
    rest = b""
    with pa.input_stream(str(file.path), compression="detect") as stream:
        while block := stream.read(_BLOCK_BYTES):
            cut = block.rfind(b"\n") + 1
            if cut:
                yield rest + block[:cut]
                rest = block[cut:]
            else:
                rest += block
            if len(rest) > _MAX_LINE_BYTES:
                raise DatasetError(
                    f"{file.path}: a line of more than {_MAX_LINE_BYTES:,} bytes, which begins "
                    f"{rest[:40]!r}: no lines of JSON"
                )
    if rest.strip():
        yield rest


def _parsed(
    block: bytes, types: Mapping[str, str], wanted: Sequence[str] | None
) -> pa.Table | None:
    """Returns the rows of a block, None if any line is no object of values of one type."""
    schema = pa.schema([(name, pa.string()) for name in types])
    options = arrow_json.ParseOptions(explicit_schema=schema or None, newlines_in_values=False)
    try:
        table = arrow_json.read_json(
            io.BytesIO(block),
            read_options=arrow_json.ReadOptions(block_size=len(block) + 1),
            parse_options=options,
        )
    except (pa.ArrowException, ValueError):
        return None
    return _with(table, wanted)


def _with(table: pa.Table, wanted: Sequence[str] | None) -> pa.Table:
    if wanted is None:
        return table
    return pa.table(
        {n: table[n] if n in table.column_names else pa.nulls(len(table)) for n in wanted}
    )


def _line_by_line(
    block: bytes, first: int, types: Mapping[str, str], wanted: Sequence[str] | None,
    rejected: RejectedRows | None, file: SourceFile,
) -> pa.Table:  # fmt: skip
    rows = []
    for number, raw in enumerate(block.split(b"\n"), start=first):
        if not raw.strip():
            continue
        try:
            row = json_text.parse(raw)
            if not isinstance(row, dict):
                raise ValueError(f"{row!r:.40} is no object")
            rows.append({k: str(v) if k in types and v is not None else v for k, v in row.items()})
        except (ValueError, RecursionError) as error:
            if rejected is None:
                raise DatasetError(f"{file.path}, line {number}: no JSON: {error}") from error
            rejected.num_read += 1
            rejected.add("json", line=number, problem=f"no object of JSON: {raw[:60]!r}")
    names = list(wanted if wanted is not None else dict.fromkeys(n for r in rows for n in r))
    return pa.table({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: list) -> pa.Array:
    """Returns values of JSON as a column; as text where they are of several types."""
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        texts = [v if isinstance(v, str) or v is None else json.dumps(v) for v in values]
        return pa.array(texts, pa.string())
