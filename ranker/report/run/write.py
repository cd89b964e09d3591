"""Writes a run's page."""

import datetime
from pathlib import Path

from ranker.files import write_text
from ranker.report import page
from ranker.report.figures import heat_key
from ranker.report.panel import Figures
from ranker.report.run import interventions, origin, pulls, quality, scores, verdict
from ranker.report.run.curves import Curves
from ranker.report.run.previous import previous_run
from ranker.report.run.record import Record, read_record

REPORT = "report.html"


def write_report(workdir: Path, *, against: Path | None = None, output: Path | None = None) -> Path:
    """Writes the page of the run in `workdir`, as a whole; returns where it is.

    Args:
      against: a run to set the metrics beside; None for the last one of the same settings in
        the folder that `workdir` is in.
      output: the file to write; None for report.html in `workdir`.

    Raises:
      FileNotFoundError: if there is no run in `workdir`, or in `against`.
      OSError: if something cannot be read or written.
    """
    record = read_record(workdir)
    last = previous_run(record) if against is None else read_record(against)
    path = output or workdir / REPORT
    write_text(path, render(record, last))
    return path


def render(record: Record, last: Record | None) -> str:
    """Returns the page of a run, its metrics beside those of `last`."""
    drawn = Curves(record)
    factors, (added, num_left) = drawn.factors(), drawn.added()
    return page.render(
        "run.html.j2",
        record=record,
        last=last,
        date=datetime.datetime.now().astimezone().strftime("%-d %B %Y, %H:%M"),
        verdict=verdict.verdict(record),
        tiles=verdict.tiles(record),
        attempts=verdict.num_attempts(record),
        beside=quality.beside(record, last),
        has_other_data=origin.has_other_data(record, last),
        symbols=interventions.symbols(drawn.marks),
        has_spans=bool(drawn.spans),
        training=Figures(tuple(drawn.training())),
        validation=Figures(tuple(drawn.validation())),
        pulls=Figures(tuple(drawn.pulls())),
        matrix=pulls.matrix(record),
        added=Figures(tuple(added)),
        num_left=num_left,
        factors=Figures((factors,) if factors else ()),
        heat_key=heat_key(),
        refusals=interventions.refusals(record.logs.events),
        others=interventions.others(record.logs.events),
        scores=Figures(tuple(scores.panels(record.scores))),
        segments=quality.segments(record),
        chosen=origin.chosen(record),
        data=origin.data(record, last),
        versions=origin.versions(record),
    )
