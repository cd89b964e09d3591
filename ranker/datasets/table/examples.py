"""Rows of a table of one's own to examples: read, put in order of time, given their past."""

import dataclasses
import shutil
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from ranker import files as whole_files
from ranker.datasets.columns import categorical, id_list
from ranker.datasets.errors import DatasetError
from ranker.datasets.examples import Block, Examples, Inputs
from ranker.datasets.read.ahead import ahead
from ranker.datasets.splits import Split
from ranker.datasets.table import earlier, files, specs, state
from ranker.datasets.table.batches import read
from ranker.datasets.table.earlier import Earlier
from ranker.datasets.table.facts import FOLDER
from ranker.datasets.table.forward import Forward
from ranker.datasets.table.judged import Judged
from ranker.datasets.table.plan import Plan, label_of, plan_of, sources
from ranker.datasets.table.reserved import NO_ITEM, NO_USER, REQUEST, WEIGHT
from ranker.datasets.table.rows import RowMaker
from ranker.datasets.table.scalars import looks_at_rows
from ranker.datasets.table.spool import Spool
from ranker.datasets.table.types import is_whole
from ranker.schema import Feature, Schema, Task
from ranker.spec.load import dump
from ranker.spec.table import TableSpec
from ranker.spec.table_past import PastCount, PastLast, PastRate, PastRecency

_MICRO = 1_000_000


def load(inputs: Inputs) -> Examples:
    """Returns the rows that the spec names.

    Raises:
      DatasetError: naming file, column and value, if a file is missing, empty, damaged or of
        other types than the first, or has too many rejected rows.
    """
    options = inputs.options
    spec = specs.read(options)
    before = earlier.read(options.past_from) if options.past_from else None
    if before is not None:
        before.check_spec(spec, options.past)
    spool, maker, plan = _spooled(spec, inputs, before)
    time = spool.finish()
    if not len(time):
        raise DatasetError(f"{inputs.name}: no row is left of the files; does where hold of any?")
    if before is not None:
        before.check_follows(time[0], inputs.name)
    features = _features(spec, plan)
    borders = _borders(spec, options.vocabulary_from) if before is None else None
    forward = Forward(plan, spool, maker, len(time), before, borders=borders)
    left = inputs.scratch / "left"  # of the past, written at once: it is large

    def blocks(split: Split) -> Iterator[Block]:
        yield from forward.blocks(split, [f.name for f in features])
        forward.write(left, knows=options.past)

    def write(folder: Path) -> None:
        whole_files.write_text(folder / earlier.SPEC, dump(spec))
        shutil.move(left / FOLDER, folder / FOLDER)

    needs_user = options.split in ("user-temporal", "random-user")
    return Examples(
        features=features,
        tasks=_tasks(spec, maker),
        labels={name: _said(spec, name) for name in spec.tasks},
        blocks=blocks,
        user=forward.users() if needs_user else None,
        time=time // _MICRO,
        roles=_roles(spec),
        minimum_counts=_minimum_counts(spec),
        write=write,
    )


def _borders(spec: TableSpec, folder: Path | None) -> Mapping[str, np.ndarray]:
    """Returns the borders of buckets, and medians, of data whose values keep their rows."""
    if folder is None or not any(map(looks_at_rows, spec.features.values())):
        return {}
    return earlier.borders(folder, spec)


def _roles(spec: TableSpec) -> dict[str, str]:
    """Returns the columns that have roles, of those that a schema knows."""
    roles = {
        "user": spec.user or NO_USER,
        "item": spec.item or NO_ITEM,
        "weight": WEIGHT if spec.weight else "",
        "request": REQUEST if spec.request else "",
    }
    known = {field.name for field in dataclasses.fields(Schema)}
    return {role: column for role, column in roles.items() if role in known}


def _spooled(
    spec: TableSpec, inputs: Inputs, before: Earlier | None
) -> tuple[Spool, RowMaker, Plan]:
    """Reads all files into a spool, and returns it with what made its rows."""
    spool, made = Spool(inputs.scratch), _Made()
    for kept, are_keys in ahead(_judged(spec, inputs, before, made)):
        assert made.maker is not None, spec
        spool.add(made.maker.numbered(kept, are_keys))
    assert made.maker is not None, spec
    assert made.plan is not None, spec
    return spool, made.maker, made.plan


@dataclasses.dataclass
class _Made:
    """What the first batch says is to be made of all of them."""

    plan: Plan | None = None
    maker: RowMaker | None = None


