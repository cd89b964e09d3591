"""A finished run whose export is not whole any more exports again, and loses no metrics."""

import shutil

import pytest
from small_jobs import MODEL, SMALL, read_settings, run, write_settings
from tiny_dataset import write_tiny

from ranker import job, train, wiring
from ranker.serve.manifest import write_manifest
from ranker.serve.origin import write_origin

pytestmark = pytest.mark.slow  # each test is a run or two


def start(config, workdir):
    workdir.mkdir(exist_ok=True)
    job.open_run_directory(config, workdir, command=[])
    return run(config, workdir)


EXPORTS = {
    "deleted": shutil.rmtree,
    "variables deleted": lambda path: shutil.rmtree(path / "variables"),
    "one byte changed": lambda path: flip(path / "variables/variables.data-00000-of-00001"),
    "manifest deleted": lambda path: (path / "assets.extra/manifest.json").unlink(),
    "of another run": lambda path: claim(path, {"config_sha256": "another's"}),
}


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def claim(version, origin):
    """Gives a whole export the word that it is of another run."""
    write_origin(version, origin)
    write_manifest(version)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A run with its export, and the data that it was made with, to be copied."""
    folder = tmp_path_factory.mktemp("exported")
    (folder / "data").mkdir()
    write_tiny(folder / "data")
    write_settings(folder / "config.toml", SMALL + MODEL + "[train]\nmax_attempts = 5\n", "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("ranker.serve.saved_model.check_in_fresh_process", lambda *_, **__: None)
        config = read_settings(folder / "config.toml", "export.enabled=true")
        start(config, folder / "run")
    return folder


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_that_is_not_whole_is_written_again_by_the_same_command(
    exported, tmp_path, monkeypatch, name
):
    there = shutil.copytree(exported, tmp_path / "copy")
    monkeypatch.chdir(there)
    monkeypatch.setattr("ranker.serve.saved_model.check_in_fresh_process", lambda *_, **__: None)
    config = read_settings(there / "config.toml", "export.enabled=true")
    before = wiring.finished(config, there / "run")
    assert before["export"] == str(there / "run/export/1")  # of the copy, not of the first
    EXPORTS[name](there / "run/export/1")
    said = []
    assert wiring.finished(config, there / "run", say=said.append) is None
    assert said == [f"{there}/run/export/1: gone, damaged or of another run: exporting again"]
    (there / "data").rename(there / "away")
    with pytest.raises(FileNotFoundError):
        job.run_job(
            config,
            there / "run",
            is_stopping=lambda: False,
            say=lambda line: None,
            sentence=lambda error: f"said of {type(error).__name__}",
        )
    result = train.read_result(there / "run")
    assert (result["status"], result["reason"]) == ("failed", "said of FileNotFoundError")
    assert result["metrics"] == before["metrics"]
    assert "export" not in result
    (there / "away").rename(there / "data")
    again = start(config, there / "run")
    assert again["metrics"] == before["metrics"]
    assert wiring.finished(config, there / "run") == again
    assert "reason" not in again
