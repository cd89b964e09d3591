"""What a prepared day is like, in few numbers, and whether it is like the days before."""

import difflib
import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ranker.schema import Schema, read_schema
from ranker.spec import load
from ranker.spec.nightly import IntakeSettings
from ranker.spec.table import TableSpec

_OF_ALL = ("rows", "repeated", "time")  # what may differ of a whole day
_SPLITS = ("train", "validation", "test")


def facts(folder: Path) -> dict[str, Any]:
    """Returns what all rows of a prepared folder are like.

    `rows`; `until`, the moment of the last, Unix seconds; by task its mean label and the share of
    rows that have one; by numeric feature its mean and standard deviation; by single-valued
    feature the share of its most frequent value; `repeated`, the share of rows of the user, item
    and moment of a row before. Features of the past are left out: a count grows from night to
    night on healthy days.
    """
    schema = read_schema(folder / "schema.toml")
    paths = [folder / f"{name}.parquet" for name in _SPLITS]
    rows = sum(pq.read_metadata(path).num_rows for path in paths)

    def column(name: str) -> pa.ChunkedArray:
        parts = [pq.read_table(path, columns=[name]).column(0) for path in paths]
        return pa.chunked_array([chunk for part in parts for chunk in part.chunks], parts[0].type)

    found: dict[str, Any] = {"rows": rows, "tasks": {}, "numbers": {}, "top_shares": {}}
    if not rows:
        return found
    for task in schema.tasks:
        labels = column(task.name)
        labelled = len(labels) - labels.null_count
        found["tasks"][task.name] = {
            "mean": pc.mean(labels).as_py() if labelled else None,
            "labelled": labelled / rows,
        }
    found["until"] = pc.max(column(schema.time)).as_py()
    grows = _of_the_past(folder, schema)
    for name in sorted(_numeric(schema) - grows):
        values = column(name)
        found["numbers"][name] = {
            "mean": pc.mean(values).as_py(),
            "deviation": pc.stddev(values).as_py(),
        }
    for feature in schema.features:
        is_single = feature.kind == "categorical" and not feature.is_multivalued
        if is_single and feature.name not in grows:
            counts = pc.value_counts(column(feature.name)).field("counts")
            found["top_shares"][feature.name] = pc.max(counts).as_py() / rows
    found["repeated"] = _repeated(paths, schema)
    return found


