"""The whole report as one HTML file that needs nothing beside it.

Every name is escaped by Jinja2, figures travel as JSON that no name can break out of,
and a content security policy lets only this file's own two scripts run and nothing load.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import jinja2
import pandas as pd
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from ranker.compare.report import factors, profiles, rates, tables, text, training
from ranker.compare.report.answer import answer
from ranker.compare.report.palette import styles
from ranker.compare.report.panel import Panel
from ranker.compare.summary import Summary

_LOADER = "ranker.compare.report"


class Selector(NamedTuple):
    """A choice above a section's panels.

    Attributes:
      key: of the panels' `keys`.
      options: its values; the first is shown at first.
    """

    key: str
    options: tuple[str, ...]


class Figures(NamedTuple):
    """A section's panels with their selectors."""

    panels: tuple[Panel, ...]
    selectors: tuple[Selector, ...]


def render(summary: Summary, results: pd.DataFrame, facts: Mapping[str, Any], date: str) -> str:
    """Returns report.html.

    Args:
      results: a row a run, as results.parquet has them.
      facts: what comparison.json has.
      date: of the report, as it is to be read.
    """
    scripts = {"plotly": _plotly(), "script": _source("figures.js")}
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(_LOADER), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters |= {"embed": embed, "number": text.number, "plural": text.plural}
    environment.filters["label"] = text.label
    return environment.get_template("report.html.j2").render(
        summary=summary,
        facts=facts,
        date=date,
        answer=answer(summary),
        styles=styles(summary),
        count=_count(summary, results),
        figures=_figures(summary, results),
        tables=_tables(summary, results, facts),
        targets=[(text.label(w), text.measure(value)) for w, value in summary.targets.items()],
        scale=[(number, colour) for number, colour in reversed(factors.SCALE)],
        style=Markup(_source("style.css")),
        policy=policy(scripts.values()),
        **{name: Markup(source) for name, source in scripts.items()},
    )


def embed(document: Any) -> Markup:
    """Returns `document` as JSON that is safe inside a script element."""
    said = json.dumps(document, allow_nan=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        said = said.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(said)


def policy(scripts: Any) -> str:
    """Returns a content security policy under which `scripts` run, and nothing is fetched."""
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
    )


def _figures(summary: Summary, results: pd.DataFrame) -> dict[str, Figures]:
    drawn = styles(summary)
    return {
        "rates": _section(rates.panels(summary, drawn), ("measure",)),
        "profiles": _section(profiles.panels(summary, drawn), ()),
        "training": _section(training.panels(summary, results, drawn), ("workload",)),
        "factors": _section(factors.panels(summary, results), ("workload", "safeguard")),
    }


def _section(panels: Sequence[Panel], keys: Sequence[str]) -> Figures:
    """Returns panels with a selector a key; one that has something to draw is chosen first."""
    drawn = [panel for panel in panels if panel.figure is not None] or panels
    ordered = [*drawn, *panels]
    selectors = [Selector(key, tuple(dict.fromkeys(p.keys[key] for p in ordered))) for key in keys]
    return Figures(tuple(panels), tuple(each for each in selectors if len(each.options) > 1))


def _tables(
    summary: Summary, results: pd.DataFrame, facts: Mapping[str, Any]
) -> dict[str, tables.Table]:
    return {
        "survival": tables.survival(summary),
        "faults": tables.faults(summary),
        "divergence": tables.divergence(summary),
        "methods": tables.methods(summary),
        "tests": tables.tests(summary),
        "scores": tables.scores(summary),
        "factors": factors.by_layer(summary, results),
        "failures": tables.failures(results),
        "environment": tables.settings(facts.get("environment", {})),
    }


def _count(summary: Summary, results: pd.DataFrame) -> dict[str, Any]:
    """Returns what the heading counts."""
    return {
        "workloads": len({cell.workload for cell in summary.cells}),
        "rates": len({cell.rate for cell in summary.cells}),
        "seeds": results.loc[results["stage"] == "final", "seed"].nunique(),
        "runs": len(results),
        "missing": max(0, summary.planned - len(results)),
        "time": text.duration(float(results["seconds"].sum())),
    }


@cache
def _plotly() -> str:
    # "</script" would end the element it stands in; inside JavaScript "<\/" says the same.
    return get_plotlyjs().replace("</script", "<\\/script")


def _source(name: str) -> str:
    source, _, _ = jinja2.PackageLoader(_LOADER).get_source(jinja2.Environment(), name)
    return source
