"""The two tables of docs/compare_clippy.md that the report does not have, from its rows.

  python -m benchmarks.clippy_page --rows=docs/results/compare_clippy.csv

The rows are those that `benchmarks.rows` wrote. Markdown goes to standard output.
"""

from collections.abc import Iterator, Sequence

import pandas as pd
from absl import flags

from ranker.cli import program

_ROWS = flags.DEFINE_string("rows", None, "What benchmarks.rows wrote.", required=True)
_MODELS = ("Small", "Large", "Large+DCN")
_METHODS = ("none", "GC", "AGC", "LAMB", "Clippy")
_CHANCE = 0.5  # the AUC that a run that diverged counts as


def main(_: Sequence[str]) -> int:
    """Prints both; returns the exit code."""
    try:
        rows = pd.read_csv(_ROWS.value)
    except (ValueError, OSError) as error:
        return program.refuse(error)
    print(*quality(rows), "", *tuning(rows), sep="\n")
    return 0


def quality(rows: pd.DataFrame) -> Iterator[str]:
    """Yields the lines of final AUC by model, method and rate, with how many runs diverged."""
    rows = _judged(rows[rows["stage"] == "final"])
    rates = sorted(rows["rate"].unique())
    yield f"| model | method (tuned to) | {' | '.join(f'{rate:.3g}' for rate in rates)} |"
    yield "|---|---|" + "--:|" * len(rates)
    for model in _MODELS:
        for method in _METHODS:
            own = rows[(rows["model"] == model) & (rows["safeguard"] == method)]
            values = own["tuned_value"].dropna().unique()
            name = f"{method} ({values[0]:g})" if len(values) else method
            cells = (_cell(own[own["rate"] == rate]) for rate in rates)
            first = model if method == _METHODS[0] else ""
            yield f"| {first} | {name} | {' | '.join(cells)} |".replace("|  |", "| |")


def tuning(rows: pd.DataFrame) -> Iterator[str]:
    """Yields the lines of what each setting tried came to, a group of columns a model."""
    chosen = rows[rows["stage"] == "final"]
    rows = _judged(rows[rows["stage"] == "tune"])
    lowest = rows["rate"].min()
    heads = (f"{m}: best | at rate | at {lowest:g} | diverged" for m in _MODELS)
    yield f"| safeguard | setting | {' | '.join(heads)} |"
    yield "|---|--:|" + "--:|" * 4 * len(_MODELS)
    for method in _METHODS:
        own = rows[rows["safeguard"] == method]
        for value in sorted(own["tuned_value"].unique(), reverse=True):
            parts = []
            for model in _MODELS:
                tried = own[(own["tuned_value"] == value) & (own["model"] == model)]
                here = chosen[(chosen["model"] == model) & (chosen["safeguard"] == method)]
                parts.append(_tried(tried, lowest, (here["tuned_value"] == value).any()))
            yield f"| {method} | {value:g} | {' | '.join(parts)} |"


def _judged(rows: pd.DataFrame) -> pd.DataFrame:
    diverged = rows["divergence"] == "full"
    auc = rows["like_auc_validation"].mask(diverged, _CHANCE)
    return rows.assign(diverged=diverged, auc=auc)


def _cell(rows: pd.DataFrame) -> str:
    diverged = rows["diverged"].sum()
    return f"{rows['auc'].mean():.3f}" + (f" ({diverged})" if diverged else "")


def _tried(rows: pd.DataFrame, lowest: float, is_chosen: bool) -> str:
    best = rows.loc[rows["auc"].idxmax()]
    auc = f"**{best['auc']:.4f}**" if is_chosen else f"{best['auc']:.4f}"
    first = rows.loc[rows["rate"] == lowest, "auc"].item()
    return f"{auc} | {best['rate']:.3g} | {first:.3f} | {rows['diverged'].sum()}"


if __name__ == "__main__":
    program.run(main)
