"""How many files of the package a new part touches: counted on the parts that there are.

docs/extend.md has the same table. A part's names are those of its declaration and of what acts;
a file is touched if its code says one of them. A dataset is a folder: its names are the folder's
and those on the command line, and files of the folder do not count.
"""

import ast
import re
from pathlib import Path

import pytest

from ranker.datasets.catalogue import _FOLDERS, DATASETS
from ranker.spec.aggregate import Aggregation
from ranker.spec.clip import Clip
from ranker.spec.inject import Injector
from ranker.spec.metric import Metric
from ranker.spec.model import Encoding, Interaction, Sharing
from ranker.spec.objective import Loss
from ranker.spec.part import kinds
from ranker.spec.rule import Rule, Schedule
from ranker.spec.run import RunConfig

ROOT = Path(__file__).parents[1]
assert RunConfig.kind == ""  # its modules register every family

MOST = {
    Loss: 2,
    Aggregation: 2,
    Clip: 2,
    Rule: 2,
    Schedule: 3,
    Injector: 2,
    Metric: 2,
    Interaction: 3,
    Sharing: 3,
}
# Beside where it is declared and where it acts: what else is made of a part, and why.
ALSO = {
    "Clippy": "guard.py (recovery's default clipper)",
    "Spam": "run.py, wiring/optimizer.py (the only one that is part of its rule too)",
    "Adagrad": "spec/optimizer.py (the default rule)",
    "Constant": "spec/optimizer.py (the default schedule)",
    "Mmoe": "spec/model.py",
    "CrossEntropy": "objective/losses.py (the loss of binary tasks where none is said)",
    "Squared": "objective/losses.py (the loss of regressions where none is said)",
    "Sum": "train/step.py (what is done where nothing is said)",
    "NoInteraction": "spec/model.py",
}


def names_in(path):
    """Returns the names that the code of a file says, not its docstrings."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names}
    return found


NAMES = {path: names_in(path) for path in ROOT.glob("ranker/**/*.py")}
PARTS = [
    (family, part)
    for family in MOST
    for part in kinds(family).values()
    if part.__module__.startswith("ranker.")
]


def touched(part):
    """Returns the files that say a part's names."""
    names = {part.__name__, part.acts.rpartition(".")[2]} - {""}
    return sorted(str(p.relative_to(ROOT)) for p, said in NAMES.items() if said & names)


@pytest.mark.parametrize(("family", "part"), PARTS, ids=lambda value: value.__name__)
def test_a_part_is_declared_in_one_file_and_acts_in_one(family, part):
    files = touched(part)
    assert len(files) <= MOST[family] or part.__name__ in ALSO, files


def test_most_parts_need_no_exception():
    assert len(ALSO) * 4 <= len(PARTS) + len(kinds(Encoding))


def words_in(path):
    """Returns the words of the code of a file: of its names and texts, not of its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    told = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in told:
            found |= set(re.findall(r"[\w-]+", node.value))
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found |= set(re.findall(r"\w+", ast.unparse(node)))
    return found


WORDS = {
    path: words_in(path) for path in ROOT.glob("ranker/**/*.py") if "cli" not in path.parts
}  # whose help gives examples


def touched_outside(folder):
    """Returns the files outside a dataset's folder that say its name, or those it declares."""
    place = ROOT.joinpath("ranker", "datasets", *folder.split("."))
    loads = f"ranker.datasets.{folder}."
    names = {name for name, dataset in DATASETS.items() if dataset.load.startswith(loads)}
    said = {place.name, *names}
    return [path for path, words in WORDS.items() if words & said and place not in path.parents]


# "table" is a word of its own in many files.
@pytest.mark.parametrize("folder", [folder for folder in _FOLDERS if folder != "table"])
def test_a_dataset_is_one_folder_and_one_line(folder):
    catalogue = ROOT / "ranker" / "datasets" / "catalogue.py"
    also = {ROOT / "ranker" / "spec" / "run.py"} if folder == "public.movielens" else set()
    assert set(touched_outside(folder)) - also == {catalogue}  # also: its data are the default
    lines = catalogue.read_text("utf-8").splitlines()
    name = folder.rpartition(".")[2]
    assert len([line for line in lines if re.search(rf"\b{name}\b", line)]) == 1


def test_the_documents_table_says_what_is_counted():
    table = (ROOT / "docs" / "extend.md").read_text("utf-8")
    folder_and_line = "1 folder, `datasets/public/NAME/`, and 1 line in `datasets/catalogue.py`"
    assert f"| dataset | {folder_and_line} | 1 |" in table
    said = dict(re.findall(r"^\| (\w+) \|[^|]*\| (\d) \|", table, re.MULTILINE))
    words = {Loss: "loss", Aggregation: "aggregation", Clip: "clipper", Rule: "rule",
             Schedule: "schedule", Injector: "injector",
             Metric: "metric", Interaction: "interaction", Sharing: "sharing"}  # fmt: skip
    for family, word in words.items():
        counts = [len(touched(p)) for f, p in PARTS if f is family and p.__name__ not in ALSO]
        assert int(said[word]) == max(counts, default=MOST[family]), (word, counts)
