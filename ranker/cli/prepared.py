"""What was prepared, in lines for a terminal."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ranker.cli import programs


def show(manifest: Mapping[str, Any], folder: Path) -> None:
    """Prints what was prepared into `folder`, and warns on standard error of what is not whole."""
    print(*lines(manifest), f"{folder}: {manifest['split']}", sep="\n", flush=True)
    for line in warnings(manifest):
        print(line, file=sys.stderr)
    if manifest["source"].get("from") == "spec":
        train = " ".join(programs.words("train"))
        print(f"next: {train} --config=table --set=data.path={folder} --workdir=runs/{folder.name}")


def lines(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yields the lines that say what a manifest holds: rows, what was left out, the truth."""
    yield from _table(manifest["rows"])
    yield from _accounts(manifest)
    yield from _vocabularies(manifest)
    yield from _truth(manifest.get("truth", {"tasks": {}}))


def warnings(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yields a line for what a person should see before training on it."""
    if found := manifest.get("not_whole"):
        read, published = found["read"], found["published"]
        what = "a part, or broken off" if read < published else "of another edition, or repeated"
        yield (
            f"WARNING: {manifest['dataset']}: {read:,} rows were read, and {published:,} were "
            f"published: the files are {what}; figures of the whole do not hold for them"
        )


def _table(rows: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Yields the rows and the mean of each label, a column a part of the split."""
    names = list(rows["train"])
    cells = [("", *rows), *((name, *(str(of[name]) for of in rows.values())) for name in names)]
    for name, *row in cells:
        yield f"{name:<22}" + "".join(f"{cell:>14}" for cell in row)


def _accounts(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yields a line for each file with rows that were left out, and for each that is not there."""
    for file, account in manifest["files"].items():
        repeated = {"repeated": account["repeated"]} if "repeated" in account else {}
        if left_out := [*account["rejected"].items(), *repeated.items()]:
            reasons = "; ".join(f"{of['rows']} {reason}: {of['first']}" for reason, of in left_out)
            yield f"{file}: {account['kept']} of {account['read']} rows kept ({reasons})"
    yield from (f"{file}: not there, so not read" for file in manifest.get("missing_files", ()))


def _vocabularies(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Yields a line for each vocabulary that went on from an earlier one, or leaves values out."""
    for name, counts in manifest.get("vocabularies", {}).items():
        said = ", ".join(f"{number:,} {what}" for what, number in counts.items())
        yield f"vocabulary {name}: {said}"


def _truth(truth: Mapping[str, Any]) -> Iterator[str]:
    """Yields a line for each task of rows that are synthetic: the best that can be done."""
    for task, figures in truth["tasks"].items():
        said = ", ".join(f"{name} {value}" for name, value in figures.items())
        yield f"{task:<22}{said}"
