"""What is installed: all that is imported, without known holes, and a lock of it by hash."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ranker.cli import sentences

ROOT = Path(__file__).parents[1]
# The first version without a published vulnerability, of those that had one within our ranges.
CLEAN = {"jinja2": (3, 1, 6), "tqdm": (4, 66, 3), "werkzeug": (3, 1, 4), "requests": (2, 32, 4)}


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RUN = ("train", "compare")
# The safeguards, in a loop of one's own.
ALONE = ("optim", "guard", "numerics.py", "adapt", "keras")
# Where it is not the package's name with hyphens, or it comes with another.
DISTRIBUTIONS = {"absl": "absl-py", "keras": "tensorflow"}


def distribution(package):
    return DISTRIBUTIONS.get(package, package.replace("_", "-"))


def version(text):
    return tuple(int(part) for part in re.findall(r"\d+", text))


def asked(*extras):
    """Returns what pyproject.toml asks for: lowest version and upper bound by name."""
    optional = PROJECT["optional-dependencies"]
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in optional[extra])]
    found = [re.fullmatch(r"([a-z0-9-]+)>=([\d.]+),<([\d.]+)", line) for line in lines]
    return {m[1]: (version(m[2]), version(m[3])) for m in found if m}


def imported(paths):
    """Returns the packages that files import, but for the standard library and ours."""
    found = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"ranker"}


def locked():
    text = (ROOT / "requirements-lock.txt").read_text()
    return {name: version(v) for name, v in re.findall(r"^([a-z0-9-]+)==([\d.]+)", text, re.M)}


def test_the_lowest_versions_have_no_known_hole():
    for name, (lowest, _) in asked(*RUN).items():
        assert lowest >= CLEAN.get(name, ()), name


def test_the_lock_holds_everything_asked_for_in_its_range_and_nothing_with_a_known_hole():
    lock = locked()
    for name, (lowest, above) in asked(*RUN).items():
        assert lowest <= lock[name] < above, name
    for name, clean in CLEAN.items():
        assert lock[name] >= clean, name


def test_every_line_of_the_lock_has_hashes_and_none_a_place():
    text = (ROOT / "requirements-lock.txt").read_text()
    assert len(re.findall(r"^\S+==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.M)) == len(
        locked()
    )
    assert "://" not in text


def test_every_package_that_is_imported_is_asked_for():
    packages = imported((ROOT / "ranker").rglob("*.py"))
    assert set(map(distribution, packages)) <= set(asked(*RUN, "ray"))


def test_the_safeguards_alone_ask_for_no_more_than_they_import():
    paths = [p for name in ALONE for p in (ROOT / "ranker").glob(f"{name.removesuffix('.py')}*")]
    files = [f for p in paths for f in (p.rglob("*.py") if p.is_dir() else [p])]
    files += (ROOT / "ranker/spec").rglob("*.py")
    assert set(map(distribution, imported(files))) == set(asked())


@pytest.mark.runs
@pytest.mark.parametrize("module", ["optim", "guard", "numerics"])
def test_a_safeguard_alone_is_imported_where_nothing_else_is_installed(module):
    extras = {package for packages in sentences.EXTRAS.values() for package in packages}
    missing = dict.fromkeys(extras - {"absl"})  # which TensorFlow needs too
    code = f"import sys; sys.modules |= {missing}; import ranker.{module}"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_what_is_told_of_a_missing_package_is_the_extra_that_brings_it():
    assert PROJECT["name"] == sentences.DISTRIBUTION
    for extra, packages in sentences.EXTRAS.items():
        assert set(map(distribution, packages)) == set(asked(extra)) - set(asked())


@pytest.mark.parametrize(("name", "extra"), [("", "compare"), ("-dev", "dev")])
def test_requirements_say_nothing_of_their_own(name, extra):
    lines = (ROOT / f"requirements{name}.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == [f"--editable .[{extra}]"]
