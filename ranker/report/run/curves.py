"""A run's curves: losses, validation, rates, norms and clip factors, with what intervened."""

import math
from collections.abc import Mapping, Sequence

from ranker.report import text
from ranker.report.figures import Axis, Line, Mark, Span, chart, fit, heat_map, style
from ranker.report.figures.heat import shortened
from ranker.report.panel import Panel
from ranker.report.run.interventions import marks, spans
from ranker.report.run.pulls import COSINE, NORM, WEIGHT
from ranker.report.run.quality import main_metrics
from ranker.report.run.record import Record
from ranker.report.run.series import Series, as_number

_RISE = 100.0  # a loss axis ends at this many times the first loss
_LAYERS = 40  # rows of the map of clip factors
_METRICS = 8  # panels of validation
_LINES = 12  # of a panel
_OTHERS = 24  # panels of scalars that parts of any kind add
_ELSEWHERE = (
    "gradient_norm/",
    "update_norm",
    *(p.removeprefix("scalars/") for p in (NORM, COSINE, WEIGHT)),
)


class Curves:
    """Draws every panel of a run on one axis of attempts, with the same marks."""

    def __init__(self, record: Record) -> None:
        """Takes the run."""
        self._steps = record.logs.steps
        self._evaluations = record.logs.evaluations
        self._record = record
        end = max([1.0, record.logs.attempt])
        self._x = Axis(title="attempt", low=0.0, high=end)
        self.marks: list[Mark] = marks(record.logs.events)
        self.spans: list[Span] = spans(record.logs.events, end)

    def training(self) -> list[Panel]:
        """Returns the training losses, the rates and the norms."""
        losses = self._under("losses/") or {"loss": self._steps.get("loss", Series([], []))}
        groups = self._groups()
        rates = {
            groups[index] if index < len(groups) else f"group {index}": series
            for index, series in enumerate(self._under("learning_rates/").values())
        }
        norms = (
            {"all gradients": self._steps["gradient_norm"]}
            if "gradient_norm" in self._steps
            else {}
        )
        scalars = self._under("scalars/")
        norms |= {
            name.removeprefix("gradient_norm/"): series
            for name, series in scalars.items()
            if name.startswith("gradient_norm/")
        }
        update = {"update": scalars["update_norm"]} if "update_norm" in scalars else {}
        pace = {"pace": self._steps.get("attempts_per_second", Series([], []))}
        panels = [
            self._panel("Training loss by task", losses, "loss of the logged attempts", rise=_RISE),
            self._panel("Learning rates", rates, "learning rate"),
            self._panel("Gradient norms, before clipping", norms, "norm", is_log=True),
            self._panel("Update norm", update, "norm", is_log=True),
            self._panel("Attempts a second, evaluations and pauses included", pace, "attempts/s"),
        ]
        return [panel for panel in panels if panel is not None]

    def validation(self) -> list[Panel]:
        """Returns the metrics on validation, a panel a metric."""
        by_metric: dict[str, dict[str, Series]] = {}
        for key, series in self._evaluations.items():
            task, _, metric = key.rpartition("/")
            if task:
                by_metric.setdefault(metric, {})[task] = series
        loss = {"loss": self._evaluations["loss"]} if "loss" in self._evaluations else {}
        panels = [self._panel("Validation loss", loss, "loss", rise=_RISE, is_best=True)]
        for metric in main_metrics(dict.fromkeys(by_metric, 0.0))[:_METRICS]:
            of = by_metric[metric]
            panels.append(self._panel(f"Validation {metric}", of, metric, is_best=True))
        return [panel for panel in panels if panel is not None]

    def pulls(self) -> list[Panel]:
        """Returns the tasks' gradients: their norms, cosines and weights; [] if not measured."""
        panels = [
            self._panel("Norm of each task's gradient", _reported(self._under(NORM)), "norm"),
            self._panel("Cosine of each pair of tasks", _reported(self._under(COSINE)), "cosine"),
            self._panel("Weight of each task", _reported(self._under(WEIGHT)), "weight"),
        ]
        return [panel for panel in panels if panel is not None]

    def added(self) -> tuple[list[Panel], int]:
        """Returns the scalars that no other panel has, a panel of each group: whatever a part of
        the run, or of a plug-in, adds under "<group>/<name>"; and how many groups have none."""
        groups: dict[str, dict[str, Series]] = {}
        for name, series in _reported(self._under("scalars/")).items():
            if not name.startswith(_ELSEWHERE):
                group, _, last = name.rpartition("/")
                groups.setdefault(group or last, {})[last] = series
        panels = [self._panel(group, of, "value") for group, of in groups.items()]
        shown = [panel for panel in panels if panel is not None]
        return shown[:_OTHERS], max(0, len(shown) - _OTHERS)

    def factors(self) -> Panel | None:
        """Returns the clip factors by layer; None if nothing was clipped in what was logged."""
        layers = self._under("clip_factors/")
        clipped = {n: s for n, s in layers.items() if any(v < 1 for v in s.y)}
        if not clipped:
            return None
        worst = sorted(clipped, key=lambda n: sum(v for v in clipped[n].y if v == v))[:_LAYERS]
        names = [n for n in clipped if n in worst]
        x = sorted({at for n in names for at in clipped[n].x})
        rows = []
        for n in names:
            known = dict(zip(*clipped[n], strict=True))
            rows.append([known.get(at, math.nan) for at in x])
        note = f"{len(clipped):,} of {text.plural(len(layers), 'layer')} were clipped at all"
        note += f"; the {_LAYERS} most clipped are shown." if len(clipped) > _LAYERS else "."
        figure = heat_map(names, x, rows, axis=self._x, label="Clip factors by layer and attempt")
        return Panel(title="Clip factors by layer", figure=figure, note=note, is_wide=True)

    def _under(self, prefix: str) -> dict[str, Series]:
        return {n.removeprefix(prefix): s for n, s in self._steps.items() if n.startswith(prefix)}

    def _groups(self) -> Sequence[str]:
        """Returns the names of the groups of variables, in the order of their rates."""
        rates = self._under("scalars/gradient_norm/")
        return list(rates)

    def _panel(
        self,
        title: str,
        series: Mapping[str, Series],
        unit: str,
        *,
        rise: float = math.inf,
        is_log: bool | None = None,
        is_best: bool = False,
    ) -> Panel | None:
        """Returns a panel of lines; None if no value is finite."""
        shown = dict(list(series.items())[:_LINES])
        values = [v for s in shown.values() for v in s.y]
        if not any(map(math.isfinite, values)):
            return None
        y = fit(unit, values, rise=rise, is_log=is_log)
        y = (
            Axis(title=f"{unit}, by logarithm", low=y.low, high=y.high, is_log=True)
            if y.is_log
            else y
        )
        lines = _lines(shown)
        best = as_number(self._record.result.get("best_attempt"))
        added = (
            [Mark(best, "best", f"best model: attempt {best:,.0f}")] if is_best and best > 0 else []
        )
        left = len(series) - len(shown)
        return Panel(
            title=title,
            figure=chart(
                lines,
                x=self._x,
                y=y,
                label=title,
                marks=[*self.marks, *added],
                spans=self.spans,
                height=150 if is_best else 200,
            ),
            legend=[(line.look, shortened(line.name)) for line in lines] if len(lines) > 1 else (),
            note=f"{text.plural(left, 'more line')} left out." if left else "",
        )


def _reported(series: Mapping[str, Series]) -> dict[str, Series]:
    """Returns series without the attempts at which nothing was measured."""
    found = {}
    for name, (x, y) in series.items():
        indices = [index for index, value in enumerate(y) if not math.isnan(value)]
        found[name] = Series([x[index] for index in indices], [y[index] for index in indices])
    return found


def _lines(shown: Mapping[str, Series]) -> list[Line]:
    """Returns a line a series; one that lies on an earlier one is dashed, and that is wider."""
    values, lines = list(shown.values()), list[Line]()
    for index, (name, series) in enumerate(shown.items()):
        look, width = style(index), 2.0
        if series in values[:index]:
            look = look._replace(dash="7 7")
        elif series in values[index + 1 :]:
            width = 4.0
        lines.append(Line(name=name, x=series.x, y=series.y, look=look, width=width))
    return lines
