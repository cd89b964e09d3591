"""Performance profiles: who reaches the target, within how many times the fastest."""

from collections.abc import Mapping

from ranker.compare.report.palette import Style
from ranker.compare.report.panel import Figure, Panel, axis, escaped, figure, numbers
from ranker.compare.summary import Profile, Summary


def panels(summary: Summary, styles: Mapping[str, Style]) -> list[Panel]:
    """Returns the profile by attempts and the one by seconds."""
    return [
        Panel(title=title, keys={}, figure=steps(profile, styles, unit))
        for title, profile, unit in (
            ("By attempts: how well a batch is used", summary.by_attempts, "attempts"),
            ("By seconds: the price of each attempt included", summary.by_seconds, "seconds"),
        )
    ]


def steps(profile: Profile, styles: Mapping[str, Style], unit: str) -> Figure:
    """Returns a profile as steps; where lines coincide, the wider one stays visible below."""
    names = [name for name in styles if name in profile.shares]
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": escaped(name),
            "x": numbers(profile.taus),
            "y": numbers(profile.shares[name]),
            "line": {
                "color": styles[name].colour,
                "dash": styles[name].dash,
                "shape": "hv",
                "width": 2 + 5 * (len(names) - 1 - i) / max(1, len(names) - 1),
            },
            "hovertemplate": "%{y:.0%} of workloads within %{x:.2f} times the fastest",
        }
        for i, name in enumerate(names)
    ]
    shares = axis("share of workloads solved", range=[-0.03, 1.03], tickformat=".0%")
    times = axis(f"{unit} to target, in multiples of the fastest")
    return figure(traces, xaxis=times, yaxis=shares)
