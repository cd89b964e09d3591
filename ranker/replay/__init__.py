"""A refused attempt of a run, tried again: what went bad, looked at closely."""

from ranker.replay.attempt import replay
from ranker.replay.text import as_text

__all__ = ["as_text", "replay"]
