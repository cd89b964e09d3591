"""Settings to what carries out recovery."""

from collections.abc import Mapping
from typing import Any

from ranker.spec.run import RunConfig
from ranker.train.recovery import RecoveryState
from ranker.train.recovery_controller import RecoveryController
from ranker.train.snapshots import Store
from ranker.train.step import Step


def build_recovery(
    config: RunConfig, step: Step, store: Store, state: Mapping[str, Any]
) -> RecoveryController | None:
    """Returns what carries out recovery of `config`; None if it has none.

    Args:
      store: of the checkpoints.
      state: as a checkpoint's state has it; empty at the start.
    """
    recovery = config.guard.recovery
    return (
        None
        if recovery is None
        else RecoveryController(recovery, step, store, RecoveryState(**state))
    )
