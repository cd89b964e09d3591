"""Ways in which a file or a folder is damaged, each drawn from a generator of numbers."""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_TEXT = (".toml", ".json", ".jsonl", ".txt", ".md", ".html")
_GARBAGE = b"\x00\xffgarbage\n"
_TRIES = 20  # until a damage changes anything

Draw = random.Random
Damage = Callable[[bytes, Draw], bytes]


def kinds(path: Path) -> list[str]:
    """Returns the names of the damages that a file or folder can suffer, in a fixed order."""
    if path.is_dir():
        return ["delete", "empty", "replace", "file"]
    of_content = [*_OF_BYTES, *(_OF_LINES if path.suffix in _TEXT else _OF_BLOCKS)]
    of_content += _OF_ROWS if path.suffix == ".parquet" else []
    return ["delete", "empty", "replace", "folder", *of_content]


def inflict(kind: str, path: Path, others: list[Path], draw: Draw) -> bool:
    """Damages `path`; returns whether it is another one now.

    Args:
      kind: one of `kinds(path)`.
      others: what "replace" takes one of: the same of another run, attempt or dataset.
    """
    if path.is_dir():
        return _inflict_folder(kind, path, others, draw)
    before = path.read_bytes()
    if kind in ("delete", "folder"):
        path.unlink()
        if kind == "folder":
            path.mkdir()
        return True
    for _ in range(_TRIES):
        path.write_bytes(_content(kind, path, others, draw))
        if path.read_bytes() != before:
            return True
        path.write_bytes(before)
    return False


def _inflict_folder(kind: str, path: Path, others: list[Path], draw: Draw) -> bool:
    there = [other for other in others if other.is_dir()]
    if kind == "replace" and not there:
        return False
    other = draw.choice(there) if kind == "replace" else None
    if other is not None and path in other.parents:
        return False
    shutil.rmtree(path)
    if kind == "empty":
        path.mkdir()
    if kind == "file":
        path.write_bytes(_GARBAGE)
    if other is not None:
        shutil.copytree(other, path)
    return True


def _content(kind: str, path: Path, others: list[Path], draw: Draw) -> bytes:
    before = path.read_bytes()
    if kind == "empty":
        return b""
    if kind == "replace":
        there = [other for other in others if other.is_file()]
        return draw.choice(there).read_bytes() if there else before
    if kind in _OF_ROWS:
        return _rewritten(before, _OF_ROWS[kind], draw)
    return (_OF_BYTES | _OF_LINES | _OF_BLOCKS)[kind](before, draw)


def _truncate(content: bytes, draw: Draw) -> bytes:
    """Cuts it anywhere, as often as not close to the end or after a line."""
    ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")] or [0]
    near = max(0, len(content) - draw.randint(1, 20))
    return content[: draw.choice([draw.randrange(len(content) or 1), near, draw.choice(ends)])]


def _flip(content: bytes, draw: Draw) -> bytes:
    if not content:
        return content
    at = draw.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]


def _letter(content: bytes, draw: Draw) -> bytes:
    """Makes of a digit another digit, or of a letter another letter."""
    places = [i for i, byte in enumerate(content) if chr(byte).isascii() and chr(byte).isalnum()]
    if not places:
        return content
    at = draw.choice(places)
    alphabet = "0123456789" if chr(content[at]).isdigit() else "abcdefghijklmnopqrstuvwxyz"
    return content[:at] + draw.choice(alphabet).encode() + content[at + 1 :]


def _zero(content: bytes, draw: Draw) -> bytes:
    at, size = draw.randrange(len(content) or 1), draw.choice([1, 16, 512, 4096])
    return content[:at] + bytes(len(content[at : at + size])) + content[at + size :]


def _append(content: bytes, draw: Draw) -> bytes:
    return content + draw.choice([_GARBAGE, b"\n", b" ", content])


def _swap_lines(content: bytes, draw: Draw) -> bytes:
    lines = content.splitlines(keepends=True)
    if len(lines) > 1:
        a, b = draw.sample(range(len(lines)), 2)
        lines[a], lines[b] = lines[b], lines[a]
    return b"".join(lines)


def _drop_line(content: bytes, draw: Draw) -> bytes:
    lines = content.splitlines(keepends=True)
    del lines[draw.randrange(len(lines) or 1) : len(lines) and draw.randrange(len(lines)) + 1]
    return b"".join(lines)


def _repeat_line(content: bytes, draw: Draw) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(lines + lines[-1:] if draw.random() < 0.5 else [*lines[:1], *lines])


def _swap_blocks(content: bytes, draw: Draw) -> bytes:
    size = min(draw.choice([8, 512, 4096]), len(content) // 2)
    if not size:
        return content
    a = draw.randrange(len(content) - 2 * size + 1)
    b = draw.randrange(a + size, len(content) - size + 1)
    swapped = content[b : b + size] + content[a + size : b] + content[a : a + size]
    return content[:a] + swapped + content[b + size :]


def _nest(content: bytes, draw: Draw) -> bytes:
    """Puts lists within lists, more than a parser's stack holds, in its place or within it."""
    deep = draw.choice([b"[", b'{"a":']) * draw.choice([500, 200_000])
    at = content.find(b": ") + 2
    return deep if draw.random() < 0.5 else content[:at] + deep + content[at:]


def _rewritten(content: bytes, edit: Callable[[pa.Table, Draw], pa.Table], draw: Draw) -> bytes:
    """Returns a whole Parquet file of edited rows."""
    sink = pa.BufferOutputStream()
    pq.write_table(edit(pq.read_table(pa.BufferReader(content)), draw), sink)
    return sink.getvalue().to_pybytes()


def _drop_rows(table: pa.Table, draw: Draw) -> pa.Table:
    return table.slice(0, draw.randrange(1, max(2, len(table))))


def _shuffle_column(table: pa.Table, draw: Draw) -> pa.Table:
    """Gives the rows each other's values of one column."""
    at = draw.randrange(table.num_columns)
    order = np.random.default_rng(draw.randrange(2**32)).permutation(len(table))
    return table.set_column(at, table.schema.field(at), table.column(at).take(pa.array(order)))


def _shuffle_rows(table: pa.Table, draw: Draw) -> pa.Table:
    return table.take(pa.array(list(_shuffled(len(table), draw))))


def _shuffled(count: int, draw: Draw) -> Iterator[int]:
    yield from draw.sample(range(count), count)


_OF_BYTES: dict[str, Damage] = {
    "truncate": _truncate,
    "flip a bit": _flip,
    "change a letter": _letter,
    "zero": _zero,
    "append": _append,
}
_OF_LINES: dict[str, Damage] = {
    "swap lines": _swap_lines,
    "drop lines": _drop_line,
    "repeat a line": _repeat_line,
    "nest": _nest,
}
_OF_BLOCKS: dict[str, Damage] = {"swap blocks": _swap_blocks}
_OF_ROWS: dict[str, Callable[[pa.Table, Draw], pa.Table]] = {
    "drop rows": _drop_rows,
    "shuffle rows": _shuffle_rows,
    "shuffle a column": _shuffle_column,
}
