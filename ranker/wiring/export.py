"""A run's model as a SavedModel that says where it came from."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ranker
from ranker.files import commit
from ranker.input.split import read_raw
from ranker.serve.saved_model import export
from ranker.wiring.run import Run


def export_run(run: Run, directory: Path, *, result: Mapping[str, Any]) -> Path:
    """Exports the run's variables as they are, as the next version in `directory`.

    The first test rows are its warm-up requests, and what the check compares.

    Args:
      result: what RESULT.json holds: "metrics" and "rows", for the model card.

    Raises:
      ExportError: if the model must not be served; nothing is written.
    """
    raw = read_raw(run.path("test"), run.schema, num_rows=run.config.export.warmup_requests)
    card = {
        "settings": dataclasses.asdict(run.config),
        "metrics": result.get("metrics", {}),
        "rows": result.get("rows", {}),
        "origin": _origin(run),
    }
    return export(run.model, run.encoder, run.schema, directory, examples=raw, card=card)


def _origin(run: Run) -> dict[str, Any]:
    """Returns of which run the model is, which attempt's, and when and by what it was exported."""
    identity = run.identity.as_json() if run.identity else {}
    return {
        **identity,
        **({"unfinished": run.unfinished} if run.unfinished else {}),
        **({"start": dict(run.start)} if run.start else {}),
        "attempt": int(run.step.attempts.numpy()),
        "step": int(run.step.optimizer.step.numpy()),
        "version": ranker.__version__,
        "commit": commit(),
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
