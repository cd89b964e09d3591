"""A refused attempt of a run, tried again: what went bad, looked at closely."""

from ranker.replay.again import Replay, replay
from ranker.replay.look import Look, Norms, look
from ranker.replay.text import as_text

__all__ = ["Look", "Norms", "Replay", "as_text", "look", "replay"]
