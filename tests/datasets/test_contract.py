"""The contract for datasets: what one folder and one line are, and that the example works."""

import ast
import sys
import types
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ranker.datasets import Options, catalogue, contract, prepare
from ranker.datasets.catalogue import DATASETS
from ranker.input import check_split
from ranker.schema import read_schema

ROOT = Path(contract.__file__).parent
OWN = ("public", "synthetic")  # where datasets have folders of their own
HEADER = """
import pyarrow as pa
from ranker.datasets.columns import binary, categorical
from ranker.datasets.contract import Dataset
from ranker.datasets.examples import Block, Examples, Inputs
from ranker.datasets.read.file_rows import FileRows
from ranker.datasets.read.text import Format
"""


def _example() -> str:
    """Returns the code in the contract's own documentation."""
    lines = (contract.__doc__ or "").splitlines()
    return "\n".join(line[4:] for line in lines if not line or line.startswith("    "))


def test_the_example_of_the_contract_prepares_a_dataset(tmp_path, monkeypatch):
    module = types.ModuleType("ranker.datasets.public.my_clicks.examples")
    exec(HEADER + _example(), module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    (dataset,) = module.DATASETS
    monkeypatch.setitem(DATASETS, dataset.name, dataset)

    (tmp_path / "raw").mkdir()
    rows = [f"{i % 3},{i % 5},{i % 2},{100 - i}\n" for i in range(60)]
    (tmp_path / "raw" / "clicks.csv").write_text("".join([*rows, "1,2\n", "1,2,x,4\n"]))
    options = Options(source=tmp_path / "raw", max_bad_rows=0.1)
    manifest = prepare("my-clicks", tmp_path / "data", options=options)

    refused = manifest["files"]["clicks.csv"]["refused"]
    assert {reason: of["rows"] for reason, of in refused.items()} == {"columns": 1, "number": 1}
    schema = read_schema(tmp_path / "data" / "schema.toml")
    assert schema.vocabularies == {"user_id": 3, "item_id": 5}
    times = []
    for part, num_rows in (("train", 48), ("validation", 6), ("test", 6)):
        path = tmp_path / "data" / f"{part}.parquet"
        assert check_split(path, schema).num_bad == 0
        table = pq.read_table(path)
        assert table.column_names == ["user_id", "item_id", "click", "timestamp"]
        assert len(table) == num_rows
        times += table["timestamp"].to_pylist()
    assert times == sorted(range(41, 101))
    assert any(line.startswith("my-clicks ") for line in catalogue.listing())


def test_a_dataset_is_one_folder_and_one_line():
    folders = {
        f"{kind}.{path.parent.name}" for kind in OWN for path in ROOT.glob(f"{kind}/*/__init__.py")
    }
    assert sorted(catalogue._FOLDERS) == sorted(folders)


@pytest.mark.parametrize("name", DATASETS)
def test_each_dataset_has_a_loader_in_its_folder_and_a_line_in_the_list(name):
    dataset = DATASETS[name]
    assert callable(dataset.loader())
    (line,) = [line for line in catalogue.listing() if line.split()[0] == name]
    if dataset.is_synthetic:
        assert " synthetic;" in line
    else:
        assert (" NEVER MET REAL FILES;" in line) == (not dataset.met)
    readme = (ROOT.parents[1] / "data" / "README.md").read_text("utf-8")
    assert line in readme.splitlines()


def test_the_framework_knows_no_dataset():
    for path in ROOT.rglob("*.py"):
        first = path.relative_to(ROOT).parts[0]
        if first in (*OWN, "catalogue.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                module = node.module or ""
                assert not module.startswith(tuple(f"ranker.datasets.{kind}" for kind in OWN)), path
