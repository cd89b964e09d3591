"""The schema and the vocabularies of a run's data, kept in its directory: whoever trains on from
it must know which row was whose, and the data may be gone by then.

They lie there as in the prepared folder, so their digests are among those of the run's data, and
`prepare --vocabulary_from` reads a run's directory as it reads a prepared folder.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from ranker.files.atomic import write_bytes
from ranker.files.digests import digest as digest_of
from ranker.files.sealed import damage
from ranker.train.run_directory import RunDirectoryError


def keep_schema(
    folder: Path, vocabularies: Iterable[str], digests: Mapping[str, str], workdir: Path
) -> None:
    """Copies schema.toml and the vocabularies of `folder` into `workdir`, unless they are there.

    Args:
      vocabularies: by name.
      digests: of the run's data, by their paths in `folder`.

    Raises:
      OSError: for what cannot be read or written.
      RunDirectoryError: if one is no longer as it was when the run's data were digested.
    """
    names = ["schema.toml", *(f"vocabularies/{name}.txt" for name in vocabularies)]
    (workdir / "vocabularies").mkdir(exist_ok=True)
    for name in names:
        digest = digests[name]
        if damage(workdir / name, digest):
            source = folder / name
            content = source.read_bytes()
            if digest_of(content) != digest:
                raise RunDirectoryError(
                    f"{source}: changed while the run began: run the same command again"
                )
            write_bytes(workdir / name, content)
