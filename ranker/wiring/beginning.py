"""Where a run begins: at its newest checkpoint, at another run's, or at initial values."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ranker.input.digests import digests
from ranker.input.split import read_vocabularies
from ranker.schema import Schema, read_schema
from ranker.spec.model import VocabularyEncoding
from ranker.spec.phases import last_begun
from ranker.spec.run import RunConfig
from ranker.train.actions import Progress
from ranker.train.beginning import Beginning
from ranker.train.checkpoint import Checkpoints
from ranker.train.checkpoint_files import Saved
from ranker.train.growth import Growth
from ranker.train.result import read_result
from ranker.train.run_directory import RunDirectoryError, hold_still
from ranker.wiring.agreement import by_present_names, differences, shifts
from ranker.wiring.anew import FIRST_STEP, STEPS, changed_parts, part_of
from ranker.wiring.identity import identity_as_written
from ranker.wiring.kept_schema import keep_schema
from ranker.wiring.run import Run, select
from ranker.wiring.saved import read_settings_as_written

_SETTING = "train.start_from"


class Source(NamedTuple):
    """A run to begin from.

    Attributes:
      workdir: its directory.
      name: of the checkpoint; "best" for that.
      config, schema: its own.
      written: its settings as its file has them, which an earlier version may have written.
    """

    workdir: Path
    name: str
    config: RunConfig
    written: Mapping[str, Any]
    schema: Schema


def begin(
    run: Run,
    workdir: Path,
    checkpoints: Checkpoints,
    *,
    say: Callable[[str], None],
    check: Callable[[], None],
) -> Beginning:
    """Puts the variables where the run begins, or goes on; keeps its schema in `workdir`.

    Args:
      say, check: as of `ranker.job.run_job`.

    Raises:
      CheckpointError, RunDirectoryError: as `Checkpoints.resume` does, and `start_from` of the
        other run.
      OSError: for what cannot be read or written.
    """
    state = checkpoints.resume(run.step.variables)
    if state is not None:
        beginning = Beginning(Progress(**state), state, [])
    elif run.config.train.start_from:
        beginning = _begun_from(run, workdir, say)
    else:
        beginning = Beginning(Progress(), {}, [])
    check()
    assert run.identity is not None
    folder = Path(run.config.data.path)
    keep_schema(folder, run.schema.vocabularies, run.identity.data, workdir)
    return beginning


def _begun_from(run: Run, workdir: Path, say: Callable[[str], None]) -> Beginning:
    if _located(run.config)[0].resolve() == workdir.resolve():
        raise RunDirectoryError(
            f"{_SETTING}: {workdir} is this run's own directory: more train.epochs prolong a run, "
            "and one that begins from it needs another --workdir"
        )
    source = find_source(run.config, run.schema)
    start, origin = start_from(run, source)
    grown = "; ".join(
        f"{name}: {counts['new']:,} values new, {counts['left']:,} gone"
        for name, counts in origin["vocabularies"].items()
        if counts["new"] or counts["left"]
    )
    said = f"Beginning from {source.workdir}, attempt {start['attempt']:,}"
    say(f"{said}: {grown}" if grown else said)
    where = {"attempt": 0, "step": int(run.step.optimizer.step.numpy())}
    return Beginning(Progress(start=start), {}, [{"kind": "begun_from", **where, **origin}])


def find_source(config: RunConfig, schema: Schema) -> Source:
    """Returns the run that `train.start_from` names, once it fits; reads no variable.

    Args:
      schema: of the columns that the run of `config` uses.

    Raises:
      FileNotFoundError: if there is no run.
      RunDirectoryError: if it is not completed and no checkpoint of it is named, if it has no
        schema, or if it is another model, naming what differs.
    """
    workdir, name = _located(config)
    before, written = read_settings_as_written(workdir)
    if not name:
        _require_completed(workdir)
    elif not name.isdigit() and name != "best":
        folder = workdir / "checkpoints"
        there = sorted(path.name for path in folder.glob("*") if path.name.isdigit())
        raise RunDirectoryError(
            f"{_SETTING}: {folder / name}: no checkpoint; there are {', '.join(['best', *there])}"
        )
    if not (workdir / "schema.toml").exists():
        raise RunDirectoryError(
            f"{_SETTING}: {workdir}/schema.toml: no such file; runs of version 0.1.0 kept none: "
            "put schema.toml and vocabularies/ of its data there"
        )
    before_schema = select(read_schema(workdir / "schema.toml"), before.data)
    if differing := list(differences(before, before_schema, config, schema)):
        raise RunDirectoryError(
            f"{_SETTING}: {workdir} is of another model: {'; '.join(differing)}"
        )
    if shifted := list(shifts(before_schema, schema)):
        raise RunDirectoryError(
            f"{_SETTING}: {config.data.path} has other statistics than {workdir}, and the model "
            f"counts from them: {'; '.join(shifted)}: prepare the data with "
            f"--vocabulary_from={workdir}, which keeps them"
        )
    return Source(workdir, name or "best", before, written, before_schema)


def start_from(run: Run, source: Source) -> tuple[dict[str, Any], dict[str, Any]]:
    """Assigns what the run takes of the other's checkpoint.

    Returns:
      What is written down of the start, with the digests of the other run's settings and data;
      and what there is to report: "vocabularies", with the counts of their values, and
      "begun_anew": of which parts the statistics are not taken, as their settings are others.

    Raises:
      CheckpointError, RunDirectoryError: if the checkpoint cannot be read, is not of the
        settings, schema and vocabularies that are beside it, or has other variables.
      LockError: if the other run is running.
    """
    workdir = source.workdir
    with hold_still(workdir):
        beside = digests(workdir, source.schema, splits=())
        checkpoints = Checkpoints(
            workdir / "checkpoints",
            keep=1,
            identity=identity_as_written(source.written, beside, splits=()),
            way_out="Put back what was there, or begin from another run",
            if_lost="put it back, or begin from another run",
        )
        saved = checkpoints.read(source.name)
        saved = saved._replace(arrays=by_present_names(saved.arrays))
        growths = _growths(run, source)
    anew = _assign(run, source, saved, growths)
    first_step = _set_steps(run, source, saved)
    wanted = run.config.train
    step = int(saved.arrays["optimizer/step"])
    start = {
        "from": wanted.start_from,
        "attempt": int(saved.arrays["attempts"]),
        "step": step,
        **({"first_step": first_step} if first_step not in (0, step) else {}),
        "slots": wanted.start_slots,
        "schedule": wanted.start_schedule,
        **saved.state["run"],
    }
    counts = {name: dict(growth.counts) for name, growth in growths.items()}
    origin = {name: start[name] for name in ("from", "slots", "schedule")}
    origin |= {"from_attempt": start["attempt"], "vocabularies": counts, "begun_anew": anew}
    return start, origin


def _located(config: RunConfig) -> tuple[Path, str]:
    """Returns the directory of the run to begin from, and the checkpoint's name, "" if not said."""
    path = Path(config.train.start_from)
    if path.parent.name == "checkpoints":
        return path.parent.parent, path.name
    return path, ""


