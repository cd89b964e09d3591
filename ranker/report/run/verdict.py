"""The first thing on the page: how it went, in a sentence, and the numbers beside it."""

import math
import statistics
from typing import NamedTuple

from ranker.report import text
from ranker.report.run.interventions import because
from ranker.report.run.pulls import advice
from ranker.report.run.record import Record
from ranker.report.run.series import as_number, mapping, number_in

_KINDS = {"completed": "good", "diverged": "bad", "failed": "bad"}
_WAITS = 0.3  # of the time; more is worth a word


class Verdict(NamedTuple):
    """How a run went.

    Attributes:
      kind: "good", "bad" or "wait".
      title: in a few words.
      said: in a sentence.
      remarks: what deserves a look.
    """

    kind: str
    title: str
    said: str
    remarks: tuple[str, ...]


class Tile(NamedTuple):
    """A number with its name, and what is said below it."""

    name: str
    value: str
    note: str = ""


def verdict(record: Record) -> Verdict:
    """Returns the verdict on a run."""
    titles = {
        "completed": "Completed",
        "diverged": "Diverged",
        "preempted": "Stopped, and saved",
        "failed": "Failed",
        "running": "Not finished yet",
    }
    title = titles.get(record.status, record.status)
    return Verdict(_KINDS.get(record.status, "wait"), title, _said(record), _remarks(record))


def num_attempts(record: Record) -> int:
    """Returns how many attempts a run made, as far as is known."""
    return _count(record.result.get("attempts"), record.logs.attempt)


def tiles(record: Record) -> list[Tile]:
    """Returns what a run took."""
    result = record.result
    attempts = num_attempts(record)
    found = [Tile("Attempts", f"{attempts:,}", _steps(record))]
    refused = sum(event["kind"] == "refused" for event in record.logs.events)
    refused = _count(result.get("refused"), refused)
    share = f"{text.percent(refused / attempts)} of attempts" if attempts and refused else ""
    found.append(Tile("Refused batches", f"{refused:,}", share))
    if (seconds := number_in(result, "seconds")) > 0:
        found.append(Tile("Time", text.duration(seconds), "of the last start, to its end"))
    if (rate := number_in(result, "examples_per_second")) > 0:
        found.append(Tile("Throughput", f"{text.number(rate)}/s", "examples, while training"))
    elif (rate := _pace(record)) > 0:
        found.append(Tile("Throughput", f"{text.number(rate)}/s", "examples, between log lines"))
    if (share := number_in(result, "input_bound_share")) >= 0:
        found.append(Tile("Waiting for input", text.percent(share), "of the training time"))
    if (memory := number_in(result, "peak_memory_mb")) > 0:
        found.append(Tile("Memory", f"{memory / 1000:.2g} GB", "at most, of the process"))
    return found


def _said(record: Record) -> str:
    result = record.result
    if record.status == "completed":
        export = f" Exported as {result['export']}." if "export" in result else " Not exported."
        best = _count(result.get("best_attempt"), 0)
        return f"The best model on validation is of attempt {best:,}.{export}"
    if record.status == "diverged":
        cause = mapping(result.get("cause"))
        first = f" First, at attempt {cause.get('attempt')}: {because(cause)}." if cause else ""
        return f"{_sentence(result.get('reason', 'no reason was written'))}{first} Not exported."
    if record.status == "failed":
        return _sentence(result.get("reason", "no reason was written"))
    if record.status == "preempted":
        return "The same command goes on from the checkpoint."
    last = f"The last line is of attempt {record.logs.attempt:,}"
    at = f", written at {record.logs.time:.19}" if record.logs.time else ""
    return f"{last}{at} (UTC). It trains, or was killed; the same command goes on."


def _remarks(record: Record) -> tuple[str, ...]:
    result, found = record.result, list(record.problems)
    if record.logs.damaged:
        found.append(f"{text.plural(record.logs.damaged, 'line')} of the logs cannot be read.")
    if number_in(result, "input_bound_share") > _WAITS:
        found.append("Much of the time was spent waiting for input: more cores would help it.")
    losses = record.logs.evaluations.get("loss")
    best = as_number(result.get("best_attempt"))
    if losses and len(losses.x) > 2 and record.status == "completed":
        if best == losses.x[-1]:
            found.append("The last evaluation is the best: more epochs may do better.")
        elif best < losses.x[-1] / 2:
            found.append(
                "The best model came in the first half; later attempts did not improve it."
            )
    for task, metrics in record.metrics("validation").items():
        if (entropy := number_in(metrics, "normalized_entropy")) >= 1:
            found.append(
                f"{task} is predicted no better than by its mean: normalized entropy {entropy:.3f}."
            )
    if said := advice(record):
        found.append(said)
    for split, count in mapping(result.get("rejected_rows") or result.get("bad_rows")).items():
        if as_number(count) > 0:
            found.append(f"{text.plural(int(as_number(count)), 'row')} of {split} rejected.")
    return tuple(found)


def _sentence(reason: object) -> str:
    said = " ".join(str(reason).split())
    first = said.partition(" ")[0]
    if first.rstrip(":,").isalpha():  # not a path, nor a setting's name
        said = said[:1].upper() + said[1:]
    return said.rstrip(".") + "."


def _pace(record: Record) -> float:
    """Returns the median of examples a second between log lines; NaN if it is not known."""
    pace = record.logs.steps.get("attempts_per_second")
    batch_size = number_in(mapping(record.settings.get("data")), "batch_size")
    return statistics.median(pace.y) * batch_size if pace else math.nan


def _steps(record: Record) -> str:
    step = as_number(record.result.get("step"))
    if step >= 0:
        return f"{int(step):,} accepted (steps)"
    return "so far" if record.status == "running" else ""


def _count(value: object, default: int) -> int:
    number = as_number(value)
    return int(number) if 0 <= number < 1e15 else default
