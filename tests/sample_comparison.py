"""A comparison on the tiny dataset, small enough to run in a test."""

from pathlib import Path

from ranker.spec import load
from ranker.spec.compare import CompareConfig

BASE = """
[data]
path = "{data}"
batch_size = 16
[model]
embedding_width = 4
tower_units = [8]
dropout = {dropout}
[model.wide]
biases = []
has_numeric = false
[model.sharing]
kind = "shared_bottom"
units = [8]
[train]
epochs = {epochs}
attempts_per_call = 10
evaluate_every_attempts = 20
"""
GRID = """
base = "base.toml"
rates = [0.05, 5.0]
seeds = [3, 4]
tuning_seed = 9
[[safeguards]]
name = "none"
[[safeguards]]
name = "gc"
title = "gradients clipped by norm"
set = ["clip=[{kind = 'norm', targets = 'dense'}]"]
tune = "clip.0.max_norm"
values = [0.1, 0.01]
"""


def write_comparison(
    folder: Path, data: Path, *, epochs: float = 2, dropout: float = 0.2, more: str = ""
) -> Path:
    """Writes base.toml and compare.toml into `folder`; returns the latter.

    Args:
      dropout: 0 where it does not matter, since then a graph serves all seeds.
    """
    base = BASE.format(data=data, epochs=epochs, dropout=dropout)
    (folder / "base.toml").write_text(base, encoding="utf-8")
    (folder / "compare.toml").write_text(GRID + more, encoding="utf-8")
    return folder / "compare.toml"


def read_comparison(path: Path, *overrides: str) -> CompareConfig:
    """Returns the comparison that `write_comparison` wrote."""
    return load.load(path, overrides, CompareConfig)
