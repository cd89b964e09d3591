"""What a run did, or would do, in lines for a terminal."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ranker.cli import metrics_text

_CAUSE = ("task", "variable", "row", "column")


def summary(result: Mapping[str, Any], workdir: Path) -> Iterator[str]:
    """Yields the lines that say what RESULT.json holds."""
    steps = f" after {result['step']:,} steps" if "step" in result else ", nothing new to save"
    if result.get("refused"):
        steps += f", {result['refused']:,} of {result['attempts']:,} attempts refused"
    yield f"{result['status']}{steps}: {workdir / 'RESULT.json'}"
    if start := result.get("start"):
        yield f"  begun from {start['from']}, its attempt {start['attempt']:,}"
    if result["status"] == "preempted":
        yield "  stopped and saved: the same command goes on from here"
    by_split = result.get("metrics", {})
    width = max([8, *(len(task) for tasks in by_split.values() for task in tasks)])
    for split, tasks in by_split.items():
        for task, metrics in tasks.items():
            values = metrics_text.lines(metrics)
            yield from (f"  {split:<10} {task:<{width}} {line}" for line in values)
    if "export" in result:
        yield f"  SavedModel: {result['export']}"
    if result["status"] == "completed" and not any(map(Path.exists, _best(workdir))):
        yield f"  {workdir / 'checkpoints'}: the best checkpoint is gone, so nothing can be"
        yield "  evaluated, exported or replayed; delete RESULT.json to have it trained again"
    if result["status"] == "diverged":
        yield f"  {result.get('reason')}; not exported: {workdir / 'events.jsonl'}"
        if cause := result.get("cause"):
            yield f"  first, at attempt {cause['attempt']}: {_because(cause)}"


def code(result: Mapping[str, Any], signal: int | None) -> int:
    """Returns the exit code that says how a run ended; `signal` is what stopped it, if one did."""
    return {"completed": 0, "diverged": 3, "preempted": 128 + (signal or 15)}[result["status"]]


def rehearsal(found: Mapping[str, Any]) -> Iterator[str]:
    """Yields the lines that say what a dry run found."""
    for split, rows in found["rows"].items():
        yield f"  {split:<10} {rows['read']:>11,} rows, {rows['rejected']:,} of them left out"
    yield f"  {found['parameters']:,} parameters, {found['attempts']:,} attempts to make"
    rows = found["rows"]["train"]["read"] - found["rows"]["train"]["rejected"]
    if found["batch_size"] > rows:
        yield f"  a batch of {found['batch_size']:,} examples repeats the {rows:,} rows of train"
    losses = ", ".join(f"{task} {loss:.4f}" for task, loss in found["losses"].items())
    yield f"  one batch tried, losses: {losses}"
    if found["refused"]:
        yield f"  refused: {_because(found['refused'])}"
        yield "dry run: a run would go on after a refusal, but look at this one first"
    else:
        yield "dry run: it would run; nothing was written"


def _best(workdir: Path) -> list[Path]:
    """Returns where the best checkpoint is; the latter after a kill inside its renaming."""
    return [workdir / "checkpoints" / name for name in ("best", ".best.replaced")]


def _because(event: Mapping[str, Any]) -> str:
    """Returns why an attempt was refused, from its event."""
    said = [event["reason"], *(f"{n} {event[n]}" for n in _CAUSE if event.get(n) is not None)]
    if "first_bad" in event:
        said.append(f"first bad: {event['first_bad']}. {event['try']}")
    return ", ".join(said)
