"""A comparison made up by hand: what a report must show, and names that try to break it.

Two workloads, four safeguards, seven rates, three seeds. Without a safeguard the three
highest rates diverge; `relative` survives all of them; the two with hostile names lie
between. One run failed.
"""

import json
import math

import pandas as pd

from ranker.compare.statistics import wilson
from ranker.compare.summary import (
    Cell,
    Interval,
    Method,
    Profile,
    Summary,
    Test,
    Workload,
)

SCRIPT = "<script>document.title='owned'</script>"
QUOTES = "\"&' {{7*7}} | *_x_*"
PLAIN = Workload("two_layers", "adagrad", "none")
FAULT = Workload("two_layers", "adagrad", "</script><script>document.title='owned'</script>")
WORKLOADS = (PLAIN, FAULT)
SAFEGUARDS = ("none", "relative", SCRIPT, QUOTES)
RATES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
SEEDS = (0, 1, 2)
LAYERS = (
    "user/embedding",
    "item/embedding",
    "shared/very_long_name_of_a_layer/kernel",
    f"{SCRIPT}",
)
_SURVIVES = {"none": 4, "relative": 7, SCRIPT: 5, QUOTES: 6}  # rates at which nothing diverges
_PLANNED = 400


def num_diverged(safeguard: str, rate_index: int, workload: Workload) -> int:
    """Returns how many of three runs diverge: none, then one, then all; faults cost a rate."""
    beyond = rate_index - _SURVIVES[safeguard] + (workload == FAULT and safeguard != "relative")
    return 0 if beyond < 0 else 1 if beyond == 0 else 3


def summary() -> Summary:
    return Summary(
        primary="like.auc",
        higher_is_better=True,
        reference="none",
        cells=tuple(_cell(w, s, i) for w in WORKLOADS for s in SAFEGUARDS for i in range(7)),
        methods=tuple(_method(w, s) for w in WORKLOADS for s in SAFEGUARDS),
        tests=tuple(
            _test(w, s, metric)
            for w in WORKLOADS
            for s in SAFEGUARDS[1:]
            for metric in ("like.auc", "rating.rmse")
        ),
        targets={PLAIN: 0.731, FAULT: 0.722},
        by_attempts=_profile({"none": 1.0, "relative": 1.3, SCRIPT: 1.4, QUOTES: 2.2}),
        planned=2 * 4 * 7 * 3 + 5,
        failed=1,
    )


def results() -> pd.DataFrame:
    rows = [
        _run(w, s, i, seed)
        for w in WORKLOADS
        for s in SAFEGUARDS
        for i in range(7)
        for seed in SEEDS
    ]
    rows[5] |= {"status": "failed", "error": f"ValueError: {SCRIPT} & more", "train_attempt": []}
    return pd.DataFrame(rows)


def metadata() -> dict:
    return {
        "primary": "like.auc",
        "reference": "none",
        "rates": list(RATES),
        "seeds": list(SEEDS),
        "tuning_seed": 1000,
        "safeguards": {
            name: {
                "title": f"about {name}",
                "tune": "" if name == "none" else "clip.0.relative",
                "values": [] if name == "none" else [0.03, 0.1, 0.3],
                "settings": "" if name == "none" else f'clip = [{{kind = "{name}"}}]',
            }
            for name in SAFEGUARDS
        },
        "workloads": [list(workload) for workload in WORKLOADS],
        "environment": {"python": "3.11.9", "packages": {"tensorflow": "2.21.0"}, "cpus": 2},
        "config": f'primary = "like.auc"\n# {SCRIPT}\n',
        "planned": 173,
    }


def _auc(safeguard: str, rate_index: int, diverged: int) -> float:
    peak = 0.735 + 0.002 * SAFEGUARDS.index(safeguard) - 0.004 * abs(rate_index - 3)
    return (peak * (3 - diverged) + 0.5 * diverged) / 3


def _around(value: float, half: float) -> Interval:
    return Interval(value, value - half, value + half)


def _cell(workload: Workload, safeguard: str, i: int) -> Cell:
    diverged = num_diverged(safeguard, i, workload)
    auc = _auc(safeguard, i, diverged)
    has_failed = (workload, safeguard, i) == (PLAIN, "none", 1)
    tried = 2 if has_failed else 3
    return Cell(
        workload=workload,
        safeguard=safeguard,
        rate=RATES[i],
        tried=tried,
        diverged=diverged,
        ratio=wilson(diverged, tried),
        seeds=SEEDS[:tried],
        diverged_seeds=SEEDS[:diverged],
        failed=int(has_failed),
        micro=2 if diverged == 1 else 0,
        clipped=0.0 if safeguard == "none" else i / 7,
        loss=_around(1.2 - auc, 0.01 + 0.02 * diverged),
        metrics={
            "like.auc": _around(auc, 0.002 + 0.02 * diverged),
            "rating.rmse": Interval(math.nan) if diverged == 3 else _around(0.9 + 0.01 * i, 0.01),
        },
    )


