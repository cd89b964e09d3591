"""One reader of JSON, to which nesting too deep is damage like any other."""

import ast
import json
from pathlib import Path

import pytest

from ranker import json_text, train
from ranker.compare.results import Results
from ranker.input import check_prepared
from ranker.serve.manifest import MANIFEST, DamagedExportError, check_manifest
from ranker.serve.origin import check_origin, write_origin
from ranker.train import CheckpointError
from ranker.train.checkpoint_files import Saved, read_checkpoint, save_checkpoint

DEEP = ["[" * 200_000, '{"a":' * 200_000, "[" * 500 + "]" * 500, "[" * 101 + "0" + "]" * 101]


@pytest.mark.parametrize("text", DEEP)
def test_nesting_too_deep_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"^(no JSON: nested more than 100 deep|Expecting)"):
        json_text.parse(text)


def test_what_is_not_too_deep_is_read_as_it_is():
    deep = "[" * 100 + "0" + "]" * 100
    for text in (deep, '{"a": [1, 2.5, null, "[[["]}', b'"\xc3\xa9"', "3", "[]", "{}"):
        assert json_text.parse(text) == json.loads(text)
    for text in ("", "{", b"\xff", "1 2"):
        with pytest.raises(ValueError):  # noqa: PT011 - the parser's own words
            json_text.parse(text)


@pytest.mark.parametrize("text", DEEP)
def test_every_file_of_json_that_is_nested_too_deep_is_a_damaged_file(text, tmp_path):
    (tmp_path / "RESULT.json").write_text(text)
    with pytest.raises(train.RunDirectoryError, match=r"RESULT\.json: not as it was written"):
        train.read_result(tmp_path)
    assert not train.has_begun(tmp_path)
    save_checkpoint(tmp_path / "best", Saved({}, {}))
    (tmp_path / "best/manifest.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"best: damaged: manifest\.json: "):
        read_checkpoint(tmp_path / "best")
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ValueError, match=r"manifest\.json: not a manifest: .*; prepare the data"):
        check_prepared(tmp_path, {})
    (tmp_path / "comparison.json").write_text(text)
    (tmp_path / "results.parquet").touch()
    assert any("damaged" in line for line in Results(tmp_path).notices([]))
    (tmp_path / "export/1/assets.extra").mkdir(parents=True)
    (tmp_path / "export/1" / MANIFEST).write_text(text)
    with pytest.raises(DamagedExportError, match=f"damaged: {MANIFEST}: "):
        check_manifest(tmp_path / "export/1")
    write_origin(tmp_path / "export/1", {})
    check_origin(tmp_path / "export/1", tmp_path)  # nothing to compare with


def test_no_other_module_reads_json():
    root = Path(__file__).parents[1]
    # The other's is the script of a process that has nothing of ours.
    for path in set(root.glob("ranker/**/*.py")) - {root / "ranker/json_text.py"}:
        used = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Attribute)]
        assert not {"json.load", "json.loads"} & set(map(ast.unparse, used)), path
