"""What tests of several rooms share."""

from pathlib import Path

import pytest
from fuzz import CASES
from tiny_dataset import write_tiny


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the ones `pipelines.prepare` writes."""
    return write_tiny(tmp_path_factory.mktemp("tiny"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells how many cases the fuzz tests ran."""
    if CASES:
        doors = ", ".join(f"{count:,} of {door}" for door, count in sorted(CASES.items()))
        terminalreporter.write_line(f"fuzzed {CASES.total():,} cases: {doors}")
