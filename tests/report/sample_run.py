"""A run directory made up by hand: what its page must show, and names that try to break it."""

import json
import os
from pathlib import Path

from ranker.files import write_sealed
from ranker.spec import load
from ranker.spec.run import RunConfig

SCRIPT = "<script>document.title='owned'</script>"
TASKS = ("like", SCRIPT)


def metrics(auc: float) -> dict:
    """Returns the metrics of both tasks: one binary, one a regression."""
    of = {"rows": 900, "auc": auc, "log_loss": 0.5, "calibration": 1.25}
    cold = {"rows": 0, "note": "no labelled rows"}
    like = of | {"warm": of, "cold": cold, "frozen": of | {"auc": auc - 0.01}}
    return {"like": like, SCRIPT: {"rows": 900, "rmse": 0.9, "mae": 0.7}}


def write_run(
    workdir: Path, *, seed: int = 0, status: str = "completed", auc: float = 0.75, ended: int = 0,
    config: str | None = None,
) -> Path:  # fmt: skip
    """Writes a run of 400 attempts, refused at 101 to 103, and returns its directory.

    Args:
      ended: the time of its end, in seconds; 0 for now.
      config: the text of config.toml; None for the defaults with `seed`.
    """
    workdir.mkdir(parents=True)
    settings = load.dump(RunConfig(seed=seed)) if config is None else config
    (workdir / "config.toml").write_text(settings, encoding="utf-8")
    lines = [_step(attempt) for attempt in range(10, 401, 10)]
    lines += [_evaluation(attempt, auc) for attempt in (200, 400)]
    (workdir / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (workdir / "events.jsonl").write_text("".join(f"{json.dumps(e)}\n" for e in _events()))
    scores = {"kind": "binary", "edges": [0.0, 0.5, 1.0]}
    scores |= {"counts": {"label 0": [6, 2], "label 1": [1, 3]}}
    scores |= {"bins": {"rows": [6, 6], "score": [0.25, 0.75], "label": [0.2, 0.8]}}
    (workdir / "scores.json").write_text(json.dumps({"test": {"like": scores}}))
    if status != "running":
        write_sealed(workdir / "RESULT.json", _result(status, auc))
        if ended:
            os.utime(workdir / "RESULT.json", (ended, ended))
    return workdir


def _step(attempt: int) -> dict:
    return {
        "time": f"2026-05-01T02:03:{attempt // 10:02}.000+00:00",
        "attempt": attempt, "step": attempt,
        "loss": 1 / attempt, "losses": {"like": 2 / attempt, SCRIPT: "nan"},
        "learning_rates": [0.1, 0.05], "gradient_norm": 3.0 if attempt == 200 else 1.0,
        "accepted": True, "clip_factors": {"cross/kernel": 0.25, SCRIPT: 1.0},
        "scalars": {"gradient_norm/dense": 0.5, "gradient_norm/embeddings": 0.2,
                    "update_norm": 0.01},
    }  # fmt: skip


def _evaluation(attempt: int, auc: float) -> dict:
    return {"attempt": attempt, "step": attempt, "validation_loss": 0.6, "validation": metrics(auc)}


def _events() -> list[dict]:
    refused = [
        {"kind": "refused", "attempt": a, "step": 100, "reason": "loss not finite", "task": SCRIPT,
         "first_bad": "label", "column": "like", "try": "Fix the labels.",
         "incident": f"incidents/{a}.parquet"}
        for a in (101, 102, 103)
    ]  # fmt: skip
    return [
        {"kind": "injected", "attempt": 101, "injector": "noise", "index": 0, "until": 103},
        *refused,
        {"kind": "injection_ended", "attempt": 104, "injector": "noise", "index": 0},
        {"kind": "rolled_back", "attempt": 110, "to_attempt": 90, "reason": "divergence of like"},
        {"kind": "halted", "attempt": 399, "step": 380, "reason": "too many refusals in a row"},
    ]


def _result(status: str, auc: float) -> dict:
    ran = {
        "status": status, "step": 397, "attempts": 400, "best_attempt": 200, "refused": 3,
        "rejected_rows": {"train": 2, "test": 0}, "examples_per_second": 5000.0,
        "input_bound_share": 0.4, "peak_memory_mb": 1300.0, "seconds": 130.0,
        "data": {"test.parquet": "ab" * 32},
    }  # fmt: skip
    if status == "completed":
        return ran | {"metrics": {"validation": metrics(auc), "test": metrics(auc)}}
    cause = {"attempt": 396, "reason": "loss not finite", "task": "like", "column": "age"}
    return ran | {"reason": "too many refusals in a row", "cause": cause}
