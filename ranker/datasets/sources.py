"""Where the raw files of an edition come from, in order, and from where they came.

A folder or archive the user names; else the cache; else GroupLens; else, for
MovieLens-100K, RecBole's wheel, which carries it whole. What a person has to know
of it is in data/README.md.
"""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from ranker.datasets.archives import Files
from ranker.datasets.download import download, download_wheel
from ranker.datasets.editions import Edition
from ranker.datasets.errors import DatasetError, UnreachableError
from ranker.datasets.progress import Progress

GROUPLENS = "https://files.grouplens.org/datasets/movielens/"


class Wheel(NamedTuple):
    """A wheel that carries a dataset: its requirement, file name and SHA-256."""

    requirement: str
    file: str
    sha256: str


WHEELS = {
    "movielens-100k": Wheel(
        "recbole==1.2.1",
        "recbole-1.2.1-py3-none-any.whl",
        "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
    )
}


class Source(NamedTuple):
    """Raw files, and what the manifest says of where they came from."""

    files: Files
    description: dict[str, str]


def find(
    edition: Edition,
    *,
    source: Path | None,
    cache: Path | None,
    progress: Progress,
    url: str = GROUPLENS,
) -> Source:
    """Returns the raw files of `edition`.

    Args:
      edition: which.
      source: a folder or archive to take, whatever else there is.
      cache: the folder of what was downloaded; by default the user's.
      progress: told what is tried.
      url: of the folder of archives to download from.

    Raises:
      UnreachableError: if nothing has them; the message says what was tried.
      DatasetError: if what was found is damaged or not what it should be.
    """
    if source is not None:
        progress.say(f"reading {source}")
        files = Files(source)
        checksum = {"md5": _digest(source, "md5")} if source.is_file() else {}
        return Source(files, {"from": "source", "path": os.fspath(source), **checksum})
    folder = cache or _user_cache()
    path, origin = _cached(edition, folder, progress) or _fetch(edition, folder, progress, url)
    return Source(Files(path), {"from": origin, "file": path.name, "md5": _digest(path, "md5")})


def _user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ranker"


def _cached(edition: Edition, folder: Path, progress: Progress) -> tuple[Path, str] | None:
    wheel = WHEELS.get(edition.name)
    candidates = [(folder / edition.archive, "md5", edition.md5)]
    if wheel:
        candidates.append((folder / wheel.file, "sha256", wheel.sha256))
    for path, kind, expected in candidates:
        if not path.is_file():
            continue
        found = _digest(path, kind)
        if not expected or found == expected:
            progress.say(f"reading {path} from the cache")
            return path, "cache"
        progress.say(f"{path}: {kind} is {found}, not {expected}: not used, fetched again")
    return None


def _fetch(edition: Edition, folder: Path, progress: Progress, url: str) -> tuple[Path, str]:
    folder.mkdir(parents=True, exist_ok=True)
    wheel = WHEELS.get(edition.name)
    address = url + edition.archive
    try:
        progress.say(f"downloading {address}")
        path = folder / edition.archive
        download(address, path, md5=edition.md5, progress=progress)
        return path, address
    except DatasetError as error:
        if wheel is None:
            raise UnreachableError(
                f"{error}; download {edition.archive} elsewhere and give it as --source"
            ) from error
        progress.say(f"{error}; trying the package index for {wheel.requirement}")
        failure = str(error)
    try:
        download_wheel(wheel.requirement, folder / wheel.file, sha256=wheel.sha256)
    except DatasetError as error:
        raise UnreachableError(f"{failure}; and {error}") from error
    return folder / wheel.file, f"pip download {wheel.requirement}"


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, kind).hexdigest()
