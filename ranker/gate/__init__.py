"""Whether a model may be served in place of another: judged on the same rows, with intervals."""

from ranker.gate.judge import Finding, Verdict, judge
from ranker.gate.scored import Export, Scored

__all__ = ["Export", "Finding", "Scored", "Verdict", "judge"]
