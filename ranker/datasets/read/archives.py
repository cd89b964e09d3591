"""Where raw files are read from: a folder, or an archive that is never unpacked.

Both give a file's bytes by its base name, and remember size and SHA-256 of what
was read, for the manifest.
"""

import hashlib
import io
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Self, cast

from ranker.datasets.errors import DatasetError
from ranker.wording import listed

_BUFFER_BYTES = 1 << 20
_MAX_MEMBERS = 10_000
_MAX_GROWTH = 100  # times what is stored: text of ratings grows about five times
_SMALL_BYTES = 1 << 26  # what is smaller may grow as it likes
# What zipfile raises on a damaged archive, beside OSError.
_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    ValueError,
    OverflowError,
)


class Files:
    """The raw files in a folder or in a zip archive.

    Attributes:
      path: the folder or archive.
      read: by name, what was read: {"bytes": ..., "sha256": ...}.
    """

    def __init__(self, path: Path) -> None:
        """Lists what is at `path`.

        Raises:
          DatasetError: if there is nothing, or an archive that is truncated, no zip,
            or holds a link, a device, an absolute path or a path with `..`, or what is
            many times as large as the archive, or has no name.
        """
        self.path = path
        self.read: dict[str, dict[str, object]] = {}
        if path.is_dir():
            self._archive = None
            self._members = _list_folder(path)
        elif path.is_file():
            self._archive = _open_archive(path)
            self._members = _list_archive(self._archive, path)
        else:
            raise DatasetError(f"{path}: no such folder or archive")

    def __contains__(self, name: str) -> bool:
        return name in self._members

    @property
    def names(self) -> list[str]:
        """The base names of the files, in alphabetical order."""
        return sorted(self._members)

    def open(self, name: str) -> BinaryIO:
        """Returns a stream over the file of base name `name`.

        Reading it raises DatasetError where an archive turns out to be damaged.

        Raises:
          DatasetError: if there is no such file.
        """
        if name not in self._members:
            raise DatasetError(f"{self.path}: no file {name!r} in it; it has: {listed(self.names)}")
        member = self._members[name]
        if self._archive is None:
            source: IO[bytes] = (self.path / member).open("rb")
        else:
            source = self._open_member(self._archive, member)
        hashed = _Hashed(source, self, name=name)
        return cast(BinaryIO, io.BufferedReader(hashed, buffer_size=_BUFFER_BYTES))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        if self._archive is not None:
            self._archive.close()

    def _open_member(self, archive: zipfile.ZipFile, member: str) -> IO[bytes]:
        try:
            return archive.open(member)
        except (*_DAMAGES, RuntimeError) as error:  # RuntimeError: it is encrypted
            raise DatasetError(f"{self.path}: cannot read {member!r:.100}: {error}") from error


class _Hashed(io.RawIOBase):
    """A stream that hashes what passes through, and speaks of damage in one sentence."""

    def __init__(self, source: IO[bytes], files: Files, *, name: str) -> None:
        self._source = source
        self._files = files
        self._name = name
        self._sha256 = hashlib.sha256()
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[override]
        """Fills `buffer` and returns how many bytes it got; 0 at the end.

        Raises:
          DatasetError: if the archive is damaged here.
        """
        try:
            block = self._source.read(len(buffer))
        except _DAMAGES as error:
            raise DatasetError(
                f"{self._files.path}: {self._name} is damaged in the archive "
                f"after {self._size} bytes: {error}"
            ) from error
        buffer[: len(block)] = block
        self._sha256.update(block)
        self._size += len(block)
        if not block:
            digest = self._sha256.hexdigest()
            self._files.read[self._name] = {"bytes": self._size, "sha256": digest}
        return len(block)

    def close(self) -> None:
        self._source.close()
        super().close()


def _list_folder(path: Path) -> dict[str, str]:
    """Returns base name to path, of the files in `path` and in the folders right in it."""
    found = [p for pattern in ("*/*", "*") for p in sorted(path.glob(pattern)) if p.is_file()]
    return {p.name: os.fspath(p.relative_to(path)) for p in found}


def _open_archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _DAMAGES as error:
        raise DatasetError(
            f"{path}: not a zip archive, or a truncated one ({path.stat().st_size} bytes): {error}"
        ) from error


def _list_archive(archive: zipfile.ZipFile, path: Path) -> dict[str, str]:
    """Returns base name to member, the shortest path where several share a name."""
    members: dict[str, str] = {}
    if len(archive.infolist()) > _MAX_MEMBERS:
        raise DatasetError(f"{path}: refused: more than {_MAX_MEMBERS:,} files in it")
    for info in sorted(archive.infolist(), key=lambda info: -len(info.filename)):
        _check_member(info, path)
        if not info.is_dir():
            members[PurePosixPath(info.filename).name] = info.filename
    return members


def _check_member(info: zipfile.ZipInfo, path: Path) -> None:
    # orig_filename is the name as it stands in the archive: filename is already tidied.
    name = info.orig_filename.replace("\\", "/")
    kind = stat.S_IFMT(info.external_attr >> 16)  # 0 where the archive does not say
    is_absolute = name.startswith("/") or name[1:2] == ":"
    problem = ""
    if not info.filename:
        problem = "has no name"
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR) or is_absolute or _leads_up(name):
        problem = "is a link or a device, or leads out of the archive"
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        problem = f"is compressed by method {info.compress_type}, not stored or deflated (0, 8)"
    elif info.file_size > max(_SMALL_BYTES, _MAX_GROWTH * info.compress_size):
        grown = f"grows from {info.compress_size} to {info.file_size} bytes"
        problem = f"{grown}, more than {_MAX_GROWTH} times"
    if problem:
        raise DatasetError(f"{path}: refused: member {info.orig_filename!r:.100} {problem}")


def _leads_up(name: str) -> bool:
    return ".." in PurePosixPath(name).parts
