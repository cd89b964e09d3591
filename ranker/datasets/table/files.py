"""Which files a spec means: patterns, folders and partitions to paths in order."""

import glob
import os
import re
import stat
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ranker.datasets.errors import DatasetError
from ranker.spec.table import SourceSpec
from ranker.wording import listed

_PARTITION = re.compile(r"([^=/]+)=([^=/]*)")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_FORMATS = {
    ".parquet": "parquet", ".parq": "parquet", ".pq": "parquet", ".csv": "csv", ".tsv": "tsv",
    ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
}  # fmt: skip
_COMPRESSED = (".gz", ".bz2", ".zst", ".lz4", ".br")
_PATTERN = set("*?[")
_MAX_FILES = 1_000_000


class SourceFile(NamedTuple):
    """One file of rows.

    Attributes:
      path: of the file.
      form: "parquet", "csv", "tsv" or "jsonl".
      partitions: column to its value, None for a null, of the folders that it is in.
      size, changed: bytes, and when it was changed last, in nanoseconds, as it was found.
    """

    path: Path
    form: str
    partitions: Mapping[str, str | None]
    size: int
    changed: int

    def check_unchanged(self) -> None:
        """Raises DatasetError if the file is not as it was found."""
        try:
            now = self.path.stat()
        except OSError as error:
            raise DatasetError(f"{self.path}: gone while it was read: {error.strerror}") from error
        if (now.st_size, now.st_mtime_ns) != (self.size, self.changed):
            raise DatasetError(
                f"{self.path}: it changed while it was read, from {self.size:,} to "
                f"{now.st_size:,} bytes; wait until nothing writes to it, or read a copy"
            )


def find(source: SourceSpec, base: Path | None) -> list[SourceFile]:
    """Returns the files that `source` names, each once, those of a pattern in order of their paths.

    Args:
      base: the folder that paths are from; the working directory if None.

    Raises:
      DatasetError: for a path or pattern that leads to nothing, or a file of no known format.
    """
    paths: dict[Path, None] = {}
    for pattern in source.files:
        whole = os.path.join(base or "", os.path.expanduser(pattern))
        found = [path for path in _matches(whole) if not _is_hidden(path, whole)]
        if not found:
            raise DatasetError(f"{whole}: {_nothing(whole)}")
        paths |= dict.fromkeys(found)
        if len(paths) > _MAX_FILES:
            raise DatasetError(f"{whole}: more than {_MAX_FILES:,} files")
    return [_file(path, source.format) for path in paths]


def _matches(whole: str) -> Iterable[Path]:
    if os.path.isdir(whole):
        inside = os.path.join(glob.escape(whole), "**", "*")
    elif os.path.lexists(whole) or not _PATTERN & set(whole):
        inside = glob.escape(whole)
    else:
        inside = whole
    there = sorted(glob.glob(inside, recursive=True))
    folders = [path for path in there if os.path.isdir(path)]
    if folders and len(folders) == len(there):  # a pattern of folders, such as day=*
        return [path for folder in folders for path in _matches(folder)]
    return [Path(path) for path in there if not os.path.isdir(path)]


def _is_hidden(path: Path, whole: str) -> bool:
    """Returns whether a file, or a folder it was found in, is Spark's or the system's own."""
    given = {part for part in Path(whole).parts if not _PATTERN & set(part)}
    parts = [part for part in path.parts if part not in given or part == path.name]
    is_named = str(path) == whole
    return not is_named and any(
        part.startswith(".") or (part.startswith("_") and not _PARTITION.fullmatch(part))
        for part in parts
    )


def _nothing(whole: str) -> str:
    if os.path.isdir(whole):
        return "no files of rows in it"
    if _PATTERN & set(whole):
        return "no file is like this pattern"
    folder = os.path.dirname(whole) or "."
    there = sorted(os.listdir(folder))[:5] if os.path.isdir(folder) else []
    return f"no such file or folder; beside it: {listed(there)}"


def _file(path: Path, form: str) -> SourceFile:
    try:
        status = path.stat()
    except OSError as error:
        raise DatasetError(f"{path}: not read: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise DatasetError(f"{path}: not read: it is a pipe or a device")
    if not status.st_size:
        raise DatasetError(f"{path}: empty file: it has 0 bytes; leave it out, or write it again")
    if form == "auto":
        form = _form_of(path)
    return SourceFile(path, form, dict(_partitions(path)), status.st_size, status.st_mtime_ns)


def _form_of(path: Path) -> str:
    name = path.name.lower()
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    for ending, form in _FORMATS.items():
        if (
            name.endswith(ending) or f"{ending}." in name
        ):  # Spark's part-0.snappy.parquet, x.parquet.0
            return form
    with path.open("rb") as file:
        if file.read(4) == b"PAR1":
            return "parquet"
    raise DatasetError(
        f"{path}: of no known format by its name; set source.format to one of parquet, csv, tsv, "
        "jsonl"
    )


def _partitions(path: Path) -> Iterator[tuple[str, str | None]]:
    for part in path.parts[:-1]:
        if found := _PARTITION.fullmatch(part):
            value = urllib.parse.unquote(found[2])
            yield urllib.parse.unquote(found[1]), None if value == _NO_VALUE else value
