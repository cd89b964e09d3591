"""The tables of the page on Clippy are those of its rows."""

import itertools
import re
from pathlib import Path

import pandas as pd

from benchmarks import clippy_page

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "compare_clippy.md").read_text("utf-8")
ROWS = DOCS / "results" / "compare_clippy.csv"


def made():
    """Returns rows of all models and methods at two rates, the higher one fatal without Clippy."""
    found = []
    tuned = {"GC": (0.1, 0.01)}
    for model, method in itertools.product(clippy_page._MODELS, clippy_page._METHODS):
        values = tuned.get(method, (None,))
        for rate, seed in itertools.product((0.25, 6.103515625), (0, 1)):
            dies = rate > 1 and method != "Clippy"
            row = {
                "model": model,
                "safeguard": method,
                "rate": rate,
                "divergence": "full" if dies else "none",
                "like_auc_validation": 0.6 if dies else 0.7 + seed / 10,
            }
            found.append({**row, "stage": "final", "seed": seed, "tuned_value": values[0]})
            if seed == 0 and method in tuned:
                found += [{**row, "stage": "tune", "tuned_value": v} for v in values]
    return pd.DataFrame(found)


def test_what_diverged_counts_as_chance_and_is_counted():
    lines = list(clippy_page.quality(made()))
    assert lines[0] == "| model | method (tuned to) | 0.25 | 6.1 |"
    assert lines[2] == "| Small | none | 0.750 | 0.500 (2) |"
    assert lines[3] == "| | GC (0.1) | 0.750 | 0.500 (2) |"
    assert lines[6] == "| | Clippy | 0.750 | 0.750 |"
    assert len(lines) == 2 + 15


def test_what_was_chosen_is_bold():
    lines = list(clippy_page.tuning(made()))
    assert lines[2].startswith("| GC | 0.1 | **0.7000** | 0.25 | 0.700 | 1 | **0.7000**")
    assert lines[3].startswith("| GC | 0.01 | 0.7000 | 0.25 | 0.700 | 1 | 0.7000")
    assert len(lines) == 4


def test_the_page_s_tables_are_those_of_its_rows():
    rows = pd.read_csv(ROWS)
    lines = [*clippy_page.quality(rows), *clippy_page.tuning(rows)]
    assert [line for line in lines if line not in PAGE] == []


def test_its_first_claim_is_counted():
    rows = pd.read_csv(ROWS)
    rows = rows[rows["stage"] == "final"]
    claim = re.search(r"\*\*Reproduced.\*\* Naive diverged in (\d+) of (\d+) runs", PAGE)
    for name, diverged in (("none", int(claim[1])), ("Clippy", 0)):
        own = rows[rows["safeguard"] == name]
        assert (len(own), (own["divergence"] == "full").sum()) == (int(claim[2]), diverged)
