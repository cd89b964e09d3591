"""What the runs of a comparison reached in several tasks: points, and what no other beats."""

import json
import tomllib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

POINT = ["safeguard", "rate"]
_WEIGHTS = "objective.task_weights="
_LOWER = ("rmse", "mae", "logloss", "loss")  # is better
_LAST = 20  # attempts whose losses are the training loss


def weights_of(config: Mapping) -> tuple[dict[str, dict[str, float]], set[str]]:
    """Returns the weights of each safeguard of a comparison that sets them.

    Returns:
      By name the weights; and the names of those that set nothing but weights.
    """
    found, fixed = {}, set()
    for safeguard in config["safeguards"]:
        settings = safeguard.get("set", [])
        for setting in settings:
            if setting.startswith(_WEIGHTS):
                text = setting[len(_WEIGHTS) :]
                found[safeguard["name"]] = tomllib.loads(f"weights = {text}")["weights"]
                fixed |= {safeguard["name"]} if len(settings) == 1 else set()
    return found, fixed


def rows(
    results: pd.DataFrame, criteria: Sequence[str], weights: Mapping[str, Mapping[str, float]]
) -> pd.DataFrame:
    """Returns a row for each run: what it reached on both splits, and its last training losses."""
    found = results[["safeguard", "rate", "seed", "status", "divergence"]]
    found = found.copy()
    for name in criteria:
        last = [json.loads(values)[-1].get(name, np.nan) for values in results["validation"]]
        found[f"validation {name}"] = last
        found[f"test {name}"] = [json.loads(v).get(name, np.nan) for v in results["test"]]
    order = list(dict.fromkeys(name.split(".")[0] for name in json.loads(results["test"].iloc[0])))
    for task in dict.fromkeys(name.split(".")[0] for name in criteria):
        of = order.index(task)  # of all tasks, of which the criteria may be some
        losses = np.array([np.mean(each[of][-_LAST:]) for each in results["task_losses"]])
        own = [weights.get(name, {}).get(task, 1.0) or np.nan for name in results["safeguard"]]
        found[f"train {task}"] = losses / own  # without weight nothing is known of it
    return found.sort_values([*POINT, "seed"], ignore_index=True)


def points(found: pd.DataFrame, columns: Sequence[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """Returns the means over seeds by safeguard and rate, larger being better, and their error.

    Returns:
      The means, a column each; and the standard error of a difference of two of them. [C]
    """
    signs = [-1.0 if c.startswith("train") or c.endswith(_LOWER) else 1.0 for c in columns]
    lives = found[found["divergence"] != "full"]
    whole = lives.groupby(POINT).filter(lambda point: len(point) == found["seed"].nunique())
    groups = whole.groupby(POINT)[list(columns)]
    error = np.sqrt(2 * groups.var().median() / found["seed"].nunique())
    return groups.mean() * signs, error.to_numpy()


def unbeaten(values: np.ndarray) -> np.ndarray:
    """Returns which rows no other row is at least as good as in all, better in one. [N, C]"""
    at_least = (values[:, None] >= values[None]).all(-1)
    better = (values[:, None] > values[None]).any(-1)
    return ~(at_least & better).max(axis=0)


def chosen(validation: pd.DataFrame) -> pd.DataFrame:
    """Returns of each safeguard the rates that none of its others beats on validation."""
    kept = [of[unbeaten(of.to_numpy())] for _, of in validation.groupby("safeguard")]
    return pd.concat(kept)


def excess(point: np.ndarray, front: np.ndarray, error: np.ndarray) -> float:
    """Returns by how many standard errors a point, [C], is beyond a front, [F, C]."""
    return float(((point - front) / error).max(-1).min(initial=np.inf))