def check_allowed(day: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Raises ValueError, with the nearest, for a name that nothing of a day can differ in."""
    known = {*_OF_ALL, *day["tasks"], *day["numbers"], *day["top_shares"]}
    for name in allowed:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(sorted(known))}"
            raise ValueError(f"--allow={name}: nothing of a day is called so; {hint}")


def changes(
    settings: IntakeSettings,
    day: Mapping[str, Any],
    before: Sequence[Mapping[str, Any]],
    *,
    allowed: Collection[str] = (),
) -> list[str]:
    """Returns a sentence for each way in which a day is unlike the days before; [] for none.

    Args:
      day: as `facts` returns it.
      before: of the last nights, in any order.
      allowed: what may change this time: "rows", "repeated", "time", or the name of a task or
        feature.
    """
    if not day["rows"]:
        return ["the day has no rows"]
    if not before or not settings.nights:
        return []
    found = [*_rows(settings, day, before), *_tasks(settings, day, before)]
    found += [*_numbers(settings, day, before), *_tops(settings, day, before)]
    found += [*_repeats(settings, day, before), *_times(day, before)]
    return [sentence for name, sentence in found if name not in allowed]


Change = tuple[str, str]  # what changed, and the sentence


def _rows(settings: IntakeSettings, day: Mapping, before: Sequence[Mapping]) -> Iterator[Change]:
    usual, rows = statistics.median(each["rows"] for each in before), day["rows"]
    low, high = settings.smallest_rows * usual, settings.largest_rows * usual
    if not low <= rows <= high:
        allowed = f"{low:,.0f} to {high:,.0f} are allowed"
        yield "rows", f"{rows:,} rows; usual are {usual:,.0f}, and {allowed}"


def _tasks(settings: IntakeSettings, day: Mapping, before: Sequence[Mapping]) -> Iterator[Change]:
    factor = settings.largest_rate_change
    for task, now in day["tasks"].items():
        for what, named in (("mean", "mean label"), ("labelled", "share of labelled rows")):
            known = [e["tasks"][task][what] for e in before if task in e["tasks"]]
            known = [value for value in known if value is not None]
            if not known:
                continue
            usual, value = statistics.median(known), now[what]
            if value is None:
                yield task, f"task {task!r}: no row has a label; the usual mean is {usual:.4g}"
            elif usual > 0 and not usual / factor <= value <= usual * factor:
                yield (
                    task,
                    f"task {task!r}: {named} {value:.4g}; usual is {usual:.4g}, and "
                    f"{usual / factor:.4g} to {usual * factor:.4g} are allowed",
                )


def _numbers(settings: IntakeSettings, day: Mapping, before: Sequence[Mapping]) -> Iterator[Change]:
    for name, now in day["numbers"].items():
        known = [each["numbers"][name] for each in before if name in each["numbers"]]
        if not known or now["mean"] is None:
            continue
        usual = statistics.median(each["mean"] for each in known)
        deviation = statistics.median(each["deviation"] for each in known)
        limit = settings.largest_shift * deviation
        if abs(now["mean"] - usual) > limit:
            yield (
                name,
                f"feature {name!r}: mean {now['mean']:.4g}; usual is {usual:.4g}, and "
                f"{usual - limit:.4g} to {usual + limit:.4g} are allowed",
            )


def _tops(settings: IntakeSettings, day: Mapping, before: Sequence[Mapping]) -> Iterator[Change]:
    for name, share in day["top_shares"].items():
        known = [each["top_shares"][name] for each in before if name in each["top_shares"]]
        if known and share > statistics.median(known) + settings.largest_top_share:
            usual = statistics.median(known)
            yield (
                name,
                f"feature {name!r}: {share:.1%} of the rows have one value; usual are {usual:.1%}",
            )


def _repeats(settings: IntakeSettings, day: Mapping, before: Sequence[Mapping]) -> Iterator[Change]:
    known = [each["repeated"] for each in before if "repeated" in each]
    if known and day["repeated"] > statistics.median(known) + settings.largest_repeated:
        said = f"{day['repeated']:.1%} of the rows are of the user, item and moment of another"
        yield "repeated", f"{said}; usual are {statistics.median(known):.1%}"


def _times(day: Mapping, before: Sequence[Mapping]) -> Iterator[Change]:
    known = [each["until"] for each in before if "until" in each]
    until = day.get("until", 0)  # 0 for rows without a time
    if known and 0 < until <= max(known):
        here, there = (np.datetime64(moment, "s") for moment in (until, max(known)))
        yield (
            "time",
            f"no row is later than {here}, and the last nights had rows until {there}, UTC: is it "
            "a day that was there before?",
        )


def _repeated(paths: Sequence[Path], schema: Schema) -> float:
    """Returns the share of rows that a row before has the user, item and moment of; 0 without."""
    there = set(pq.read_schema(paths[0]).names)
    names = [name for name in (schema.user, schema.item, schema.time) if name in there]
    if schema.time not in names:
        return 0.0
    table = pa.concat_tables([pq.read_table(path, columns=names) for path in paths])
    return 1 - table.group_by(names).aggregate([]).num_rows / len(table)


def _numeric(schema: Schema) -> set[str]:
    return {feature.name for feature in schema.features if feature.kind == "numeric"}


def _of_the_past(folder: Path, schema: Schema) -> set[str]:
    """Returns the features of what was before a row: of a user, or as a table's spec says."""
    names = {feature.name for feature in schema.features if feature.past_of}
    spec = folder / "spec.toml"
    return names | (load.load(spec, [], TableSpec).past.keys() if spec.exists() else set())
