"""What a replay found, as a page of text."""

from collections.abc import Sequence

import numpy as np

from ranker.replay.attempt import Replay
from ranker.schema import Feature
from ranker.spec.model import HashEncoding

_NUM_VARIABLES = 10
_WIDTH = 24  # of a value that is shown: five of them, and a name, fit a terminal


def as_text(replay: Replay) -> str:
    """Returns the verdict, the losses, the first bad tensor with its rows, and the norms."""
    parts = [_verdict(replay), _losses(replay), _first_bad(replay), _norms(replay)]
    return "\n\n".join(part for part in parts if part)


def _verdict(replay: Replay) -> str:
    after = replay.after
    where = [
        f"{name} {after[name]}" for name in ("task", "variable", "row") if after[name] is not None
    ]
    said = ", ".join([after["reason"], *where])
    differing = replay.differing
    same = (
        f"other than in the run: {', '.join(differing)}" if differing else "the same as in the run"
    )
    from_where = f"checkpoint {replay.restored:,}" if replay.restored else "the start"
    return f"Attempt {after['attempt']:,}, from {from_where}: {said}; {same}"


def _losses(replay: Replay) -> str:
    now, before = replay.after["losses"], replay.before["losses"]
    rows = [[task, f"{loss:.9g}", f"{before[task]:.9g}"] for task, loss in now.items()]
    return _table([["loss of", "now", "in the run"], *rows])


def _first_bad(replay: Replay) -> str:
    found = replay.diagnosis
    of = f" of {found.column or found.variable}" if found.column or found.variable else ""
    said = [f"First bad: {found.first_bad}{of}"]
    if found.rows:
        said.append("  rows: " + ", ".join(_row(replay, found.variable, row) for row in found.rows))
    if found.examples:
        said.append(_examples(replay))
    return "\n".join(said)


def _examples(replay: Replay) -> str:
    """Returns a table with a line for each column of the batch and a column an example."""
    examples, batch = list(replay.diagnosis.examples), replay.batch
    rows = [["example", *map(str, examples)]]
    for feature in replay.run.schema.features:
        values = batch.features[feature.name][examples]
        rows.append([feature.name, *(_raw(replay, feature, value) for value in values)])
    for task, labels in batch.labels.items():
        shown = zip(labels[examples], batch.weights[task][examples], strict=True)
        rows.append([f"label {task}", *(f"{v:.7g}" if w > 0 else "missing" for v, w in shown)])
    return _table(rows)


def _raw(replay: Replay, feature: Feature, value: np.ndarray) -> str:
    """Returns what stood in the data for an encoded value."""
    if feature.kind == "numeric":
        return f"{value:.7g}"
    rows = [int(row) for row in np.atleast_1d(value) if row >= 0]
    return shortened([_word(replay, feature.vocabulary, row) for row in rows])


def shortened(words: Sequence[str]) -> str:
    """Returns words with "|" between, as many as fit 24 letters, and how many there are if not all.

    A single word that does not fit loses its end.
    """
    whole = "|".join(words)
    if len(whole) <= _WIDTH:
        return whole
    if len(words) == 1:
        return f"{whole[: _WIDTH - 3]}..."
    end = f"... ({len(words)})"
    return f"{whole[: _WIDTH - len(end)]}{end}"


def _row(replay: Replay, variable: str, row: int) -> str:
    vocabulary = variable.rpartition("/")[2]
    if vocabulary not in replay.run.encoder.num_rows:
        return str(row)
    return f"{row} ({_word(replay, vocabulary, row)})"


def _word(replay: Replay, vocabulary: str, row: int) -> str:
    if isinstance(replay.run.config.model.encoding, HashEncoding):
        return f"bucket {row}"
    words = replay.run.vocabularies[vocabulary]
    return words[row] if row < len(words) else "unknown"


def _norms(replay: Replay) -> str:
    norms = replay.diagnosis.norms
    rows = [
        [n.name, *(f"{v:.4g}" for v in (n.values, n.gradient, n.update, n.factor))]
        for n in norms[:_NUM_VARIABLES]
    ]
    left = len(norms) - len(rows)
    head = ["norm of", "values", "gradient", "update", "clip factor"]
    return _table([head, *rows]) + (f"\n{left} more have smaller gradients" if left else "")


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(f"  {line}" for line in lines)
