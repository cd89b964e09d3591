"""The page of a run: whether it went well, and everything that one asks next."""

from ranker.report.run.record import SCORES
from ranker.report.run.write import REPORT, write_report

__all__ = ["REPORT", "SCORES", "write_report"]
