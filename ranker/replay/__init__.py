"""A refused attempt of a run, tried again: what went bad, looked at closely."""

from ranker.replay.attempt import Replay, replay
from ranker.replay.diagnosis import Diagnosis, Norms, diagnose
from ranker.replay.text import as_text

__all__ = ["Diagnosis", "Norms", "Replay", "as_text", "diagnose", "replay"]
