"""What a comparison found, in lines for a terminal."""

from collections.abc import Iterator
from pathlib import Path

_PAGE = "report.html"


def lines(workdir: Path) -> Iterator[str]:
    """Yields the answer, which begins the report, and where the whole report is."""
    answer, _, _ = (workdir / "report.md").read_text("utf-8").partition("\n## ")
    yield answer.strip().removeprefix("# ").replace("**", "")
    yield f"\n{workdir / _PAGE}"


def failures(failed: int, planned: int, workdir: Path) -> str:
    """Returns what to say of the runs that failed; "" if none did."""
    if not failed:
        return ""
    return (
        f"{failed:,} of {planned:,} runs failed and are in no number of the "
        f"report; {workdir / _PAGE} says why; the same command tries them again"
    )
