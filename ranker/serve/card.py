"""The model card: what the model is, takes, returns and is worth, for whoever finds it."""

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ranker import toml
from ranker.schema import Schema

_LIVE_AND_FROZEN = (
    "In *all*, *warm* and *cold* a row's features know of the user's earlier rows of the split;",
    "in *frozen*, all rows, they are as they were at the user's first. GAUC, the AUC within each",
    "user, is biased in the former where features follow the user's own labels.",
)
_SPECIAL = re.compile(r"[\\`*\[\]|~!]")  # an underscore within a word is none


def model_card(schema: Schema, card: Mapping[str, Any]) -> str:
    """Returns the card in Markdown.

    Args:
      card: "metrics" as RESULT.json holds them (split, task, name) and "settings" as
        nested mappings; either may be missing. Where the data lay, `data.path`, is
        left out: it means nothing elsewhere.
    """
    lines = [f"# Multitask ranker on {_plain(schema.dataset)}", "", "## Inputs", ""]
    lines += _table(
        ["feature", "type", "shape"],
        (
            [_plain(f.name), f.dtype, "[B, L]" if f.is_multivalued else "[B]"]
            for f in schema.features
        ),
    )
    lines += [
        "",
        'Lists are padded with "" or -1. Signature `serving_default` takes these by name,',
    ]
    lines += ["`serving_tf_example` serialised tf.Examples under the name `examples`."]
    lines += ["", "## Outputs", ""]
    lines += _table(["task", "score"], ([_plain(t.name), _meaning(t.kind)] for t in schema.tasks))
    for split, tasks in card.get("metrics", {}).items():
        lines += ["", f"## Metrics: {_plain(split)}"]
        if any("frozen" in metrics for metrics in tasks.values()):
            lines += ["", *_LIVE_AND_FROZEN]
        for task, metrics in tasks.items():
            lines += ["", f"### {_plain(task)}", "", *_metrics(metrics)]
    if "settings" in card:
        settings = dict(card["settings"])
        data = {k: v for k, v in settings.get("data", {}).items() if k != "path"}
        lines += ["", "## Settings", "", "```toml", toml.dumps(settings | {"data": data}) + "```"]
    return "\n".join(lines) + "\n"


def _meaning(kind: str) -> str:
    return "probability of label 1" if kind == "binary" else "prediction in the label's unit"


def _metrics(metrics: Mapping[str, Any]) -> list[str]:
    groups = {"all": metrics} | {k: v for k, v in metrics.items() if isinstance(v, Mapping)}
    names = [k for k, v in metrics.items() if isinstance(v, int | float)]
    rows = (
        [_plain(name), *(_number(group.get(name)) for group in groups.values())] for name in names
    )
    notes = [
        _plain(f"{name}: {group['note']}.") for name, group in groups.items() if "note" in group
    ]
    return [
        *_table(["metric", *map(_plain, groups)], rows),
        *(line for note in notes for line in ("", note)),
    ]


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _table(head: list[str], rows: Iterator[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _plain(text: str) -> str:
    """Returns `text` as Markdown that shows it and does nothing: names come from the data."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return _SPECIAL.sub(r"\\\g<0>", html.escape(shown, quote=False))
