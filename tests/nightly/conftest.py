"""A job after three good nights, for the tests that look at it or go on."""

import shutil

import pytest
from nights import night, write_day, write_job


@pytest.fixture(scope="session")
def three(tmp_path_factory):
    """Three good nights; the users of the second are partly new, and those do not come again."""
    folder = tmp_path_factory.mktemp("nightly")
    write_job(folder)
    for date, users in (("2026-11-01", 30), ("2026-11-02", 45), ("2026-11-03", 30)):
        write_day(folder, date, users=users)
        night(folder, date)
    return folder


@pytest.fixture
def job(three, tmp_path):
    """A copy of it, for a test that goes on."""
    folder = tmp_path / "copy"
    shutil.copytree(three, folder)
    for path in folder.glob("*.toml"):
        path.write_text(path.read_text().replace(str(three), str(folder)))
    return folder
