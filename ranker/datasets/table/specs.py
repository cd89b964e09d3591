"""The file of a spec: read, held against the columns there are, and turned into options."""

import dataclasses
import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ranker.datasets.contract import Dataset
from ranker.datasets.errors import DatasetError
from ranker.datasets.options import Options
from ranker.datasets.table import batches, files
from ranker.datasets.table.expressions import Expression
from ranker.datasets.table.plan import expressions, sources
from ranker.datasets.table.reserved import NO_ITEM, NO_USER, RESERVED
from ranker.schema import Feature
from ranker.spec.decode import ConfigError, Layer, decode
from ranker.spec.load import load as load_settings
from ranker.spec.table import BinaryTask, SourceSpec, SplitSpec, TableSpec, TableTask
from ranker.spec.table_features import Categorical, TableFeature, Time
from ranker.spec.table_past import Past, PastLast, PastMean, PastRate

_SPLITS = {
    "time": "global-temporal",
    "window": "window",
    "user_time": "user-temporal",
    "user": "random-user",
    "random": "random",
}
_TABLES: Mapping[str, Any] = {"features": TableFeature, "past": Past, "tasks": TableTask}
_WHOLE: Mapping[str, Any] = {"source": SourceSpec, "split": SplitSpec}


def read(options: Options) -> TableSpec:
    """Returns the spec that the options name.

    Raises:
      DatasetError: if there is none, or with all of its mistakes, each with its place.
    """
    if options.spec is None:
        raise DatasetError(
            f"table: spec is {options.spec}: name the file that says what the columns are, by "
            "--spec=FILE"
        )
    try:
        return load_settings(options.spec, [], TableSpec)
    except ConfigError as error:
        problems = list(_mistakes_by_table(options.spec)) or [str(error)]
        raise DatasetError("; ".join(problems)) from error


def adapt(dataset: Dataset, options: Options) -> tuple[Dataset, Options]:
    """Returns the dataset under the name of the spec, and the options as the spec has them.

    Raises:
      DatasetError: as `read` does; if the spec does not fit the columns of the files.
    """
    spec = read(options)
    if found := mistakes(spec, options):
        raise DatasetError(f"{options.spec}: {'; '.join(found)}")
    dataset = dataclasses.replace(dataset, name=spec.name)
    split = spec.split
    past = "train" if "train" in (split.past, options.past) else "all"
    options = dataclasses.replace(options, past=past)
    if options.split:
        return dataset, options
    return dataset, dataclasses.replace(
        options,
        split=_SPLITS[split.by],
        boundaries=(split.boundaries[0], split.boundaries[1]),
        window_days=split.window_days,
        seed=split.seed or options.seed,
    )


def mistakes(spec: TableSpec, options: Options) -> list[str]:
    """Returns what is wrong with a spec, a sentence each: within itself, and with its files."""
    problems = list(_of_roles(spec))
    texts = []
    for setting, text in expressions(spec):
        try:
            texts.append((setting, Expression(text)))
        except DatasetError as error:
            problems.append(f"{setting}: {error}")
    problems += _of_past(spec)
    try:
        found = files.find(spec.source, options.source)
        names = batches.names_of(found[0], spec.source)
    except DatasetError as error:
        return [*problems, f"source.files: {error}"]
    if problems and len(texts) < len(list(expressions(spec))):
        return problems
    missing: dict[str, str] = {}
    for column, setting in sources(spec):
        if column not in names:
            missing.setdefault(column, setting)
    for column, setting in missing.items():
        problems.append(f"{setting}: {found[0].path}: {batches.missing_columns([column], names)}")
    return problems


def _mistakes_by_table(path: Path) -> Iterator[str]:
    """Yields every mistake of a file that is no spec, by reading its tables one by one."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return
    for name, kind in _WHOLE.items():
        if name in document:
            yield from _problem(path, kind, document[name], (name,))
    for name, kind in _TABLES.items():
        found = document.get(name, {})
        for inner, table in found.items() if isinstance(found, dict) else ():
            yield from _problem(path, kind, table, (name, inner))
    known = {field.name for field in dataclasses.fields(TableSpec)}
    inside = {**_WHOLE, **_TABLES}
    plain = {name: value for name, value in document.items() if name not in inside}
    for name, value in plain.items():
        if name in known:
            stub = {"source": {"files": ["x"]}, "features": {"x": "id"}, "tasks": {"x": "binary"}}
            yield from _problem(path, TableSpec, {**stub, name: value}, ())
        else:
            near = difflib.get_close_matches(name, known, n=1)
            hint = (
                f" Did you mean {near[0]!r}?"
                if near
                else f" There are: {', '.join(sorted(known))}."
            )
            yield f"{path}: no setting {name!r:.80}.{hint}"
    for name in ("source", "features", "tasks"):
        if name not in document:
            yield f"{path}: no {name}, which has no default"


def _problem(path: Path, kind: Any, table: Any, location: tuple[str, ...]) -> Iterator[str]:
    try:
        decode(kind, [Layer(str(path), table)], path=location)
    except ConfigError as error:
        yield str(error)


def _of_roles(spec: TableSpec) -> Iterator[str]:
    for role in ("user", "item"):
        name = getattr(spec, role)
        if name and not isinstance(spec.features.get(name), Categorical):
            near = _near(name, [n for n, f in spec.features.items() if isinstance(f, Categorical)])
            yield f'{role} is {name!r}, and features has none of kind "id" called so{near}'
    if not spec.time:
        if spec.past:
            yield f"past.{next(iter(spec.past))}: time is empty: what is of the past needs a time"
        if spec.split.by in ("time", "window", "user_time"):
            yield f'split.by is "{spec.split.by}", and time is empty: set it to "random" or "user"'
    if spec.split.by in ("user", "user_time") and not spec.user:
        yield f'split.by is "{spec.split.by}", and user is empty'
    beside = {NO_USER: not spec.user, NO_ITEM: not spec.item}
    reserved = {*RESERVED, *(name for name, is_made in beside.items() if is_made)}
    for kind in ("features", "past", "tasks"):
        for name in getattr(spec, kind):
            if name in reserved or name.startswith("~"):
                yield f"{kind}.{name}: prepared rows have a column of this name: call it another"
            others = [
                k for k in ("features", "past", "tasks") if k > kind and name in getattr(spec, k)
            ]
            yield from (f"{kind}.{name} and {other}.{name} have one name" for other in others)
            try:
                Feature(name=name, kind="numeric", dtype="float32")
            except ValueError as error:
                yield str(error)


def _of_past(spec: TableSpec) -> Iterator[str]:
    for name, past in spec.past.items():
        if isinstance(past, PastLast):
            kinds = [n for n, f in spec.features.items() if isinstance(f, Categorical)]
            if past.of not in kinds:
                hint = _near(past.of, kinds)
                yield f'past.{name}.of is {past.of!r}, no feature of kind "id" or "category"{hint}'
        is_rate = isinstance(past, PastRate)
        task = spec.tasks.get(past.of) if isinstance(past, PastMean | PastRate) else None
        if is_rate and task is not None and not isinstance(task, BinaryTask):
            yield f"past.{name}.of is {past.of!r}, a task of kind {task.kind!r}: use a mean of it"
    for name, feature in spec.features.items():
        if isinstance(feature, Time) and "age" in feature.parts and not spec.time:
            yield f'features.{name}.parts has "age", and time is empty'


def _near(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(known) or 'none'}"
