"""What an export consists of: the SHA-256 of each of its files, so that damage shows.

TensorFlow says of a damaged SavedModel what it happens to meet, in many lines or by ending
the process; what has changed is found here before it reads a byte.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

MANIFEST = "assets.extra/manifest.json"
_NEEDED = ("saved_model.pb", "variables/variables.index", "assets.extra/schema.toml")


class DamagedExportError(ValueError):
    """An exported model is not as it was written."""


def write_manifest(version: Path) -> None:
    """Writes the manifest of all files in the folder `version`, but itself."""
    files = sorted(path for path in version.rglob("*") if path.is_file())
    digests = {path.relative_to(version).as_posix(): _digest(path) for path in files}
    digests.pop(MANIFEST, None)
    (version / MANIFEST).write_text(_text(digests), encoding="utf-8")


def check_manifest(version: Path) -> None:
    """Compares the files of the folder `version` with its manifest, if it has one.

    An export of before there were manifests has none. Files beside those of the manifest
    are not the model's.

    Raises:
      DamagedExportError: naming the files that are missing, changed or cannot be read.
    """
    digests = _read(version / MANIFEST)
    damage = [what for name in digests if (what := _damage(version, name, digests[name]))]
    if damage:
        raise DamagedExportError(f"{version}: damaged: {'; '.join(damage)}; export the model again")


def missing_files(version: Path) -> list[str]:
    """Returns what the folder `version` lacks of a model, [] if it has all of its files."""
    try:
        named = _read(version / MANIFEST)
    except DamagedExportError:
        named = {}
    return [name for name in dict.fromkeys([*_NEEDED, *named]) if not (version / name).exists()]


def _read(path: Path) -> dict[str, str]:
    """Returns the digests by file; none if there is no manifest."""
    try:
        if not path.exists():
            return {}
        text = path.read_text("utf-8") if path.is_file() else ""
        digests = json.loads(text)["files"]
        if isinstance(digests, dict) and _text(digests) == text:
            return digests
        said = "not as it was written"
    except OSError as error:
        said = error.strerror or "cannot be read"
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        said = f"no manifest: {' '.join(str(error).split()):.200}"
    raise DamagedExportError(
        f"{path.parent.parent}: damaged: {MANIFEST}: {said}; export the model again"
    )


def _damage(version: Path, name: str, expected: str) -> str:
    """Returns what is wrong with a file of an export, "" if nothing is."""
    path = version / name
    try:
        if not path.exists():
            return f"{name} is missing"
        if not path.is_file():
            return f"{name} is no file"
        return "" if _digest(path) == expected else f"{name} has changed"
    except OSError as error:
        return f"{name}: {error.strerror}"


def _text(digests: Mapping[str, str]) -> str:
    """Returns the text of a manifest, which no other text can be taken for."""
    itself = hashlib.sha256(json.dumps(digests).encode()).hexdigest()
    return json.dumps({"files": digests, "sha256": itself}, indent=1) + "\n"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
