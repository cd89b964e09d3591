"""The tables of the pages of results are those of the rows that lie beside them."""

import numpy as np
import pandas as pd
import pytest
from documents import ROOT, TEXTS

from ranker.report.text import MINUS


def rows_of(file):
    """Returns the rows of a file of results."""
    return pd.read_csv(ROOT / f"docs/results/{file}.csv", keep_default_na=False, na_values=[""])


def cells(page, heading):
    """Returns the first table under a heading of a page, by its first column and its heads."""
    lines = TEXTS[page].partition(f"\n{heading}\n")[2].splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith("|"))
    table = []
    for line in lines[begin:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    heads, _, *body = table
    return {row[0]: dict(zip(heads, row, strict=True)) for row in body}


@pytest.mark.parametrize(
    ("file", "heading", "digits"),
    [
        ("compare_faults", "## Every fault, under Adagrad", 3),
        ("compare_faults_adam", "## Every fault, under Adam", 4),
    ],
)
def test_faults(file, heading, digits):
    table, rows = cells("docs/compare_faults.md", heading), rows_of(file)
    assert len(table) == rows["fault"].nunique()
    for (fault, safeguard), runs in rows.groupby(["fault", "safeguard"]):
        told = table["no fault" if fault == "none" else fault][safeguard]
        lost = (runs["divergence"] == "full").sum()
        if not lost:
            mean = runs["like_auc_validation"].mean()
            assert told == f"{mean:.{digits}f}", (fault, safeguard)
            continue
        short = "†" if lost == len(runs) else f"† {lost} of {len(runs)}"
        assert told in (short, f"{lost}/{len(runs)} diverged"), (fault, safeguard)


def test_detection_of_what_breaks():
    table = cells("docs/detection.md", "### Each fault")
    rows = rows_of("detection_broken")
    is_full = rows["hindsight"] == "full"
    said = rows["detector_full_attempts"].astype("string").str.split(" ").str[0].astype("Float64")
    delay = (said - rows["hindsight_full_attempt"]).where(is_full)
    for name, of in [("all", rows), *rows.groupby("run")]:
        full = is_full[of.index]
        counts = (len(of), full.sum(), (delay[of.index] <= 50).sum(), (~full).sum())
        told = table[name]
        assert (
            tuple(
                int(told[head])
                for head in ("runs", "full by hindsight", "found within 50 attempts", "healed")
            )
            == counts
        ), name
        assert int(told['reported as "full" of those']) == said[of.index][~full].notna().sum(), name
        if full.any():
            middle, most = told["delay: median"], told["largest"]
            found = delay[of.index].dropna().astype(float)
            assert float(middle.replace(MINUS, "-")) == np.median(found), name
            assert float(most.replace(MINUS, "-")) == found.max(), name


def test_detection_of_nothing():
    rows = rows_of("detection_healthy")
    said = f"never, in {len(rows)} runs and {rows['attempts'].sum():,} attempts"
    assert said in TEXTS["docs/detection.md"]
    assert rows["detector_full_attempts"].isna().all()
    assert (rows["hindsight"] != "full").all()
