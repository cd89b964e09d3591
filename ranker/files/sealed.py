"""JSON with a digest of itself, so that damage shows: manifests of files, and documents."""

import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ranker import json_text
from ranker.files.atomic import write_json
from ranker.files.digests import digest, file_digest

CHANGED = "has changed"
_ITSELF = "sha256"
_NO_JSON = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class DamagedError(ValueError):
    """A file is not as it was written; the message begins with its path."""


def write_manifest(path: Path, digests: Mapping[str, str], *, key: str) -> None:
    """Writes the digests of files, by name, under `key`, in the order given."""
    path.write_text(_manifest(digests, key), encoding="utf-8")


def read_manifest(path: Path, *, key: str) -> dict[str, str]:
    """Returns the digests that `write_manifest` wrote.

    Raises:
      FileNotFoundError: if there is no such file.
      DamagedError: if it is anything else than what was written, to the letter.
    """
    try:
        text = path.read_text("utf-8") if stat.S_ISREG(path.stat().st_mode) else ""
        digests = json_text.parse(text)[key]
        is_whole = isinstance(digests, dict) and _manifest(digests, key) == text
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DamagedError(f"{path}: {error.strerror or error}") from error
    except _NO_JSON as error:
        raise DamagedError(f"{path}: no manifest: {' '.join(str(error).split()):.200}") from error
    if not is_whole:
        raise DamagedError(f"{path}: not as it was written")
    return digests


def damage(path: Path, expected: str) -> str:
    """Returns what is wrong with a file whose digest is to be `expected`, "" if nothing is."""
    try:
        if not path.exists():
            return "is missing"
        if not path.is_file():
            return "is no file"
        return "" if file_digest(path) == expected else CHANGED
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def write_sealed(path: Path, document: Mapping[str, Any]) -> None:
    """Writes a JSON-ready document as a whole, with its digest in it as "sha256"."""
    write_json(path, {**document, _ITSELF: _document_digest(document)})


def read_sealed(path: Path) -> dict[str, Any]:
    """Returns the document that `write_sealed` wrote.

    Raises:
      FileNotFoundError: if there is no such file.
      DamagedError: if any value of it has changed.
    """
    try:
        document = json_text.parse(path.read_text("utf-8"))
        itself = document.pop(_ITSELF)
    except _NO_JSON as error:
        raise DamagedError(f"{path}: not as it was written") from error
    if itself != _document_digest(document):
        raise DamagedError(f"{path}: not as it was written")
    return document


def _manifest(digests: Mapping[str, str], key: str) -> str:
    """Returns the text of a manifest, which no other text can be taken for."""
    itself = digest(json.dumps(digests))
    return json.dumps({key: digests, _ITSELF: itself}, indent=1) + "\n"


def _document_digest(document: Mapping[str, Any]) -> str:
    return digest(json.dumps(document, sort_keys=True))
