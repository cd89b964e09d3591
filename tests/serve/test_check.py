"""The check in a fresh process: what it compares and what it makes of a failure."""

import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from ranker import serve
from ranker.serve import check

EXPECTED = np.array([0.5, 0.25, 4.0], np.float32)
ALLOWED = np.array([1e-6, 1e-6, 4e-6])


def compare(tmp_path, **named):
    check.check_in_fresh_process(
        tmp_path,
        **{
            "inputs": {"default": {}},
            "expected": {"like it/": EXPECTED},
            "allowed": {"like it/": ALLOWED},
        }
        | named,
    )


@pytest.mark.parametrize(
    ("served_scores", "message"),
    [
        ([0.5, 0.25, 4.0 + 3e-6], None),
        (
            [0.5, 0.250002, 4.0],
            "1 of 3 scores are off by more than rounding explains; the first, row 1: 0.25",
        ),
        (
            [0.5, np.nan, np.nan],
            "2 of 3 scores are off by more than rounding explains; the first, row 1: nan served, "
            "0.25 expected, 1.0e-06 between",
        ),
        ([0.5, 0.25], r"shape \(2,\) served, \(3,\) expected"),
        (None, "a fresh process got no such output"),
    ],
)
def test_scores_are_compared_one_by_one(tmp_path, monkeypatch, served_scores, message):
    def write(_, folder):
        if served_scores is not None:
            scores = tf.io.serialize_tensor(tf.constant(served_scores, tf.float32))
            tf.io.write_file(f"{folder}/default/out/0", scores)

    monkeypatch.setattr(check, "_serve", write)
    if message is None:
        compare(tmp_path)
        return
    with pytest.raises(
        serve.ExportError, match=f"^signature 'default', task 'like it/': {message}"
    ):
        compare(tmp_path)


def test_a_process_that_takes_too_long_is_no_serving(tmp_path, monkeypatch):
    monkeypatch.setattr(check, "TIMEOUT_SECONDS", 0.01)
    with pytest.raises(serve.ExportError, match=r"^a fresh process did not serve within 0.01 s$"):
        compare(tmp_path, inputs={}, expected={})


@pytest.mark.slow
def test_what_cannot_be_loaded_is_refused_with_the_last_line_said(tmp_path):
    with pytest.raises(
        serve.ExportError, match=r"^a fresh process could not serve \(exit 1\): OSE"
    ):
        compare(tmp_path / "nothing", inputs={}, expected={})


WHOLE_SCRIPT = check._SCRIPT


def said_by_the_script(monkeypatch, in_place_of_tensorflow: str, *, ended_with: int = 7) -> str:
    """Runs the check's script up to its import of TensorFlow; returns the last line it said."""
    script = WHOLE_SCRIPT.replace(
        "import tensorflow as tf", in_place_of_tensorflow + "\nsys.exit(7)"
    )
    monkeypatch.setattr(check, "_SCRIPT", script)
    with pytest.raises(serve.ExportError) as caught:
        check._serve(Path("model"), Path("folder"))
    return str(caught.value).partition(f"(exit {ended_with}): ")[2]


@pytest.mark.parametrize("name", ["ranker", "pipelines"])
def test_the_fresh_process_has_no_way_to_the_project(monkeypatch, name):
    root = str(Path(check.__file__).resolve().parents[2])
    monkeypatch.setattr(sys, "path", [root, *sys.path])
    assert root not in check._search_path()
    code = f"try: import {name}\nexcept ImportError: print('none', file=sys.stderr)"
    monkeypatch.setattr(check, "_search_path", lambda: sys.path)
    assert said_by_the_script(monkeypatch, code) == "none"


def test_packages_are_found_where_this_process_found_them(tmp_path, monkeypatch):
    """As TensorFlow is by PYTHONPATH or in the user's own folder, which -I leaves out."""
    (tmp_path / "package_of_test.py").write_text("said = 'found'\n")
    code = "import package_of_test; print(package_of_test.said, file=sys.stderr)"
    assert "ModuleNotFoundError" in said_by_the_script(monkeypatch, code, ended_with=1)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert said_by_the_script(monkeypatch, code) == "found"


def test_what_the_environment_says_to_python_is_not_heard(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.exit('hijacked')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert said_by_the_script(monkeypatch, "print('own', file=sys.stderr)") == "own"
