"""The model card: what the model is, takes, returns and is worth, for whoever finds it."""

import html
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ranker import toml
from ranker.schema import Feature, Schema

_LIVE_AND_FROZEN = (
    "In *all*, *warm* and *cold* a row's features know of the user's earlier rows of the split;",
    "in *frozen*, all rows, they are as they were at the user's first. GAUC, the AUC within each",
    "user, is biased in the former where features follow the user's own labels.",
)
_SPECIAL = re.compile(r"[\\`*\[\]|~!]")  # an underscore within a word is none


def model_card(schema: Schema, card: Mapping[str, Any]) -> str:
    """Returns the card in Markdown.

    Args:
      card: any of these, of which what is missing is left out: "origin", a mapping with
        "date", "version", "commit", "attempt", "step", "unfinished" (how far the run was, if it
        was not over), "config_sha256", "data" (SHA-256 by file), and "start" of a run that began
        from another's checkpoint, with that one's "from", "attempt", "step" and "config_sha256";
        "rows" (number by split); "parameters" (a number); "metrics" as RESULT.json holds
        them (split, task, name); "settings", nested mappings. Where the data lay,
        `data.path`, is left out: it means nothing elsewhere.
    """
    lines = [f"# Multitask ranker on {_plain(schema.dataset)}"]
    lines += [*_origin(card), *_inputs(schema), *_outputs(schema), *_data(card)]
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


def _origin(card: Mapping[str, Any]) -> list[str]:
    """Returns of which run the model is, when it was exported, and how large it is."""
    origin = card.get("origin", {})
    start = origin.get("start", {})
    known = {
        "exported": origin.get("date"),
        "version of the trainer": origin.get("version"),
        "commit of the trainer": origin.get("commit"),
        "run": origin.get("unfinished"),
        "attempt": origin.get("attempt"),
        "step": origin.get("step"),
        "SHA-256 of the settings": origin.get("config_sha256"),
        "begun from": start.get("from"),
        "its attempt": start.get("attempt"),
        "its step": start.get("step"),
        "SHA-256 of its settings": start.get("config_sha256"),
        "trained parameters": card.get("parameters"),
    }
    rows = ([what, _shown(value)] for what, value in known.items() if value is not None)
    return _section("Origin", ["what", "value"], rows)


def _inputs(schema: Schema) -> list[str]:
    rows = (
        [_plain(f.name), f.argument or _plain(f.name), f.dtype, _shape(f)] for f in schema.features
    )
    lines = _section("Inputs", ["feature", "argument", "type", "shape"], rows)
    lines += [
        "",
        'Lists are padded with "" or -1. Signature `serving_default` takes these by argument,',
    ]
    return [*lines, "`serving_tf_example` serialised tf.Examples, in which they go by feature."]


def _shape(feature: Feature) -> str:
    return "[B, L]" if feature.is_multivalued else "[B]"


def _outputs(schema: Schema) -> list[str]:
    rows = (
        [_plain(t.name), _meaning(t.kind), f"{t.mean:.6g}", f"{t.standard_deviation:.6g}"]
        for t in schema.tasks
    )
    head = ["task", "score", "mean label in training", "its deviation"]
    return _section("Outputs", head, rows)


def _data(card: Mapping[str, Any]) -> list[str]:
    """Returns how many rows each split has, and what its files and the others are."""
    rows = ([_plain(split), _shown(number)] for split, number in card.get("rows", {}).items())
    digests = card.get("origin", {}).get("data") or {}
    files = ([_plain(name), _plain(digest)] for name, digest in digests.items())
    return [
        *_section("Rows", ["split", "rows"], rows),
        *_section("Files of the data", ["file", "SHA-256"], files),
    ]


def _section(title: str, head: list[str], rows: Iterable[list[str]]) -> list[str]:
    """Returns a table under a title; nothing if it has no rows."""
    rows = list(rows)
    return ["", f"## {title}", "", *_table(head, rows)] if rows else []


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else _plain(str(value))


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


def _table(head: list[str], rows: Iterable[list[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _plain(text: str) -> str:
    """Returns `text` as Markdown that shows it and does nothing: names come from the data."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return _SPECIAL.sub(r"\\\g<0>", html.escape(shown, quote=False))