def _judged(
    spec: TableSpec, inputs: Inputs, before: Earlier | None, made: _Made
) -> Generator[tuple[pa.Table, set[str]], None, None]:
    """Yields what `RowMaker.numbered` takes of each batch of all files, and fills in `made`."""
    types: dict[str, tuple[Path, bool]] = {}
    wanted = list(dict.fromkeys(column for column, _ in sources(spec)))
    found = files.find(spec.source, inputs.options.source)
    for file in found:
        rejected = inputs.rejected_rows_of(str(file.path))
        for batch in read(file, spec.source, wanted, rejected):
            if made.plan is None or made.maker is None:
                made.plan = plan_of(spec, batch.columns, before.facts.types if before else None)
                made.maker = RowMaker(made.plan)
                if before is not None:
                    state.introduce(before.folder, made.plan, made.maker)
            _check_types(types, made.plan, batch.columns, file.path)
            yield made.maker.judged(Judged(batch, rejected))
        rejected.check(may_be_empty=True)
        file.check_unchanged()
        inputs.read[str(file.path)] = {"bytes": file.size}
    if made.plan is None:
        raise DatasetError(f"{found[0].path}: empty file: it holds no rows; nor do the others")


def _check_types(
    types: dict[str, tuple[Path, bool]], plan: Plan, columns: Mapping[str, pa.Array], path: Path
) -> None:
    """Raises DatasetError for ids that are text in one file and numbers in another."""
    used = {s for maker in plan.makers if maker.features()[0].vocabulary for s in maker.sources}
    for name in {*used, *plan.keys}:
        column = columns[name]
        if column.null_count == len(column):
            continue
        kind = column.type
        while pa.types.is_list(kind):
            kind = kind.value_type
        first, was_whole = types.setdefault(name, (path, is_whole(kind)))
        if was_whole != is_whole(kind):
            words = {True: "numbers", False: "text"}
            raise DatasetError(
                f"{path}: column {name!r:.80} has {words[not was_whole]}, and in {first} "
                f'{words[was_whole]}; write them alike, or set source.types.{name} = "text"'
            )


def _features(spec: TableSpec, plan: Plan) -> tuple[Feature, ...]:
    """Returns what the columns are, in their order; statistics not yet."""
    own = [feature for maker in plan.makers for feature in maker.features()]
    by_name = {feature.name: feature for feature in own}
    if not spec.user:
        own.append(categorical(NO_USER))
    if not spec.item:
        own.append(categorical(NO_ITEM))
    user = spec.features[spec.user].column or spec.user if spec.user else None
    for name, past in spec.past.items():
        past_of = spec.user if past.by == (user,) else ""
        if isinstance(past, PastLast):
            of = by_name[past.of]
            own.append(
                id_list(name, past.length, dtype=of.dtype, vocabulary=of.name, past_of=past_of)
            )
            continue
        is_log = isinstance(past, PastCount | PastRecency)
        low = 0.0 if is_log or isinstance(past, PastRate) else None
        high = 1.0 if isinstance(past, PastRate) else None
        feature = Feature(
            name=name, kind="numeric", dtype="float32", log1p=is_log,
            minimum=low, maximum=high, past_of=past_of,
        )  # fmt: skip
        own.append(feature)
    return tuple(own)


def _minimum_counts(spec: TableSpec) -> dict[str, int]:
    counts = {name: getattr(of, "minimum_count", 1) for name, of in spec.features.items()}
    return {name: count for name, count in counts.items() if count > 1}


def _tasks(spec: TableSpec, maker: RowMaker) -> tuple[Task, ...]:
    return tuple(_task(name, spec, maker) for name in spec.tasks)


def _task(name: str, spec: TableSpec, maker: RowMaker) -> Task:
    wanted = spec.tasks[name]
    if name not in maker.bounds:
        raise DatasetError(f"task {name!r:.60}: no row has a label {label_of(spec, name)!r:.100}")
    bounds = getattr(wanted, "minimum", 0.0), getattr(wanted, "maximum", 1.0)
    low, high = maker.bounds[name]
    if low == high and None in bounds:
        raise DatasetError(f"task {name!r:.60}: every label is {low:g}: there is nothing to learn")
    minimum, maximum = bounds
    return Task(name=name, kind=wanted.kind, minimum=minimum, maximum=maximum, weight=wanted.weight)


def _said(spec: TableSpec, name: str) -> str:
    where = spec.tasks[name].where
    return f"{label_of(spec, name)}{f' where {where}' if where else ''}"
