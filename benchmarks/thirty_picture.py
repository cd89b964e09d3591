"""The picture of the thirty nights: regret around each fault, an own plot for each."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from benchmarks import palette

WIDTH, HEIGHT = 760, 440
BEFORE, AFTER = 1, 2  # nights around a fault
_PLOT, _GAP, _LEFT, _TOP, _TALL = 206, 28, 56, 62, 132
_HIGHEST = 0.16
_THEMES = {
    "light": (
        palette.LIGHT,
        {"plain": "#c4432b", "norm": "#b8860b", "clippy": "#1f6feb", "all": "#1a7f37"},
    ),
    "dark": (
        palette.DARK,
        {"plain": "#ff7b72", "norm": "#e3b341", "clippy": "#79c0ff", "all": "#56d364"},
    ),
}


def around(rows: pd.DataFrame) -> pd.DataFrame:
    """Returns the mean excess regret by fault, arm and nights since the fault, over seeds."""
    rows = rows[rows["days"] == "faults"]
    found = []
    for _, nights in rows.groupby(["seed", "arm"]):
        by_night = nights.set_index("night")
        for night, fault in by_night.loc[by_night["fault"] != "", "fault"].items():
            for since in range(-BEFORE, AFTER + 1):
                if night + since in by_night.index:
                    row = by_night.loc[night + since]
                    found.append((fault, row["arm"], since, row["excess"]))
    table = pd.DataFrame(found, columns=["fault", "arm", "since", "excess"])
    return table.groupby(["fault", "arm", "since"], as_index=False)["excess"].mean()


def picture(means: pd.DataFrame, titles: Mapping[str, str], theme: str) -> str:
    """Returns the SVG of `around`'s means; what is above a plot is written at its top."""
    colours, lines = _THEMES[theme]
    parts = [
        *palette.opening(
            WIDTH,
            HEIGHT,
            "Regret above the usual around six faults, of four ways to train",
            colours,
        ),
    ]
    for place, (arm, title) in enumerate(titles.items()):
        x = _LEFT + place * 170
        parts.append(f'<path d="M{x} 20h22" stroke="{lines[arm]}" stroke-width="3"/>')
        parts.append(f'<text x="{x + 28}" y="24" fill="{colours["text"]}">{title}</text>')
    for place, fault in enumerate(sorted(set(means["fault"]))):
        left = _LEFT + place % 3 * (_PLOT + _GAP)
        top = _TOP + place // 3 * (_TALL + 48)
        parts += _plot(means[means["fault"] == fault], str(fault), left, top, colours, lines)
    words = "nights since the fault; mean over seeds of the regret above the usual"
    parts.append(
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle" '
        f'fill="{colours["text"]}">{words}</text>'
    )
    return "\n".join([*parts, "</svg>\n"])


def _plot(
    means: pd.DataFrame,
    fault: str,
    left: int,
    top: int,
    colours: Mapping[str, str],
    lines: Mapping[str, str],
) -> Iterator[str]:
    text = f'fill="{colours["text"]}"'
    yield f'<text x="{left}" y="{top - 8}" font-weight="600" {text}>{fault}</text>'
    for level in (0.0, 0.05, 0.1, 0.15):
        y = _y(level, top)
        yield f'<path d="M{left} {y}h{_PLOT}" stroke="{colours["grid"]}"/>'
        if left == _LEFT:
            yield f'<text x="{left - 8}" y="{y + 4}" text-anchor="end" {text}>{level:.2f}</text>'
    for since in range(-BEFORE, AFTER + 1):
        x = _x(since, left)
        yield f'<text x="{x}" y="{top + _TALL + 16}" text-anchor="middle" {text}>{since}</text>'
    for arm, colour in lines.items():
        mine = means[means["arm"] == arm].sort_values("since")
        pairs = zip(mine["since"], mine["excess"], strict=True)
        points = [(_x(int(s), left), _y(float(e), top)) for s, e in pairs]
        path = "M" + "L".join(f"{x} {y}" for x, y in points)
        yield f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
    for since, above in means[means["excess"] > _HIGHEST].groupby("since")["excess"].max().items():
        x = _x(int(str(since)), left) + 6
        yield f'<text x="{x}" y="{top + 10}" {text}>to {above:.2f}</text>'


def _x(since: int, left: int) -> float:
    return round(left + 14 + (since + BEFORE) / (BEFORE + AFTER) * (_PLOT - 28), 1)


def _y(excess: float, top: int) -> float:
    low = -0.02
    share = (min(max(excess, low), _HIGHEST) - low) / (_HIGHEST - low)
    return round(top + _TALL - share * _TALL, 1)


def write(rows: pd.DataFrame, titles: Mapping[str, str], folder: Path) -> list[Path]:
    """Writes the pictures, light and dark; returns their paths."""
    means, paths = around(rows), []
    for theme in _THEMES:
        paths.append(folder / f"thirty_nights_{theme}.svg")
        paths[-1].write_text(picture(means, titles, theme), "utf-8")
    return paths