def _method(workload: Workload, safeguard: str) -> Method:
    position = SAFEGUARDS.index(safeguard)
    diverged = sum(num_diverged(safeguard, i, workload) for i in range(7))
    tried = 20 if (workload, safeguard) == (PLAIN, "none") else 21
    stable = [i for i in range(7) if num_diverged(safeguard, i, workload) == 0]
    return Method(
        workload=workload,
        safeguard=safeguard,
        tune="" if safeguard == "none" else "clip.0.relative",
        tuned_value=math.nan if safeguard == "none" else (0.1, 0.3)[workload == FAULT],
        trials=0 if safeguard == "none" else 21,
        best_rate=(0.1, 0.2)[workload == FAULT],
        good_from=0.05,
        good_to=(0.1, 0.2)[workload == FAULT],
        sensitivity=0.31 - 0.07 * position,
        stable_from=RATES[0],
        stable_to=RATES[stable[-1]],
        tried=tried,
        diverged=diverged,
        ratio=wilson(diverged, tried),
        test={
            "like.auc": _around(0.7312 + 0.002 * position, 0.0021),
            "rating.rmse": _around(0.951 - 0.001 * position, 0.004),
        },
        attempts_to_target=math.inf if safeguard == QUOTES else 120.0 + 20 * position,
        reached=1 if safeguard == QUOTES else 3,
    )


def _test(workload: Workload, safeguard: str, metric: str) -> Test:
    position = SAFEGUARDS.index(safeguard)
    is_better = safeguard == "relative" and metric == "like.auc" and workload == FAULT
    return Test(
        workload=workload,
        metric=metric,
        safeguard=safeguard,
        reference="none",
        pairs=3,
        difference=_around(0.002 * position, 0.001 if is_better else 0.006),
        p_value=0.0021 if is_better else 0.21,
        p_adjusted=0.0252 if is_better else 1.0,
    )


def _profile(ratios: dict[str, float]) -> Profile:
    taus = tuple(1 + 3 * i / 30 for i in range(31))
    return Profile(
        taus=taus,
        shares={name: tuple(float(t >= r) for t in taus) for name, r in ratios.items()},
        scores={name: (4 - ratio) / 3 for name, ratio in ratios.items()},
    )


def _run(workload: Workload, safeguard: str, i: int, seed: int) -> dict:
    is_full = seed < num_diverged(safeguard, i, workload)
    attempts = list(range(2, (160 if is_full else _PLANNED) + 1, 2))
    losses = [0.3 + 1.1 * math.exp(-a / 80) + 0.02 * math.sin(a * (seed + 1)) for a in attempts]
    if is_full:
        losses = [v * 1.2 ** max(0, a - 120) for v, a in zip(losses, attempts, strict=True)]
        losses[-1] = math.nan
    injected = range(100, 121) if workload == FAULT else ()
    events = [{"kind": "injected", "attempt": a, "step": a} for a in injected]
    events += [{"kind": "refused", "attempt": a} for a in (104, 105, 106, 118) if injected]
    events += [{"kind": "halted", "attempt": 160}] if is_full else []
    factor = {"none": 9.0, "relative": 0.5, SCRIPT: 0.02, QUOTES: 0.9}[safeguard]
    return {
        "run": f"{seed:016x}", "stage": "final", "model": workload.model,
        "optimizer": workload.optimizer, "injector": workload.injector, "safeguard": safeguard,
        "tune": "", "tuned_value": math.nan, "rate": RATES[i], "seed": seed,
        "status": "diverged" if is_full else "completed", "error": "", "steps": len(attempts),
        "attempts": attempts[-1], "refused": 4 if injected else 0, "planned_attempts": _PLANNED,
        "divergence": "full" if is_full else "none", "micro_divergences": 0,
        "full_attempt": 130 if is_full else -1, "seconds": 4.0, "seconds_per_attempt": 0.01,
        "clipped_share": 0.0 if safeguard == "none" else 0.4, "evaluated_attempt": [0, 200, 400],
        "evaluated_seconds": [0.0, 2.0, 4.0], "validation_loss": [0.7, 0.6, 0.5],
        "validation": "[]", "test": "{}", "train_attempt": attempts, "train_loss": losses,
        "train_loss_max": [1.3 * loss for loss in losses], "layers": list(LAYERS),
        "clip_factors": [
            [min(1.0, factor * (0.4 + depth) * (1 + a / 400)) for a in attempts]
            for depth in range(len(LAYERS))
        ],
        "events": json.dumps(events), "config": "",
    }  # fmt: skip
