"""A run that is in its directory already: its model, its result, its settings if they are lost."""

import contextlib
import dataclasses
import errno
from collections.abc import Sequence
from pathlib import Path

from ranker import train
from ranker.build.identity import identify, settings_sha256
from ranker.build.run import Run, build_run, read_used_schema
from ranker.spec import load
from ranker.spec.run import RunConfig


def load_run(workdir: Path, *, splits: Sequence[str] = (), data: Path | None = None) -> Run:
    """Returns the run in `workdir` with the variables of its best checkpoint.

    Args:
      splits: whose files must be those that the run was made with, as its schema and its
        vocabularies must.
      data: a folder with other rows, to read in place of the run's.

    Raises:
      FileNotFoundError: if there is no run.
      CheckpointError: if its best checkpoint is damaged and no other holds the same.
      RunDirectoryError: if its settings or its data are not those of its checkpoints.
    """
    path = workdir / "config.toml"
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, "no run here: there is no such file", str(path))
    config = load.load(path, [], RunConfig)
    if path.read_text("utf-8") != load.dump(config):  # what is missing would be a default
        raise train.RunDirectoryError(f"{path}: not as the run wrote it: put that back")
    read = config
    if data is not None:
        read = dataclasses.replace(config, data=dataclasses.replace(config.data, path=str(data)))
    run = build_run(read)
    identity = dataclasses.replace(
        identify(read, run.schema, splits=splits), settings=settings_sha256(config)
    )
    checkpoints = train.Checkpoints(
        workdir / "checkpoints", keep=config.train.keep_checkpoints, identity=identity
    )
    checkpoints.restore_best(run.step.variables)
    return dataclasses.replace(run, identity=identity)


def finished(config: RunConfig, workdir: Path) -> dict | None:
    """Returns the result of this very run if it has nothing left to do, or None.

    A run whose export is gone has: it exports again. Data that are gone are not missed.

    Raises:
      RunDirectoryError: if the data are not those of the run.
    """
    try:
        result = train.read_result(workdir)
    except (FileNotFoundError, train.RunDirectoryError):
        return None  # one that is damaged is written anew
    is_over = result.get("status") in ("completed", "diverged")
    if not is_over or result.get("config_sha256") != settings_sha256(config):
        return None
    with contextlib.suppress(FileNotFoundError):
        identity = identify(config, read_used_schema(config))
        if differing := identity.difference(result):
            raise train.RunDirectoryError(
                f"{workdir / train.RESULT}: of a finished run, and {differing}. Put back what was "
                "there, or take another --workdir"
            )
    export = workdir / "export" / Path(result.get("export", "")).name / "saved_model.pb"
    return None if "export" in result and not export.exists() else result


def check_lost_settings(config: RunConfig, workdir: Path) -> None:
    """Looks whether checkpoints that are there without a config.toml are of these settings.

    Raises:
      RunDirectoryError: if they are of others.
    """
    state = train.Checkpoints(workdir / "checkpoints", keep=1).newest_state() or {}
    before = state.get("run", {}).get("config_sha256", "")
    if state and before != settings_sha256(config):
        raise train.RunDirectoryError(
            f"{workdir}: config.toml is missing, and the checkpoints are of other settings: put "
            "it back, take the settings of before, or another --workdir"
        )
