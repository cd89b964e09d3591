"""The schema and the vocabularies of a run's data, kept in its directory: whoever trains on from
it must know which row was whose, and the data may be gone by then.

They lie there as in the prepared folder, so their digests are among those of the run's data, and
`prepare --vocabulary_from` reads a run's directory as it reads a prepared folder.
"""

from pathlib import Path

from ranker import files
from ranker.train.run_directory import RunDirectoryError
from ranker.wiring.run import Run


def keep_schema(run: Run, workdir: Path) -> None:
    """Copies schema.toml and the vocabularies into `workdir`, unless they are there.

    Raises:
      OSError: for what cannot be read or written.
      RunDirectoryError: if one is no longer as it was when the run's data were digested.
    """
    assert run.identity is not None
    names = ["schema.toml", *(f"vocabularies/{name}.txt" for name in run.schema.vocabularies)]
    (workdir / "vocabularies").mkdir(exist_ok=True)
    for name in names:
        digest = run.identity.data[name]
        if files.damage(workdir / name, digest):
            source = Path(run.config.data.path) / name
            content = source.read_bytes()
            if files.digest(content) != digest:
                raise RunDirectoryError(
                    f"{source}: changed while the run began: run the same command again"
                )
            files.write_bytes(workdir / name, content)
