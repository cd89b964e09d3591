"""Settings to objects: the only package that knows both."""

from ranker import legacy_keras  # noqa: F401 (before anything touches tf.keras)
from ranker.wiring.beginning import begin
from ranker.wiring.export import export_run
from ranker.wiring.identity import SPLITS, identify, prolongs, settings_sha256
from ranker.wiring.mistakes import find_mistakes
from ranker.wiring.rehearsal import rehearse
from ranker.wiring.run import Run, build_plan, build_run, read_used_schema, select
from ranker.wiring.saved import (
    check_lost_settings,
    check_prolongable,
    finished,
    load_run,
    read_settings,
)
from ranker.wiring.trainer import build_trainer
from ranker.wiring.training import build_stream, open_training

__all__ = [
    "SPLITS",
    "Run",
    "begin",
    "build_plan",
    "build_run",
    "build_stream",
    "build_trainer",
    "check_lost_settings",
    "check_prolongable",
    "export_run",
    "find_mistakes",
    "finished",
    "identify",
    "load_run",
    "open_training",
    "prolongs",
    "read_settings",
    "read_used_schema",
    "rehearse",
    "select",
    "settings_sha256",
]
