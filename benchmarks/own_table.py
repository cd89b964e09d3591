"""A table of one's own, from file to model without editing the spec, beside boosted trees.

  python -m benchmarks.own_table --rows=200000
  python -m benchmarks.own_table --rows=200000 --workdir=/tmp/own-table

Writes the impressions of `benchmarks.impressions`; then `describe`, `prepare` and `train` with
configs/table.toml, each as a user starts it. Prints the AUC of click on the last tenth of the
rows: that of the model, that of gradient-boosted trees (scikit-learn's
HistGradientBoostingClassifier on target encodings of the same columns, learnt of the rows before),
and that of the chances which the labels were drawn with: the best there is. Exit code: that of the
first command that fails.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from absl import flags

from ranker.cli import program

_ROWS = flags.DEFINE_integer("rows", 200_000, "Impressions.", lower_bound=1_000)
_WORKDIR = flags.DEFINE_string("workdir", None, "Where all of it goes; none to throw it away.")
_CONFIG = flags.DEFINE_string("config", "configs/table.toml", "What to train.")
_SEEDS = flags.DEFINE_integer("seeds", 1, "Runs, and fits of the trees, 0 and on.", lower_bound=1)
_PARTS = 0.8, 0.9  # of the rows: where validation and test begin
_ENCODED = ["uid", "sku", "country", "device", "tags"]


def main(_: Sequence[str]) -> int:
    """Makes the table, trains, and prints; returns the exit code."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(_WORKDIR.value or temporary)
        try:
            best = write(folder / "log")
            ours = [train(folder, seed) for seed in range(_SEEDS.value)]
        except subprocess.CalledProcessError as error:
            program.refuse(error)
            return error.returncode
        table = pa.concat_tables(map(pq.read_table, sorted((folder / "log").glob("*.parquet"))))
        trees = [boosted_trees(table, seed) for seed in range(_SEEDS.value)]
    print(f"AUC of click on the last tenth of {_ROWS.value:,} rows; mean of {_SEEDS.value} seeds")
    for name, found in (("ranker", ours), ("boosted trees", trees), ("best there is", [best])):
        print(f"{name:<14} {np.mean(found):.4f}  {' '.join(f'{auc:.4f}' for auc in found)}")
    return 0


def write(folder: Path) -> float:
    """Writes the impressions into `folder` and returns the best AUC there is.

    Raises:
      subprocess.CalledProcessError: if that fails.
    """
    said = _call("benchmarks.impressions", f"--rows={_ROWS.value}", f"--output={folder}")
    return float(said.split()[-1])


def train(folder: Path, seed: int) -> float:
    """Returns the AUC of click on the test rows, of a model from the described table.

    Raises:
      subprocess.CalledProcessError: for a command that fails.
    """
    spec, data, run = folder / "spec.toml", folder / "data", folder / f"run-{seed}"
    if not data.exists():
        spec.unlink(missing_ok=True)
        _call("ranker", "describe", f"--output={spec}", *sorted((folder / "log").glob("*.parquet")))
        _call("ranker", "prepare", "--dataset=table", f"--spec={spec}", f"--output={data}")
    settings = (f"--set=data.path={data}", f"--set=seed={seed}")
    _call("ranker", "train", f"--config={_CONFIG.value}", f"--workdir={run}", *settings)
    result = json.loads((run / "RESULT.json").read_text("utf-8"))
    return float(result["metrics"]["test"]["click"]["auc"])


def boosted_trees(table: pa.Table, seed: int) -> float:
    """Returns the AUC of click on the last tenth of the rows, [N], of trees fitted to the rest."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import KFold
    from sklearn.preprocessing import TargetEncoder

    frame = table.to_pandas()
    columns = frame[_ENCODED].fillna("none").astype(str)
    moment = frame["timestamp"].dt
    numbers = np.stack([frame["price"], moment.hour, moment.weekday, frame["page"]], axis=1)
    label = frame["click"].to_numpy()
    begin, last = (int(part * len(frame)) for part in _PARTS)
    encoder = TargetEncoder(cv=KFold(5, shuffle=True, random_state=seed))
    encoded = np.concatenate(
        [encoder.fit_transform(columns[:begin], label[:begin]), encoder.transform(columns[begin:])]
    )
    rows = np.concatenate([encoded, numbers], axis=1)
    trees = HistGradientBoostingClassifier(
        max_iter=500, learning_rate=0.05, early_stopping=True, random_state=seed
    )
    trees.fit(rows[:begin], label[:begin], X_val=rows[begin:last], y_val=label[begin:last])
    return float(roc_auc_score(label[last:], trees.predict_proba(rows[last:])[:, 1]))


def _call(module: str, *arguments: object) -> str:
    """Runs a module and returns what it prints."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    program.run(main)
