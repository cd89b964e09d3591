"""Writes a comparison's report: report.html to read, report.md to quote."""

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ranker.compare.report import markdown, page
from ranker.compare.summary import Summary
from ranker.files import write_text


def write_report(
    summary: Summary, results: pd.DataFrame, metadata: Mapping[str, Any], folder: Path
) -> None:
    """Writes report.html and report.md into `folder`, each beside its name and renamed.

    Args:
      results: a row a run, as results.parquet has them.
      metadata: what comparison.json has.
      folder: exists already.

    Raises:
      OSError: if they cannot be written.
    """
    date = datetime.datetime.now().astimezone().strftime("%-d %B %Y")
    write_text(folder / "report.html", page.render(summary, results, metadata, date))
    write_text(folder / "report.md", markdown.render(summary, results, metadata, date))
