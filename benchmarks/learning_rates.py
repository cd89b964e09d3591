"""The picture of the README: learning rate against AUC, with Clippy and without, light and dark.

  python -m benchmarks.learning_rates                    draws docs/img/learning_rates_*.svg
  python -m benchmarks.learning_rates --results=runs/learning-rates/results.parquet
                                                         first takes the rows from a comparison

The rows are docs/results/learning_rates.csv; learning_rates.md beside it says how they came about.
"""

import csv
import json
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from absl import app, flags

from benchmarks import palette

ROOT = Path(__file__).parents[1]
ROWS = ROOT / "docs" / "results" / "learning_rates.csv"
PICTURES = ROOT / "docs" / "img"

WIDTH, HEIGHT = 760, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 22, 52  # margins around the plot
LOWEST, HIGHEST = 0.48, 0.82  # AUC at the bottom and at the top
COLOURS = {
    "light": {**palette.LIGHT, "none": "#c4432b", "Clippy": "#1f6feb"},
    "dark": {**palette.DARK, "none": "#ff7b72", "Clippy": "#79c0ff"},
}
NAMES = {"none": "Adagrad alone", "Clippy": "with Clippy"}

_RESULTS = flags.DEFINE_string(
    "results", None, "results.parquet of a comparison to take rows from."
)

Points = dict[str, dict[float, list[float]]]  # of each safeguard and rate the AUC of each seed


def read(path: Path) -> Points:
    """Returns the rows of a CSV file with the columns safeguard, rate, seed and like_auc."""
    points: Points = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rates = points.setdefault(row["safeguard"], {})
            rates.setdefault(float(row["rate"]), []).append(float(row["like_auc"]))
    return points


def write(results: Path, path: Path) -> None:
    """Writes the rows of a comparison's results.parquet as CSV, a line a run."""
    import pandas as pd

    table = pd.read_parquet(results)
    rows = pd.DataFrame(
        {
            "safeguard": table["safeguard"],
            "rate": table["rate"],
            "seed": table["seed"],
            "like_auc": [json.loads(values)[-1]["like.auc"] for values in table["validation"]],
            "diverged": table["divergence"] == "full",
        }
    )
    rows.round(6).sort_values(["safeguard", "rate", "seed"]).to_csv(path, index=False)


def picture(points: Points, theme: str) -> str:
    """Returns the SVG: a line through the medians, and a point for each run."""
    colours = COLOURS[theme]
    rates = sorted({rate for of_rate in points.values() for rate in of_rate})
    parts = [
        *palette.opening(
            WIDTH, HEIGHT, "Learning rate against AUC, with Clippy and without", colours
        ),
        *_axes(rates, colours),
    ]
    for name in NAMES:
        parts += _line(points[name], rates, NAMES[name], colours[name], colours["text"])
    return "\n".join([*parts, "</svg>\n"])


def _axes(rates: Sequence[float], colours: Mapping[str, str]) -> Iterator[str]:
    text = f'fill="{colours["text"]}"'
    for auc in (0.5, 0.6, 0.7, 0.8):
        y = _y(auc)
        yield f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="{colours["grid"]}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end" {text}>{auc:.1f}</text>'
    for rate in rates:
        place = f'x="{_x(rate, rates)}" y="{HEIGHT - BOTTOM + 20}"'
        yield f'<text {place} text-anchor="middle" {text}>{rate:g}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 10}" text-anchor="middle" {text}>learning rate</text>'
    yield (
        f'<text transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" '
        f'text-anchor="middle" {text}>AUC (likes, validation)</text>'
    )


def _line(
    of_rate: Mapping[float, list[float]],
    rates: Sequence[float],
    name: str,
    colour: str,
    text: str,
) -> Iterator[str]:
    medians = [(_x(rate, rates), _y(statistics.median(of_rate[rate]))) for rate in rates]
    path = "M" + "L".join(f"{x} {y}" for x, y in medians)
    yield f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
    for rate in rates:
        for auc in of_rate[rate]:
            yield f'<circle cx="{_x(rate, rates)}" cy="{_y(auc)}" r="3.5" fill="{colour}"/>'
    x, y = medians[-1]
    yield f'<text x="{x + 12}" y="{y + 4}" fill="{text}" font-weight="600">{name}</text>'


def _x(rate: float, rates: Sequence[float]) -> float:
    share = math.log(rate / rates[0]) / math.log(rates[-1] / rates[0])
    return round(LEFT + 16 + share * (WIDTH - LEFT - RIGHT - 32), 1)


def _y(auc: float) -> float:
    share = (auc - LOWEST) / (HIGHEST - LOWEST)
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def main(_: Sequence[str]) -> None:
    """Writes the pictures, and first the rows if a comparison is given."""
    if _RESULTS.value:
        write(Path(_RESULTS.value), ROWS)
    points = read(ROWS)
    for theme in COLOURS:
        path = PICTURES / f"learning_rates_{theme}.svg"
        path.write_text(picture(points, theme), "utf-8")
        print(path)


if __name__ == "__main__":
    app.run(main)
