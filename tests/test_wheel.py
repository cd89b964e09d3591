"""The wheel: whole, with nothing beside, and its command works in an empty folder."""

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import ranker
from ranker.files.commit import of_checkout

ROOT = Path(__file__).parents[1]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
BUILD = [sys.executable, "-m", "hatchling", "build"]


def run(*command, cwd=ROOT, code=0, **variables):
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(*BUILD, "-t", "wheel", "-d", folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """What is installed of the wheel, to be put on the path of Python."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    run(*pip, "--target", folder, wheel)
    return folder


@pytest.fixture
def stranger(tmp_path):
    """An empty folder in a repository that is not ours."""
    run("git", "init", "-q", cwd=tmp_path)
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    run("git", *identity, "commit", "-q", "--allow-empty", "-m", "theirs", cwd=tmp_path)
    return tmp_path


def contents(path):
    """Returns the files of a folder by name, but for what Python and git leave there."""
    found = (p.relative_to(path) for p in path.rglob("*") if p.is_file())
    return {str(p) for p in found if "__pycache__" not in p.parts}


@pytest.mark.runs
def test_it_has_the_package_and_the_configs_and_nothing_beside(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert len(names) == len(set(names))
    wanted = {f"ranker/{name}" for name in contents(ROOT / "ranker")}
    wanted |= {f"ranker/configs/{name}" for name in contents(ROOT / "configs")}
    wanted |= {"ranker/commit.txt"} if of_checkout(ROOT) else set()
    assert {name for name in names if ".dist-info/" not in name} == wanted
    assert "ranker/py.typed" in wanted


@pytest.mark.runs
def test_it_says_what_it_is(wheel):
    archive = zipfile.ZipFile(wheel)
    about = f"ranker_trainer-{ranker.__version__}.dist-info"
    told = archive.read(f"{about}/METADATA").decode().splitlines()
    assert f"Version: {ranker.__version__}" in told
    assert "License-Expression: Apache-2.0" in told
    assert {line[15:] for line in told if line.startswith("Provides-Extra")} == {
        " train", " compare", " ray", " dev",
    }  # fmt: skip
    licence = archive.read(f"{about}/licenses/LICENSE").decode()
    assert licence.split()[:4] == ["Apache", "License", "Version", "2.0,"]
    entry = archive.read(f"{about}/entry_points.txt").decode()
    assert "ranker = ranker.cli.command:main" in entry


@pytest.mark.runs
def test_one_that_is_built_of_an_sdist_has_its_commit(wheel, tmp_path):
    run(*BUILD, "-t", "sdist", "-d", tmp_path)
    source = next(tmp_path.glob("*.tar.gz"))
    with tarfile.open(source) as archive:
        archive.extractall(tmp_path, filter="data")
    run(*BUILD, "-t", "wheel", "-d", tmp_path, cwd=tmp_path / source.name.removesuffix(".tar.gz"))
    again = zipfile.ZipFile(next(tmp_path.glob("*.whl")))
    first = zipfile.ZipFile(wheel)
    assert set(again.namelist()) == set(first.namelist())
    assert again.read("ranker/commit.txt") == first.read("ranker/commit.txt")


@pytest.mark.runs
def test_its_command_works_in_an_empty_folder(installed, stranger):
    def call(*words, code=0):
        path = str(installed)
        return run(installed / "bin/ranker", *words, cwd=stranger, code=code, PYTHONPATH=path)

    assert "ranker train --config=quick" in call("--help").stdout
    assert "quick" in [line.split()[0] for line in call("configs").stdout.splitlines()]
    checked = call("train", "--config=quick", "--check")
    assert 'path = "data/movielens-100k"' in checked.stdout
    refused = call("train", "--config=quik", code=2).stderr.splitlines()
    assert len(refused) == 1
    assert "did you mean quick?" in refused[0]
    unprepared = call("train", "--config=quick", "--workdir=run", code=2).stderr.splitlines()
    assert unprepared[-1].endswith("This prepares them: ranker prepare --dataset=movielens-100k")


@pytest.mark.runs
def test_it_records_its_commit_and_not_that_of_where_one_stands(installed, stranger):
    code = "from ranker import files; print(files.environment(seed=0, command=[])['commit'])"
    told = run(sys.executable, "-c", code, cwd=stranger, PYTHONPATH=str(installed)).stdout.strip()
    assert told == (of_checkout(ROOT) or "unknown")
    version = run(installed / "bin/ranker", "--version", cwd=stranger, PYTHONPATH=str(installed))
    assert version.stdout.split() == ["ranker", f"{ranker.__version__},", "commit", told]


def test_every_page_that_names_a_version_names_this_one():
    cited = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {ranker.__version__}\n" in cited
    headings = re.findall(r"^## \[(\d[\d.]*)\] - (\S+)$", CHANGELOG, re.MULTILINE)
    assert headings[0][0] == ranker.__version__
    assert f"\ndate-released: {headings[0][1]}\n" in cited


def test_continuous_integration_has_each_python_that_is_claimed():
    claimed = re.findall(r"Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text("utf-8"))
    workflow = (ROOT / ".github/workflows/ci.yml").read_text("utf-8")
    assert f"python: {json.dumps(claimed)}\n" in workflow
    assert "run: .ci/run\n" in workflow
    assert "run: make lowest\n" in workflow