def _require_completed(workdir: Path) -> None:
    try:
        status = read_result(workdir).get("status")
    except FileNotFoundError:
        status = "not finished"
    if status != "completed":
        raise RunDirectoryError(
            f"{_SETTING}: {workdir}: {status}, not completed: finish it, or name one of its "
            f"checkpoints, such as {workdir / 'checkpoints/best'}"
        )


def _growths(run: Run, source: Source) -> dict[str, Growth]:
    """Returns how each vocabulary grew; {} where values are hashed."""
    encoding = run.config.model.encoding
    if not isinstance(encoding, VocabularyEncoding):
        return {}
    before = read_vocabularies(source.workdir, source.schema)
    return {
        name: Growth.of(before[name], values, num_unknown=encoding.num_unknown)
        for name, values in run.vocabularies.items()
    }


def _assign(run: Run, source: Source, saved: Saved, growths: Mapping[str, Growth]) -> list[str]:
    """Assigns what is taken, or raises RunDirectoryError; returns the parts that begin anew."""
    variables, arrays = run.step.variables, saved.arrays
    anew = {"", *changed_parts(source.config, run.config)}
    taken, there = ({n for n in names if part_of(n) not in anew} for names in (variables, arrays))
    if differing := sorted(taken ^ there):
        raise RunDirectoryError(
            f"{_SETTING}: {source.workdir} is of another model: only one of the two has "
            f"{', '.join(differing)}"
        )
    growth_of = {
        name: growths[vocabulary]
        for table in run.model.tables
        if (vocabulary := run.model.vocabulary_of(table)) in growths
        for name in (f"model/{table}", *(n for n in taken if n.startswith(f"optimizer/{table}/")))
    }
    for name in taken - growth_of.keys():
        found, wanted = arrays[name], variables[name]
        if found.shape != tuple(wanted.shape) or found.dtype != wanted.dtype.as_numpy_dtype:
            raise RunDirectoryError(
                f"{_SETTING}: {source.workdir} is of another model: {name} has shape "
                f"{found.shape} of {found.dtype}, here {tuple(wanted.shape)} of {wanted.dtype.name}"
            )
    for name in taken:
        growth, value = growth_of.get(name), arrays[name]
        variables[name].assign(growth.taken(value, variables[name].numpy()) if growth else value)
    parts = {part_of(name) for name in (*variables, *arrays)}
    return sorted((anew & parts) - {""})


def _set_steps(run: Run, source: Source, saved: Saved) -> int:
    """Sets the counts that slots and schedules go by: one is the step, the other from a step.

    Returns the step that the run begins with: the updates since its slots began.
    """
    step, start, first = (int(saved.arrays.get(name, 0)) for name in (*STEPS, FIRST_STEP))
    wanted, variables = run.config.train, run.step.variables
    phases, own = source.config.phases, step - first
    position = own - last_begun(phases, "schedule", own, otherwise=start - first)
    position = position if wanted.start_schedule == "keep" else 0
    step = own - last_begun(phases, "slots", own, otherwise=-first)
    step = step if wanted.start_slots == "keep" else 0
    variables["optimizer/step"].assign(step)
    variables["optimizer/schedule_start"].assign(step - position)
    if FIRST_STEP in variables:
        variables[FIRST_STEP].assign(step)
    return step
