"""The commit that is recorded: the package's own, never that of where one stands."""

import subprocess

import pytest

from ranker import files
from ranker.files.commit import RECORDED

OURS = '[project]\nname = "ranker-trainer"\n'


def git(folder, *words):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def repository(folder, project):
    """Makes a repository with a package in it; returns the package and the commit."""
    package = folder / "ranker"
    package.mkdir(parents=True)
    (package / "code.py").touch()
    (folder / "pyproject.toml").write_text(project)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "one")
    return package, git(folder, "rev-parse", "HEAD")


@pytest.fixture
def ours(tmp_path):
    return repository(tmp_path / "ours", OURS)


def test_a_checkout_s_is_its_own_wherever_one_stands(ours, tmp_path, monkeypatch):
    package, commit = ours
    theirs, _ = repository(tmp_path / "theirs", "")
    monkeypatch.chdir(theirs)
    monkeypatch.setenv("GIT_DIR", str(theirs.parent / ".git"))
    assert files.commit(package) == commit
    assert len(commit) == 40


def test_what_differs_from_the_commit_is_told(ours):
    package, commit = ours
    (package / "more.py").touch()  # which git was not told of
    assert files.commit(package) == commit
    (package / "code.py").write_text("changed\n")
    assert files.commit(package) == f"{commit}-dirty"


def test_a_worktree_has_its_own(ours, tmp_path):
    package, _ = ours
    git(package, "worktree", "add", "-q", "-b", "two", str(tmp_path / "two"))
    git(tmp_path / "two", "commit", "-q", "--allow-empty", "-m", "two")
    assert files.commit(tmp_path / "two/ranker") == git(tmp_path / "two", "rev-parse", "HEAD")


@pytest.mark.parametrize("project", ['[project]\nname = "theirs"\n', ""])
def test_a_copy_in_somebody_else_s_repository_is_unknown(tmp_path, project):
    package, _ = repository(tmp_path / "theirs", project)
    assert files.commit(package) == "unknown"


def test_no_repository_or_no_git_is_unknown(ours, tmp_path, monkeypatch):
    package, _ = ours
    assert files.commit(tmp_path / "nowhere/ranker") == "unknown"
    monkeypatch.setenv("PATH", "")
    assert files.commit(package) == "unknown"


def test_what_the_build_recorded_goes_first(ours):
    package, _ = ours
    (package / RECORDED).write_text("abc123\n")
    assert files.commit(package) == "abc123"


def test_it_is_written_down_with_the_version():
    found = files.environment(seed=1, command=[])
    assert found["commit"] == files.commit()
    assert found["version"].count(".") == 2
