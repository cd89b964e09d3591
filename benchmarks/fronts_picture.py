"""Methods of weighing tasks beside fixed weights, a picture: `python -m benchmarks.fronts_picture`.

Draws what the pages' raw data hold: every safeguard at the rates that no other of its own rates
beats on validation, the mean over seeds on test. What is far off is counted and not drawn.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from absl import flags

from benchmarks import palette
from benchmarks.fronts import chosen, points, weights_of
from ranker.cli import program

_FOLDER = flags.DEFINE_string("folder", "docs/img", "Where the two pictures go.")
_WIDTH, _HEIGHT, _WIDE, _TALL, _TOP = 760, 400, 290, 260, 66
_THEMES = {
    "light": (palette.LIGHT, {"fixed": "#8c959f", "method": "#1f6feb", "wide": "#b8860b"}),
    "dark": (palette.DARK, {"fixed": "#6e7681", "method": "#79c0ff", "wide": "#e3b341"}),
}
_KINDS = {"fixed": "fixed weights", "method": "methods", "wide": "the plain sum, twice the width"}
_WIDER, _NAMED = "larger", "fair_grad"


class Panel(NamedTuple):
    """A study and two of its criteria.

    Attributes:
      name: of the comparison, and of its raw data.
      title: what is written above.
      criteria: of all that the rows were chosen by; x and y are the places of two of them.
      x_range, y_range: what is drawn; the second number is the better.
    """

    name: str
    data: str
    title: str
    criteria: Sequence[str]
    x: int
    y: int
    x_range: tuple[float, float]
    y_range: tuple[float, float]


PANELS = (
    Panel(
        "compare_tasks", "task_methods_movielens", "MovieLens-100K, two tasks",
        ("like.auc", "rating.rmse"), 0, 1, (0.793, 0.801), (0.987, 0.979),
    ),
    Panel(
        "compare_tasks_kuairand", "task_methods_kuairand", "KuaiRand, two of seven tasks",
        ("click.auc", "long_view.auc", "like.auc", "profile_enter.auc"), 2, 3,
        (0.65, 0.85), (0.62, 0.74),
    ),
)  # fmt: skip


def means(panel: Panel) -> tuple[pd.DataFrame, set[str]]:
    """Returns the means on test of the points that count, and the names of the fixed weights."""
    found = pd.read_csv(f"docs/results/{panel.data}.csv")
    _, fixed = weights_of(tomllib.loads(Path(f"configs/{panel.name}.toml").read_text("utf-8")))
    validation, _ = points(found, [f"validation {name}" for name in panel.criteria])
    test, _ = points(found, [f"test {name}" for name in panel.criteria])
    return test.loc[chosen(validation).index].abs(), fixed


def picture(theme: str) -> str:
    """Returns the SVG."""
    colours, dots = _THEMES[theme]
    text = f'fill="{colours["text"]}"'
    parts = [
        *palette.opening(
            _WIDTH,
            _HEIGHT,
            "What methods of weighing tasks reach in two tasks, beside fixed weights",
            colours,
        ),
    ]
    for place, (kind, said) in enumerate(_KINDS.items()):
        x = 70 + place * 170
        parts.append(f'<circle cx="{x}" cy="20" r="5" fill="{dots[kind]}"/>')
        parts.append(f'<text x="{x + 12}" y="24" {text}>{said}</text>')
    for place, panel in enumerate(PANELS):
        parts += _panel(panel, 66 + place * (_WIDE + 96), colours, dots)
    return "\n".join([*parts, "</svg>\n"])


def _panel(
    panel: Panel, left: int, colours: Mapping[str, str], dots: Mapping[str, str]
) -> Iterator[str]:
    text = f'fill="{colours["text"]}"'
    yield f'<text x="{left}" y="{_TOP - 12}" font-weight="600" {text}>{panel.title}</text>'
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = left + share * _WIDE, _TOP + _TALL - share * _TALL
        low, high = panel.y_range
        yield f'<path d="M{left} {y}h{_WIDE}M{x} {_TOP}v{_TALL}" stroke="{colours["grid"]}"/>'
        said = f"{low + share * (high - low):.3f}"
        yield f'<text x="{left - 8}" y="{y + 4}" text-anchor="end" {text}>{said}</text>'
        low, high = panel.x_range
        said = f"{low + share * (high - low):.3f}"
        yield f'<text x="{x}" y="{_TOP + _TALL + 18}" text-anchor="middle" {text}>{said}</text>'
    x_name, y_name = (panel.criteria[k].replace(".", " ").upper() for k in (panel.x, panel.y))
    where = f'x="{left + _WIDE / 2}" y="{_TOP + _TALL + 40}" text-anchor="middle"'
    yield f"<text {where} {text}>across: {_words(x_name)}; up: {_words(y_name)}</text>"
    yield from _points(panel, left, text, dots)


def _points(panel: Panel, left: int, text: str, dots: Mapping[str, str]) -> Iterator[str]:
    test, fixed = means(panel)
    far, best = set(), (0.0, 0.0)
    order = test.sort_index(key=lambda names: [name not in fixed for name in names], level=0)
    for (name, _), row in order.iterrows():
        x, y = (
            (row.iloc[k] - low) / (high - low)
            for k, (low, high) in ((panel.x, panel.x_range), (panel.y, panel.y_range))
        )
        kind = "fixed" if name in fixed else "wide" if name == _WIDER else "method"
        if 0 <= x <= 1 and 0 <= y <= 1:
            place = round(left + x * _WIDE, 1), round(_TOP + _TALL - y * _TALL, 1)
            best = max(best, place) if name == _NAMED else best
            yield f'<circle cx="{place[0]}" cy="{place[1]}" r="4.5" fill="{dots[kind]}"/>'
        elif kind == "method":
            far.add(name)
    yield f'<text x="{best[0] + 8}" y="{best[1] - 6}" text-anchor="end" {text}>{_NAMED}</text>'
    if far:
        where = f'x="{left + 6}" y="{_TOP + _TALL - 8}"'
        yield f"<text {where} {text}>not shown, below or left: {', '.join(sorted(far))}</text>"


def _words(criterion: str) -> str:
    task, metric = criterion.rsplit(" ", 1)
    return f"{metric} of {task.lower()}"


def main(_: Sequence[str]) -> int:
    """Writes the pictures, light and dark; returns the exit code."""
    try:
        for theme in _THEMES:
            path = Path(_FOLDER.value) / f"task_fronts_{theme}.svg"
            path.write_text(picture(theme), "utf-8")
            print(path)
    except (ValueError, OSError, KeyError) as error:
        return program.refuse(error)
    return 0


if __name__ == "__main__":
    program.run(main)
