"""What was prepared, in lines for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any


def lines(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yields the lines that tell what a manifest holds: rows, what was left out, the truth."""
    yield from _table(manifest["rows"])
    yield from _accounts(manifest)
    yield from _truth(manifest.get("truth", {"tasks": {}}))


def _table(rows: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Yields the rows and the mean of each label, a column a part of the split."""
    names = list(rows["train"])
    cells = [("", *rows), *((name, *(str(of[name]) for of in rows.values())) for name in names)]
    for name, *row in cells:
        yield f"{name:<22}" + "".join(f"{cell:>14}" for cell in row)


def _accounts(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yields a line for each file with rows that were left out, and for each that is not there."""
    for file, account in manifest["files"].items():
        told_twice = {"repeated": account["repeated"]} if "repeated" in account else {}
        if left_out := [*account["refused"].items(), *told_twice.items()]:
            reasons = "; ".join(f"{of['rows']} {reason}: {of['first']}" for reason, of in left_out)
            yield f"{file}: {account['kept']} of {account['read']} rows kept ({reasons})"
    yield from (f"{file}: not there, so not read" for file in manifest.get("absent", ()))


def _truth(truth: Mapping[str, Any]) -> Iterator[str]:
    """Yields a line for each task of rows that were made up: the best that can be done."""
    for task, figures in truth["tasks"].items():
        said = ", ".join(f"{name} {value}" for name, value in figures.items())
        yield f"{task:<22}{said}"
