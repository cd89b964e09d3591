"""What the data of a run are: a SHA-256 of the schema, of each vocabulary and of each file of rows.

The bytes are read whole (1.4 GB a second on a processor with SHA instructions), so that a label
changed in place shows, which Parquet's footers and their statistics need not tell. What it
cannot see: a file that changes between its digest and its reading; `Shards` looks for that.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ranker import json_text
from ranker.files.digests import file_digest
from ranker.input.shards import Shards, split_path
from ranker.schema import Schema

SPLITS = ("train", "validation", "test")
_MANIFEST = "manifest.json"


def digests(folder: Path, schema: Schema, *, splits: Sequence[str] = SPLITS) -> dict[str, str]:
    """Returns the SHA-256 of the files that a run reads, by their paths in `folder`.

    Args:
      folder: prepared data.
      schema: its vocabularies are those that are used.
      splits: whose files are read.

    Raises:
      FileNotFoundError: naming the file that is missing.
      OSError, ValueError: for what cannot be read.
    """
    files = [folder / "schema.toml"]
    files += [folder / "vocabularies" / f"{name}.txt" for name in schema.vocabularies]
    for name in splits:
        files += Shards(split_path(folder, name), schema).files
    return {path.relative_to(folder).as_posix(): file_digest(path) for path in files}


def changed(
    before: Mapping[str, str], now: Mapping[str, str], *, splits: Sequence[str] = SPLITS
) -> list[str]:
    """Returns a line for each file that is not as it was: "test.parquet changed".

    Args:
      before, now: as `digests` gives them.
      splits: whose files are compared, beside schema and vocabularies.
    """
    before, now = ({n: d for n, d in of.items() if _is_of(n, splits)} for of in (before, now))
    return [
        f"{name} {_how(before.get(name), now.get(name))}"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]


def check_prepared(folder: Path, now: Mapping[str, str]) -> None:
    """Compares files with the digests that `manifest.json` has of them, if it has any.

    Raises:
      ValueError: naming the files that are not as they were prepared, or a manifest that
        cannot be read.
    """
    path = folder / _MANIFEST
    try:
        prepared = json_text.parse(path.read_text("utf-8")).get("digests", {})
        differing = [name for name, digest in now.items() if prepared.get(name, digest) != digest]
    except FileNotFoundError:
        return  # made by hand
    except (ValueError, AttributeError) as error:
        said = " ".join(str(error).split())
        raise ValueError(f"{path}: not a manifest: {said:.200}; prepare the data again") from error
    if differing:
        raise ValueError(
            f"{folder}: changed since it was prepared: {', '.join(differing)}; prepare the data "
            f"again, or delete {path} if the change is meant"
        )


def _is_of(name: str, splits: Iterable[str]) -> bool:
    split = name.partition("/")[0].removesuffix(".parquet")
    return split not in SPLITS or split in splits


def _how(before: str | None, now: str | None) -> str:
    if before is None:
        return "is new"
    return "is gone" if now is None else "changed"
