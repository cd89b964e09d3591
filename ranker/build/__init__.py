"""Settings to objects: the only package that knows both."""

from ranker.build.export import export_run
from ranker.build.graph_inputs import GraphInputs
from ranker.build.identity import SPLITS, identify, settings_sha256
from ranker.build.labels import check_labels
from ranker.build.mistakes import find_mistakes
from ranker.build.model import build_encoder, build_model
from ranker.build.optimizer import build_optimizer
from ranker.build.rehearsal import rehearse
from ranker.build.run import (
    Run,
    build_guard,
    build_plan,
    build_recovery,
    build_run,
    read_used_schema,
    select,
)
from ranker.build.saved import check_lost_settings, finished, load_run, read_settings
from ranker.build.trainer import build_trainer
from ranker.build.training import build_stream, open_training

__all__ = [
    "SPLITS",
    "GraphInputs",
    "Run",
    "build_encoder",
    "build_guard",
    "build_model",
    "build_optimizer",
    "build_plan",
    "build_recovery",
    "build_run",
    "build_stream",
    "build_trainer",
    "check_labels",
    "check_lost_settings",
    "export_run",
    "find_mistakes",
    "finished",
    "identify",
    "load_run",
    "open_training",
    "read_settings",
    "read_used_schema",
    "rehearse",
    "select",
    "settings_sha256",
]
