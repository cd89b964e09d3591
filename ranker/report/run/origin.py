"""What a run was made of: settings that were chosen, data, versions."""

from collections.abc import Mapping
from typing import Any

from ranker.report.run.record import Record
from ranker.report.run.series import mapping
from ranker.report.table import Table, flat, name, nested, table, words
from ranker.spec import load
from ranker.spec.run import RunConfig


def chosen(record: Record) -> Table:
    """Returns the settings that are not the defaults, beside those."""
    defaults, settings = flat(load.plain(RunConfig())), flat(record.settings)
    rows = [
        (name(what), words(value or "none"), words(defaults.get(what) or "none"))
        for what, value in settings.items()
        if defaults.get(what) != value and (value or defaults.get(what))
    ]
    return table(("setting", "value", "default"), rows)


def data(record: Record, last: Record | None) -> Table:
    """Returns the digests of the data, and whether the last run's were the same."""
    digests, before = _digests(record), _digests(last) if last else {}
    rows = [
        (
            name(file),
            words(f"{digest:.16}"),
            *([words("the same" if before.get(file) == digest else "other")] if last else []),
        )
        for file, digest in digests.items()
    ]
    heads = ("file", "SHA-256, its start", *([f"as in {last.name}"] if last else []))
    return table(heads, rows)


def versions(record: Record) -> Table:
    """Returns the versions, the machine and the command."""
    return nested(record.environment)


def has_other_data(record: Record, last: Record | None) -> bool:
    """Whether both say their data, and these differ."""
    if last is None:
        return False
    both: list[Mapping[str, Any]] = [_digests(record), _digests(last)]
    return all(both) and both[0] != both[1]


def _digests(record: Record) -> dict[str, str]:
    return {file: str(digest) for file, digest in mapping(record.result.get("data")).items()}
