"""A run that is in its directory already: its model, its result, its settings if they are lost."""

import contextlib
import dataclasses
import errno
import tomllib
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ranker.serve.origin import is_whole
from ranker.spec import load
from ranker.spec.run import RunConfig
from ranker.train.checkpoint import Checkpoints
from ranker.train.result import RESULT, read_result
from ranker.train.run_directory import RunDirectoryError
from ranker.wiring.identity import identify, identity_of, settings_sha256
from ranker.wiring.run import Run, build_run, read_used_schema


def load_run(
    workdir: Path,
    *,
    splits: Sequence[str] = (),
    data: Path | None = None,
    way_out: str = "Put back what was there",
) -> Run:
    """Returns the run in `workdir` with the variables of its best checkpoint.

    Args:
      splits: whose files must be those that the run was made with, as its schema and its
        vocabularies must.
      data: a folder with other rows, to read in place of the run's.
      way_out: what a user may do where settings or data are not those of the run.

    Raises:
      FileNotFoundError: if there is no run.
      CheckpointError: if its best checkpoint is damaged and no other holds the same.
      RunDirectoryError: if its settings or its data are not those of its checkpoints, or its
        result is damaged.
    """
    config = read = read_settings(workdir)
    if data is not None:
        read = dataclasses.replace(config, data=dataclasses.replace(config.data, path=str(data)))
    run = build_run(read)
    identity = identity_of(config, identify(read, run.schema, splits=splits).data, splits=splits)
    checkpoints = Checkpoints(
        workdir / "checkpoints",
        keep=config.train.keep_checkpoints,
        identity=identity,
        way_out=way_out,
    )
    state = checkpoints.restore_best(run.step.variables)
    return dataclasses.replace(
        run,
        identity=identity,
        unfinished=_unfinished(workdir, checkpoints),
        start=state.get("start", {}),
    )


def read_settings(workdir: Path) -> RunConfig:
    """Returns the settings of the run in `workdir`.

    Raises:
      FileNotFoundError: if there is no run.
      RunDirectoryError: if they are not as this version writes them: by an earlier version a
        setting may have another name, and what is missing would be a default.
    """
    path = _settings_of(workdir)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of former names
            config = load.load(path, [], RunConfig)
        if path.read_text("utf-8") == load.dump(config):
            return config
        what = "not as the run wrote it, or of an earlier version"
    except load.ConfigError as error:
        what = f"not of this version, or changed ({str(error).removeprefix(f'{path}: ')})"
    raise RunDirectoryError(
        f"{path}: {what}: put back what was there, use the version that wrote it, or take another "
        "--workdir"
    )


def read_settings_as_written(workdir: Path) -> tuple[RunConfig, dict[str, Any]]:
    """Returns the settings of the run in `workdir`, also of an earlier version; and its file.

    Of a former name a warning tells the new one; what was no setting then has its default.
    Whether the file is as the run wrote it is for its checkpoints to tell: see
    `ranker.wiring.identity.identity_as_written`, which takes the second.

    Raises:
      FileNotFoundError: if there is no run.
      RunDirectoryError: if they cannot be read as settings of this version.
    """
    path = _settings_of(workdir)
    try:
        return load.load(path, [], RunConfig), tomllib.loads(path.read_text("utf-8"))
    except load.ConfigError as error:
        raise RunDirectoryError(
            f"{error}: put back what was there, use the version that wrote it, or begin from "
            "another run"
        ) from error


def _settings_of(workdir: Path) -> Path:
    path = workdir / "config.toml"
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, "no run here: there is no such file", str(path))
    return path


def _unfinished(workdir: Path, checkpoints: Checkpoints) -> str:
    """Returns how far the run in `workdir` is, "" if its training is over."""
    try:
        result = read_result(workdir)
    except FileNotFoundError:
        result = {}
    if result.get("status") in ("completed", "diverged") or "metrics" in result:
        return ""
    state = checkpoints.newest_state() or {}
    total = f" of {state['total']:,}" if state.get("total") else ""
    return f"not finished, at attempt {state.get('attempt', 0):,}{total}"


def finished(
    config: RunConfig, workdir: Path, *, say: Callable[[str], None] = lambda line: None
) -> dict | None:
    """Returns the result of this very run if it has nothing left to do, or None.

    A run whose export is gone, damaged or another run's has: it exports again. Data that are
    gone are not missed. The path of the export is that of the one here, wherever it was made.

    Args:
      say: takes a line for the user if it exports again.

    Raises:
      RunDirectoryError: if the data are not those of the run.
    """
    try:
        result = read_result(workdir)
    except (FileNotFoundError, RunDirectoryError):
        return None  # one that is damaged is written anew
    is_over = result.get("status") in ("completed", "diverged")
    if not is_over or result.get("config_sha256") != settings_sha256(config):
        return None
    with contextlib.suppress(FileNotFoundError):
        identity = identify(config, read_used_schema(config))
        if differing := identity.difference(result):
            raise RunDirectoryError(
                f"{workdir / RESULT}: of a finished run, and {differing}. Put back what was "
                "there, or take another --workdir"
            )
    if "export" not in result:
        return result
    export = workdir / "export" / Path(result["export"]).name
    if is_whole(export, of=workdir):
        return result | {"export": str(export)}
    say(f"{export}: gone, damaged or of another run: exporting again")
    return None


def check_prolongable(workdir: Path) -> None:
    """Looks whether the run in `workdir`, finished or not, may be prolonged.

    Raises:
      RunDirectoryError: if it diverged: a longer one would too, at the same attempt.
    """
    with contextlib.suppress(FileNotFoundError):
        result = read_result(workdir)
        if result.get("status") == "diverged":
            raise RunDirectoryError(
                f"{workdir / RESULT}: of a run that diverged ({result.get('reason')}), as a "
                "longer one would: take another --workdir"
            )


def check_lost_settings(config: RunConfig, workdir: Path) -> None:
    """Looks whether checkpoints that are there without a config.toml are of these settings.

    Raises:
      RunDirectoryError: if they are of others.
    """
    state = Checkpoints(workdir / "checkpoints", keep=1).newest_state() or {}
    before = state.get("run", {}).get("config_sha256", "")
    if state and before != settings_sha256(config):
        raise RunDirectoryError(
            f"{workdir}: config.toml is missing, and the checkpoints are of other settings: put "
            "it back, take the settings of before, or another --workdir"
        )
