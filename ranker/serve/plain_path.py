"""Paths as TensorFlow takes them: it reads some letters in a path as a pattern."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OF_PATTERNS = frozenset("*?[\\")  # GetMatchingPaths of TensorFlow's file systems


@contextmanager
def plain_path(folder: Path) -> Iterator[Path]:
    """Gives a path to `folder`, which exists, that is no pattern to TensorFlow.

    That is `folder` itself if it can be, else a link to it in a temporary folder, which
    goes when the block ends.

    Raises:
      ValueError: if the temporary folder's own path is a pattern.
    """
    if _is_plain(folder):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="ranker-") as temporary:
        if not _is_plain(Path(temporary)):
            raise ValueError(
                f"{folder}: TensorFlow takes {_listed(folder)} in a path for a pattern, and the "
                f"temporary folder {temporary} has such a letter too: set TMPDIR to one without"
            )
        link = Path(temporary) / "model"
        link.symlink_to(folder.absolute(), target_is_directory=True)
        yield link


def _is_plain(path: Path) -> bool:
    text = str(path)
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes of the system that are no UTF-8
        return False
    return not _OF_PATTERNS & set(text)


def _listed(path: Path) -> str:
    return " and ".join(sorted(_OF_PATTERNS & set(str(path)))) or "what is not UTF-8"
