"""The whole report as one HTML file that needs nothing beside it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ranker.compare.report import factors, profiles, rates, tables, text, training
from ranker.compare.report.answer import answer
from ranker.compare.report.brief import brief, is_decided
from ranker.compare.report.chosen import drawn, representatives
from ranker.compare.report.palette import styles
from ranker.compare.summary import Summary
from ranker.report import page
from ranker.report.figures import heat_key
from ranker.report.panel import Figures, section
from ranker.report.run.interventions import symbols
from ranker.report.table import Table
from ranker.report.table import nested as nested_table
from ranker.report.text import duration, measure


def render(summary: Summary, results: pd.DataFrame, metadata: Mapping[str, Any], date: str) -> str:
    """Returns report.html.

    Args:
      results: a row a run, as results.parquet has them.
      metadata: what comparison.json has.
      date: of the report, as it is to be read.
    """
    marks, spans = _happened(summary, results)
    return page.render(
        "comparison.html.j2",
        package="ranker.compare.report",
        script="choose.js",
        summary=summary,
        metadata=metadata,
        date=date,
        brief=brief(summary),
        is_decided=is_decided(summary),
        answer=answer(summary),
        looks=[(look, name) for name, look in styles(summary).items()],
        count=_count(summary, results),
        figures=_figures(summary, results),
        tables=_tables(summary, results, metadata),
        targets=[(text.label(w), measure(value)) for w, value in summary.targets.items()],
        labels={m.workload: text.label(m.workload) for m in summary.methods},
        symbols=symbols(marks),
        has_spans=bool(spans),
        heat_key=heat_key(),
    )


def _happened(summary: Summary, results: pd.DataFrame) -> tuple[list, list]:
    runs = [r for w in drawn(summary) for r in representatives(summary, results, w).values()]
    return training.happened(runs)


def _figures(summary: Summary, results: pd.DataFrame) -> dict[str, Figures]:
    looks = styles(summary)
    return {
        "rates": section(rates.panels(summary, looks), ("measure",)),
        "profiles": section(profiles.panels(summary, looks)),
        "training": section(training.panels(summary, results, looks), ("workload",)),
        "factors": section(factors.panels(summary, results), ("workload", "safeguard")),
    }


def _tables(
    summary: Summary, results: pd.DataFrame, metadata: Mapping[str, Any]
) -> dict[str, Table]:
    return {
        "survival": tables.survival(summary),
        "faults": tables.faults(summary),
        "divergence": tables.divergence(summary),
        "methods": tables.methods(summary),
        "tests": tables.tests(summary),
        "scores": tables.scores(summary),
        "factors": factors.by_layer(summary, results),
        "failures": tables.failures(results),
        "environment": nested_table(metadata.get("environment", {})),
    }


def _count(summary: Summary, results: pd.DataFrame) -> dict[str, Any]:
    """Returns what the heading counts."""
    return {
        "workloads": len({cell.workload for cell in summary.cells}),
        "drawn": len(drawn(summary)),
        "rates": len({cell.rate for cell in summary.cells}),
        "seeds": results.loc[results["stage"] == "final", "seed"].nunique(),
        "runs": len(results),
        "missing": max(0, summary.planned - len(results)),
        "time": duration(float(results["seconds"].sum())),
    }
