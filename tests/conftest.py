"""What tests of several packages share."""

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from fuzz import CASES
from tiny_dataset import write_tiny

import ranker.legacy_keras  # noqa: F401 (tests use tf.keras; those of Keras 3 run apart)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like the ones `pipelines.prepare` writes."""
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def files_of_at_most() -> Callable[[int], AbstractContextManager]:
    """Makes a context in which the system refuses to let a file grow beyond so many bytes.

    As on a full disk, the write fails with an error that names no file (EFBIG in place
    of ENOSPC), also inside Arrow and TensorFlow.
    """

    @contextmanager
    def limit(num_bytes: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limit


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files that take long first, so that processes that share them end together."""
    slow, runs = (
        {item.path for item in items if item.get_closest_marker(name)} for name in ("slow", "runs")
    )
    items.sort(key=lambda item: (item.path not in slow, item.path not in runs))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hands the counted fuzz cases from a worker of pytest-xdist to who started it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["cases"] = dict(CASES)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Adds what a worker counted; one that crashed tells nothing."""
    CASES.update(getattr(node, "workeroutput", {}).get("cases", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells how many cases the fuzz tests ran."""
    if CASES:
        doors = ", ".join(f"{count:,} of {door}" for door, count in sorted(CASES.items()))
        terminalreporter.write_line(f"fuzzed {CASES.total():,} cases: {doors}")
