"""The contract for datasets: what one folder and one line are, and that the example works."""

import ast
import dataclasses
import importlib
import sys
import types
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ranker.datasets import (
    DatasetError,
    Options,
    catalogue,
    contract,
    names,
    prepare,
    register,
)
from ranker.datasets.catalogue import DATASETS
from ranker.datasets.columns import binary, numeric
from ranker.datasets.examples import Block, Examples
from ranker.datasets.progress import Progress
from ranker.datasets.splits import Split
from ranker.datasets.write.parts import write_parts
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
    options = Options(source=tmp_path / "raw", max_rejected_rows=0.1)
    manifest = prepare("my-clicks", tmp_path / "data", options=options)

    rejected = manifest["files"]["clicks.csv"]["rejected"]
    assert {reason: of["rows"] for reason, of in rejected.items()} == {"columns": 1, "number": 1}
    schema = read_schema(tmp_path / "data" / "schema.toml")
    assert schema.vocabularies == {"user_id": 3, "item_id": 5}
    times = []
    for part, num_rows in (("train", 48), ("validation", 6), ("test", 6)):
        path = tmp_path / "data" / f"{part}.parquet"
        assert check_split(path, schema).num_rejected == 0
        table = pq.read_table(path)
        assert table.column_names == ["user_id", "item_id", "click", "timestamp"]
        assert len(table) == num_rows
        times += table["timestamp"].to_pylist()
    assert times == sorted(range(41, 101))
    assert any(line.startswith("my-clicks ") for line in catalogue.listing())


OUT_OF_ORDER = ([*range(30, 60), *range(30)], [*range(1, 60), 0], [*range(31), 29, *range(31, 59)])


@pytest.mark.parametrize(
    ("times", "columns", "said"),
    [
        *[(times, ("user_id", "click"), "behind one of") for times in OUT_OF_ORDER],
        (range(60), ("user_id",), "no column click, which its features or tasks name; it gives us"),
        (range(60), ("click",), "the loader gives no column user_id, which"),
    ],
)
@pytest.mark.parametrize("block_rows", [60, 30, 1])
def test_a_loader_that_breaks_the_contract_is_told(times, columns, said, block_rows, tmp_path):
    table = pa.table({name: np.zeros(60, np.float32) for name in columns})
    table = table.append_column("timestamp", pa.array(times, pa.int64()))
    blocks = (Block(table[start : start + block_rows]) for start in range(0, 60, block_rows))
    examples = Examples(
        features=(numeric("user_id", 0.0),),
        tasks=(binary("click"),),
        labels={"click": ""},
        blocks=lambda split: blocks,
        time=np.arange(60),
    )
    options = Options(split="random")
    split = Split(None, examples.time, options)
    with pytest.raises(DatasetError, match=said):
        write_parts(tmp_path, examples, split, options=options, progress=Progress(is_shown=False))


def test_every_folder_of_a_dataset_has_its_line_and_every_dataset_its_own_name():
    folders = {
        f"{kind}.{path.parent.name}" for kind in OWN for path in ROOT.glob(f"{kind}/*/__init__.py")
    } | {"table"}
    assert sorted(catalogue._FOLDERS) == sorted(folders)
    modules = [importlib.import_module(f"ranker.datasets.{folder}") for folder in folders]
    own = [dataset for dataset in DATASETS.values() if dataset.load.startswith("ranker.")]
    assert sum(len(module.DATASETS) for module in modules) == len(own)  # and no plugin's


def test_a_dataset_of_ones_own_is_known_once_it_is_registered(monkeypatch):
    monkeypatch.setattr(catalogue, "DATASETS", dict(DATASETS))
    own = contract.Dataset(name="Own.rows_2", load="own:load", splits=("random",), met="")
    for _ in range(2):  # again: its module may be imported under two names, or reloaded
        register(own)
    assert names() == (*DATASETS, "Own.rows_2")
    assert catalogue.dataset_of("Own.rows_2") is own
    assert list(catalogue.listing())[-1].startswith("Own.rows_2 ")
    with pytest.raises(DatasetError) as caught:
        register(dataclasses.replace(own, name="byterec"))
    assert str(caught.value) == (
        "dataset 'byterec' is that of ranker.datasets.public.byterec.examples:load already; that "
        "of own:load needs another name"
    )
    assert catalogue.dataset_of("byterec") is DATASETS["byterec"]


@pytest.mark.parametrize(
    ("name", "nearest"), [("byterek", "did you mean 'byterec'? "), ("nothing alike", "")]
)
def test_a_name_that_there_is_none_of_is_refused_with_the_nearest(name, nearest, tmp_path):
    with pytest.raises(DatasetError) as caught:
        prepare(name, tmp_path / "data")
    assert str(caught.value) == (
        f"no dataset {name!r}; {nearest}there are: {', '.join(DATASETS)}; one of your own is known "
        "once --plugin names its module"
    )


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "../up", "dataset '../up': its name must be 1 to 60 letters, digits, "),
        ("name", "", "dataset '': its name must be "),
        ("name", "a" * 61, "its name must be "),
        ("load", "own.load", "own: load must be 'module:function', got 'own.load'"),
        ("load", "own:", "own: load must be 'module:function', got 'own:'"),
        ("splits", (), "own: splits must be some of user-temporal, "),
        ("splits", ("random", "weekly"), "got ('random', 'weekly')"),
    ],
)
def test_a_declaration_that_is_none_is_refused(field, value, said):
    fields = {"name": "own", "load": "own:load", "splits": ("random",), "met": ""}
    with pytest.raises(DatasetError) as caught:
        contract.Dataset(**fields | {field: value})
    assert said in str(caught.value)


def test_a_function_that_is_not_there_is_told():
    own = contract.Dataset(name="own", load="json:nothing", splits=("random",), met="")
    with pytest.raises(DatasetError, match="own: load is 'json:nothing': no such function there"):
        own.loader()


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
