"""The short report, for a pull request or a mail."""

import re
from collections.abc import Mapping
from typing import Any

import jinja2
import pandas as pd

from ranker.compare.report import factors, tables
from ranker.compare.report.answer import answer
from ranker.compare.report.brief import brief
from ranker.compare.summary import Summary
from ranker.report.table import Field, Table
from ranker.report.text import plural

_SPECIAL = re.compile(r"([\\`*_{}\[\]|#~$!])")


def render(summary: Summary, results: pd.DataFrame, metadata: Mapping[str, Any], date: str) -> str:
    """Returns report.md.

    Args:
      results: a row a run.
      date: of the report, as it is to be read.
    """
    loader = jinja2.PackageLoader("ranker.compare.report")
    environment = jinja2.Environment(
        loader=loader, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined, finalize=_escape_unless_done,
    )  # fmt: skip
    environment.filters |= {"table": lambda table: _Done(pipes(table)), "plural": plural}
    return environment.get_template("report.md.j2").render(
        summary=summary,
        answer=answer(summary),
        brief=brief(summary),
        date=date,
        faults=tables.faults(summary),
        divergence=tables.divergence(summary),
        methods=tables.methods(summary),
        factors=factors.by_layer(summary, results),
        num_seeds=len(metadata.get("seeds", ())),
    )


def escape(text: str) -> str:
    """Returns `text` on one line, with nothing in it that Markdown or HTML would read as markup."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", flat)


def pipes(table: Table) -> str:
    """Returns a table a group, each under its title, with pipes."""
    return "\n\n".join(
        "\n".join(
            [
                *([f"**{escape(group.title)}**", ""] if group.title else []),
                _line(map(escape, table.heads)),
                _line(["---"] + ["---:"] * (len(table.heads) - 1)),
                *(_line(map(_field, row)) for row in group.rows),
            ]
        )
        for group in table.groups
    )


class _Done(str):
    """Markdown that is not to be escaped again."""


def _escape_unless_done(value: Any) -> Any:
    return value if isinstance(value, _Done | int) else escape(str(value))


def _field(field: Field) -> str:
    note = ", ".join(field.note.splitlines())
    return escape(f"{field.text} ({note})" if note else field.text)


def _line(fields: Any) -> str:
    return f"| {' | '.join(fields)} |"
