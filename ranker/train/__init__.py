"""The step, the loop, checkpoints and observers."""

from ranker.train.actions import Every, Progress
from ranker.train.cause import Cause, find_cause
from ranker.train.checkpoint import Checkpoints
from ranker.train.checkpoint_files import CheckpointError
from ranker.train.controls import Controls
from ranker.train.cores import share_cores
from ranker.train.evaluation import Evaluation, check_monitor
from ranker.train.events import interventions, refusal
from ranker.train.identity import Identity
from ranker.train.incidents import Incidents, kept
from ranker.train.monitor import check_measurable, check_trainable
from ranker.train.observers import (
    EventsLog,
    MetricsLog,
    Observer,
    StillHeld,
    TensorBoard,
)
from ranker.train.plan import Plan
from ranker.train.progress import Length, show_progress
from ranker.train.recovery import Recovery, RecoveryState
from ranker.train.recovery_controller import RecoveryController
from ranker.train.reduce import Alone, Reduce
from ranker.train.report import StepReport, joined
from ranker.train.result import RESULT, read_result, take_measured, write_result
from ranker.train.run_directory import (
    RunDirectoryError,
    has_begun,
    hold,
    hold_still,
)
from ranker.train.saving import Evaluating, Saving
from ranker.train.scoring import Scorer
from ranker.train.snapshots import MemoryStore, Store
from ranker.train.step import Step, StepProposal, tries
from ranker.train.stop import Stopped, StopSignals
from ranker.train.trainer import Outcome, Trainer

__all__ = [
    "RESULT",
    "Alone",
    "Cause",
    "CheckpointError",
    "Checkpoints",
    "Controls",
    "Evaluating",
    "Evaluation",
    "EventsLog",
    "Every",
    "Identity",
    "Incidents",
    "Length",
    "MemoryStore",
    "MetricsLog",
    "Observer",
    "Outcome",
    "Plan",
    "Progress",
    "Recovery",
    "RecoveryController",
    "RecoveryState",
    "Reduce",
    "RunDirectoryError",
    "Saving",
    "Scorer",
    "Step",
    "StepProposal",
    "StepReport",
    "StillHeld",
    "StopSignals",
    "Stopped",
    "Store",
    "TensorBoard",
    "Trainer",
    "check_measurable",
    "check_monitor",
    "check_trainable",
    "find_cause",
    "has_begun",
    "hold",
    "hold_still",
    "interventions",
    "joined",
    "kept",
    "read_result",
    "refusal",
    "share_cores",
    "show_progress",
    "take_measured",
    "tries",
    "write_result",
]
