"""What the nights on real days come to."""

from pathlib import Path

import pandas as pd

from benchmarks import kuairand_arms

DOCS = Path(__file__).parents[2] / "docs"


def test_means_are_of_the_days_that_are_reported_and_compared_day_by_day():
    rows = [
        {"arm": arm, "seed": seed, "day": day, "rate": 0.1, "click": auc + day / 100, "like": auc}
        for arm, auc in (("on", 0.7), ("anew", 0.6), ("all", 0.7), ("first", 0.5))
        for seed in (0, 1)
        for day in (2, 5, 6)
    ]
    head, _, *cells = kuairand_arms.lines(pd.DataFrame(rows), first=5)
    assert head.startswith("| arm | rate | click | like | mean AUC |")
    assert cells[0] == "| on | 0.1 | 0.7550 | 0.7000 | 0.7275 ± 0.0000 |  |"
    assert cells[1] == "| anew | 0.1 | 0.6550 | 0.6000 | 0.6275 ± 0.0000 | 0.1000 ± 0.0000 |"
    assert cells[2].endswith("| 0.0000 ± 0.0000 |")


def test_the_page_s_table_is_that_of_the_rows():
    page = (DOCS / "kuairand_nights.md").read_text("utf-8")
    rows = pd.read_csv(DOCS / "results/kuairand_nights.csv")
    assert sorted(rows["seed"].unique()) == [0, 1, 2, 3, 4]
    for line in kuairand_arms.lines(rows, first=5):
        assert line in page
