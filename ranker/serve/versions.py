"""The versions of a model in a folder: which is the newest, and how the next is called."""

from collections.abc import Callable, Iterator
from pathlib import Path

from ranker.serve.manifest import missing_files

_LARGEST = 2**63  # TensorFlow Serving reads a version as int64


def newest_version(
    directory: Path, *, on_unfinished: Callable[[str], None] = lambda line: None
) -> Path:
    """Returns the SavedModel at `directory`: itself, its newest version, or its run's.

    A version is a folder whose name is a whole number, `00000007` as well as `7`. One that
    lacks a file of the model is passed over: a copy of it has only begun, or was broken off.

    Args:
      on_unfinished: called with a line for each version newer than the one returned that
        is passed over.

    Raises:
      FileNotFoundError: if there is none.
      OSError: if a folder cannot be read.
    """
    if (directory / "saved_model.pb").is_file():
        return directory
    unfinished = []
    for folder in (directory, directory / "export"):
        for version in sorted(_versions(folder), key=_order, reverse=True):
            missing = missing_files(version)
            if not missing:
                return version
            unfinished.append(f"{version} lacks {missing[0]}")
            on_unfinished(f"{unfinished[-1]}: passed over, as not finished")
    said = f"; {'; '.join(unfinished[:3])}" if unfinished else ""
    raise FileNotFoundError(
        f"{directory}: no SavedModel here, nor in a version or export/ of it{said}"
    )


def next_version(directory: Path) -> Path:
    """Returns the path of a version above all in `directory`, with nothing at it yet."""
    number = max((int(path.name) for path in _versions(directory)), default=0) + 1
    while (directory / str(number)).exists():
        number += 1
    return directory / str(number)


def _versions(directory: Path) -> Iterator[Path]:
    """Yields the folders in `directory` that TensorFlow Serving takes for versions."""
    for path in directory.iterdir() if directory.is_dir() else ():
        is_number = path.name.isascii() and path.name.isdecimal()
        if is_number and int(path.name) < _LARGEST and path.is_dir():
            yield path


def _order(version: Path) -> tuple[int, str]:
    return int(version.name), version.name
