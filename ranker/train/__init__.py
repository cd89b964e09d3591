"""The step, the loop, checkpoints and observers."""

from ranker.train.actions import Every, Progress
from ranker.train.calls import run_attempts
from ranker.train.checkpoint import Checkpoints
from ranker.train.checkpoint_files import CheckpointError
from ranker.train.cores import share_cores
from ranker.train.evaluation import Evaluation, check_monitor
from ranker.train.events import interventions
from ranker.train.growth import Growth
from ranker.train.identity import Identity
from ranker.train.incidents import Incidents, kept
from ranker.train.monitor import check_measurable
from ranker.train.observers import Observer, TensorBoard
from ranker.train.plan import Plan
from ranker.train.progress import Length, show_progress
from ranker.train.recovery import Recovery, RecoveryState
from ranker.train.recovery_controller import RecoveryController
from ranker.train.reduce import Reduce, Share
from ranker.train.report import StepReport
from ranker.train.result import RESULT, read_result, take_measured, write_result
from ranker.train.run_directory import (
    RunDirectoryError,
    has_begun,
    hold,
    hold_still,
)
from ranker.train.snapshots import MemoryStore
from ranker.train.step import Step
from ranker.train.stop import Stopped, StopSignals
from ranker.train.trainer import Outcome, Trainer

__all__ = [
    "RESULT",
    "CheckpointError",
    "Checkpoints",
    "Evaluation",
    "Every",
    "Growth",
    "Identity",
    "Incidents",
    "Length",
    "MemoryStore",
    "Observer",
    "Outcome",
    "Plan",
    "Progress",
    "Recovery",
    "RecoveryController",
    "RecoveryState",
    "Reduce",
    "RunDirectoryError",
    "Share",
    "Step",
    "StepReport",
    "StopSignals",
    "Stopped",
    "TensorBoard",
    "Trainer",
    "check_measurable",
    "check_monitor",
    "has_begun",
    "hold",
    "hold_still",
    "interventions",
    "kept",
    "read_result",
    "run_attempts",
    "share_cores",
    "show_progress",
    "take_measured",
    "write_result",
]
