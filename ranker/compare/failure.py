"""What a run that ended in an error leaves behind."""

from typing import Any

FAILED = "failed"


def failed(error: BaseException) -> dict[str, Any]:
    """Returns the columns of a run that ended in `error`."""
    said = "; ".join(f"{type(error).__name__}: {error}".splitlines())
    counts = ("steps", "attempts", "refused", "planned_attempts")
    lists = ("evaluated_attempt", "evaluated_seconds", "validation_loss", "train_attempt")
    lists += ("train_loss", "train_loss_max", "layers", "clip_factors", "task_losses", "accepted")
    return {
        "status": FAILED,
        "error": said,
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(("seconds", "seconds_per_attempt", "clipped_share"), float("nan")),
        **{name: [] for name in lists},
        "validation": "[]",
        "test": "{}",
        "events": "[]",
        "scalars": "{}",
    }
