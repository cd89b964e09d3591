"""The report of a comparison: its answer in words, then every figure and table behind it."""

from ranker.compare.report.answer import Answer, answer
from ranker.compare.report.brief import brief
from ranker.compare.report.write import write_report

__all__ = ["Answer", "answer", "brief", "write_report"]
