"""Tables and picture of the thirty nights, from their rows.

  python -m benchmarks.thirty_summary
  python -m benchmarks.thirty_summary --study=runs/thirty-nights

It prints the tables and draws docs/img/thirty_nights_*.svg; with --study it first takes the rows
from a study. The rows are docs/results/thirty_nights.csv; `benchmarks.thirty_nights` says what is
counted.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from absl import app, flags
from scipy import stats

from benchmarks import thirty_picture

ROOT = Path(__file__).parents[1]
ROWS = ROOT / "docs" / "results" / "thirty_nights.csv"
ARMS = {
    "plain": "Adagrad alone",
    "norm": "global norm",
    "clippy": "Clippy alone",
    "all": "everything",
}  # as `benchmarks.thirty_arms` has them, which loads TensorFlow
BAD, BACK = 0.02, 0.005  # above the usual regret

_STUDY = flags.DEFINE_string("study", None, "--workdir of a study to take the rows from.")


def join(workdir: Path) -> pd.DataFrame:
    """Returns the rows of all arms of a study that are done."""
    parts = [pd.read_csv(path) for path in sorted((workdir / "results").glob("*.csv"))]
    return pd.concat(parts).sort_values(["seed", "days", "arm", "night"], ignore_index=True)


def read(path: Path) -> pd.DataFrame:
    """Returns the rows with `excess`, the regret above the usual, and `event`, the night of the
    last fault (0 before the first)."""
    rows = pd.read_csv(path, keep_default_na=False)
    usual = rows[(rows["days"] == "none") & (rows["arm"] == "plain")]
    usual = usual.set_index(["seed", "night"])["regret"].rename("usual")
    rows = rows.join(usual, on=["seed", "night"])
    rows["excess"] = rows["regret"] - rows["usual"]
    event = rows["night"].where(rows["fault"] != "")
    rows["event"] = event.groupby([rows["seed"], rows["days"], rows["arm"]]).ffill().fillna(0)
    return rows


def measures(rows: pd.DataFrame) -> pd.DataFrame:
    """Returns a row for each seed of an arm: counts and regrets over its nights."""
    found = []
    for (days, arm, seed), nights in rows.groupby(["days", "arm", "seed"]):
        published = nights["status"] == "published"
        afters = [after(each) for _, each in nights[nights["event"] > 0].groupby("event")]
        found.append(
            {
                "days": days,
                "arm": arm,
                "seed": seed,
                "bad": int((published & (nights["excess"] > BAD)).sum()),
                "lost": int((~published).sum()),
                "mean": nights["regret"].mean(),
                "worst": nights["regret"].max(),
                "until_back": float(np.mean([n for n, _ in afters])) if afters else 0.0,
                "not_back": sum(not is_back for _, is_back in afters),
            }
        )
    return pd.DataFrame(found)


def after(nights: pd.DataFrame) -> tuple[int, bool]:
    """Returns of the nights from a fault up to the next how many are before quality is back,
    and whether it is."""
    is_back = (nights["excess"] <= BACK).to_numpy()
    return (int(is_back.argmax()), True) if is_back.any() else (len(is_back), False)


def interval(values: Sequence[float] | np.ndarray | pd.Series, digits: int) -> str:
    """Returns the mean and, of two or more, how far the 95 % interval of Student's t reaches."""
    mean = f"{np.mean(values):.{digits}f}"
    if len(values) < 2:
        return mean
    error = float(stats.sem(values)) * float(stats.t.ppf(0.975, len(values) - 1))
    return f"{mean} ± {error:.{digits}f}"


def arms_table(found: pd.DataFrame, days: str) -> Iterator[str]:
    """Yields the lines of the table of arms, means over seeds; differences are of the same seed."""
    heads = ("bad models in service", "nights lost", "mean regret", "more than everything")
    heads += ("worst regret", "nights until back", "faults not back from")
    yield f"| arm | {' | '.join(heads)} |"
    yield "|---|" + "--:|" * len(heads)
    found = found[found["days"] == days].sort_values("seed")
    base = found[found["arm"] == "all"]["mean"].to_numpy()
    for arm, title in ARMS.items():
        mine = found[found["arm"] == arm]
        cells = [interval(mine[n], 1) for n in ("bad", "lost")]
        cells.append(interval(mine["mean"], 4))
        cells.append("" if arm == "all" else interval(mine["mean"].to_numpy() - base, 4))
        cells += [interval(mine["worst"], 4), interval(mine["until_back"], 2)]
        yield f"| {title} | {' | '.join(cells)} | {mine['not_back'].sum()} |"


def faults_table(rows: pd.DataFrame) -> Iterator[str]:
    """Yields the lines of the table of faults: the excess of the night, and nights until back."""
    yield f"| fault | {' | '.join(ARMS.values())} | what everything did |"
    yield "|---|" + "--:|" * len(ARMS) + "---|"
    rows = rows[(rows["days"] == "faults") & (rows["event"] > 0)]
    names = sorted(set(rows["fault"]) - {""})
    for fault in names:
        cells = []
        for arm in ARMS:
            groups = rows[rows["arm"] == arm].groupby(["seed", "event"])
            own = [nights for _, nights in groups if nights["fault"].iloc[0] == fault]
            excess = float(np.mean([nights["excess"].iloc[0] for nights in own]))
            cells.append(f"{excess:+.4f}, {np.mean([after(n)[0] for n in own]):.1f}")
        statuses = rows[(rows["arm"] == "all") & (rows["fault"] == fault)]["status"]
        counts = ", ".join(f"{name} {n}" for name, n in statuses.value_counts().items())
        yield f"| {fault} | {' | '.join(cells)} | {counts} |"


def tables(rows: pd.DataFrame) -> str:
    """Returns all tables."""
    found = measures(rows)
    parts = [
        "With faults:\n",
        *arms_table(found, "faults"),
        "\nWithout:\n",
        *arms_table(found, "none"),
        "\nBy fault: regret above the usual in the night of the fault, and nights until back:\n",
        *faults_table(rows),
    ]
    return "\n".join(parts)


def main(_: Sequence[str]) -> None:
    """Prints the tables and writes the pictures."""
    if _STUDY.value:
        join(Path(_STUDY.value)).to_csv(ROWS, index=False)
    rows = read(ROWS)
    print(tables(rows))
    for path in thirty_picture.write(rows, ARMS, ROOT / "docs" / "img"):
        print(path, file=sys.stderr)


if __name__ == "__main__":
    app.run(main)
