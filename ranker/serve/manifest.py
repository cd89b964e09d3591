"""What an export consists of: the SHA-256 of each of its files, so that damage shows.

TensorFlow says of a damaged SavedModel what it happens to meet, in many lines or by ending
the process; what has changed is found here before it reads a byte.
"""

from pathlib import Path

from ranker import files

MANIFEST = "assets.extra/manifest.json"
_KEY = "files"  # in the manifest
_NEEDED = ("saved_model.pb", "variables/variables.index", "assets.extra/schema.toml")


class DamagedExportError(ValueError):
    """An exported model is not as it was written."""


def write_manifest(version: Path) -> None:
    """Writes the manifest of all files in the folder `version`, but itself."""
    digests = files.directory_digests(version)
    digests.pop(MANIFEST, None)
    files.write_manifest(version / MANIFEST, digests, key=_KEY)


def check_manifest(version: Path) -> None:
    """Compares the files of the folder `version` with its manifest, if it has one.

    An export of before there were manifests has none. Files beside those of the manifest
    are not the model's.

    Raises:
      DamagedExportError: naming the files that are missing, changed or cannot be read.
    """
    found = {name: files.damage(version / name, d) for name, d in _read(version).items()}
    damage = [f"{name} {what}" for name, what in found.items() if what]
    if damage:
        raise DamagedExportError(f"{version}: damaged: {'; '.join(damage)}; export the model again")


def missing_files(version: Path) -> list[str]:
    """Returns what the folder `version` lacks of a model, [] if it has all of its files."""
    try:
        named = _read(version)
    except DamagedExportError:
        named = {}
    return [name for name in dict.fromkeys([*_NEEDED, *named]) if not (version / name).exists()]


def _read(version: Path) -> dict[str, str]:
    """Returns the digests by file; none if there is no manifest."""
    try:
        return files.read_manifest(version / MANIFEST, key=_KEY)
    except FileNotFoundError:
        return {}
    except files.DamagedError as error:
        said = str(error).removeprefix(f"{version}/")
        raise DamagedExportError(f"{version}: damaged: {said}; export the model again") from error
