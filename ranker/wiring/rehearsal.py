"""A run as far as its first batch: what it would read, build and try, with nothing written."""

from typing import Any

from ranker.spec.run import RunConfig
from ranker.train.events import interventions
from ranker.wiring.beginning import find_source, start_from
from ranker.wiring.identity import identify
from ranker.wiring.run import Run, build_plan, build_run
from ranker.wiring.training import build_stream, open_training


def rehearse(config: RunConfig) -> dict[str, Any]:
    """Reads the data, builds the model and tries one batch.

    Returns:
      `rows` by split: "read" and, of them, "rejected"; `parameters`: how many are trained;
      `attempts` that the run would make; `batch_size`: examples of each; `losses` of the batch,
      by task; `refused`: the event of its refusal, {} if it would have been committed.

    Raises:
      OSError, ValueError: for what would end the run before its first batch.
    """
    run = build_run(config)
    identify(config, run.schema)
    if config.train.start_from:
        start_from(run, find_source(config, run.schema))
    run.check_split("test")
    run.validation()
    examples = open_training(run, on_progress=lambda num_read, num_rows: None)
    stream = build_stream(config, examples)
    reports = run.step.run(stream.stack(0, 1)).numpy()
    events = interventions(reports, run.step)
    return {
        "rows": _rows(run),
        "parameters": sum(v.shape.num_elements() for v in run.step.optimizer.trainable),
        "attempts": build_plan(config, len(examples)).total,
        "batch_size": config.data.batch_size,
        "losses": dict(zip(run.step.objective.tasks, reports.losses[0].tolist(), strict=True)),
        "refused": next((event for event in events if event["kind"] == "refused"), {}),
    }


def _rows(run: Run) -> dict[str, dict[str, int]]:
    return {
        name: {
            "read": run.rejected_rows[name].num_read,
            "rejected": run.rejected_rows[name].num_rejected,
        }
        for name in ("train", "validation", "test")
    }
