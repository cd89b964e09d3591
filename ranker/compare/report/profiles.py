"""Performance profiles: who reaches the target, within how many times the fastest."""

from collections.abc import Mapping

from ranker.compare.summary import Profile, Summary
from ranker.report.figures import Axis, Line, Style, chart
from ranker.report.panel import Panel

FEWEST = 3  # workloads; of fewer a profile is a table of one or two numbers, drawn


def panels(summary: Summary, styles: Mapping[str, Style]) -> list[Panel]:
    """Returns the profile by attempts; none of fewer than 3 workloads.

    There is none by seconds: runs share their cores, so their times say little.
    """
    if len({cell.workload for cell in summary.cells}) < FEWEST:
        return []
    title = "By attempts: how well a batch is used"
    return [steps(title, summary.by_attempts, styles, "attempts")]


def steps(title: str, profile: Profile, styles: Mapping[str, Style], unit: str) -> Panel:
    """Returns a profile as steps; where lines coincide, the wider one stays visible below."""
    names = [name for name in styles if name in profile.shares]
    lines = [
        Line(
            name=name,
            x=profile.taus,
            y=profile.shares[name],
            look=styles[name],
            is_step=True,
            width=2 + 5 * (len(names) - 1 - i) / max(1, len(names) - 1),
        )
        for i, name in enumerate(names)
    ]
    across = Axis(
        title=f"{unit} to target, in multiples of the fastest",
        low=min(profile.taus),
        high=max(max(profile.taus), min(profile.taus) + 1e-9),
    )
    ticks = ((0.0, "0%"), (0.25, "25%"), (0.5, "50%"), (0.75, "75%"), (1.0, "100%"))
    up = Axis(title="share of workloads solved", low=-0.03, high=1.03, ticks=ticks)
    return Panel(title=title, figure=chart(lines, x=across, y=up, label=title, height=240))
