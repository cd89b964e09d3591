"""The check in a fresh process: what it compares and what it makes of a failure."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from ranker import serve
from ranker.serve import check

EXPECTED = np.array([0.5, 0.25, 4.0], np.float32)


@pytest.mark.parametrize(
    ("served_scores", "message"),
    [
        ([0.5, 0.25, 4.0 + 3e-6], None),
        (
            [0.5, 0.250002, 4.0],
            "1 of 3 scores are off by more than 1e-06; the first, row 1: 0.25",
        ),
        ([0.5, np.nan, np.nan], "2 of 3 scores are off by more than 1e-06; the first, row 1: nan"),
        ([0.5, 0.25], r"shape \(2,\) served, \(3,\) expected"),
        (None, "a fresh process got no such output"),
    ],
)
def test_scores_are_compared_one_by_one(tmp_path, monkeypatch, served_scores, message):
    def write(_, folder):
        if served_scores is not None:
            scores = tf.io.serialize_tensor(tf.constant(served_scores, tf.float32))
            tf.io.write_file(f"{folder}/default/out/like", scores)

    monkeypatch.setattr(check, "_serve", write)

    def compare():
        check.check_in_fresh_process(tmp_path, inputs={"default": {}}, expected={"like": EXPECTED})

    if message is None:
        compare()
        return
    with pytest.raises(serve.ExportError, match=f"^signature 'default', task 'like': {message}"):
        compare()


def test_a_process_that_takes_too_long_is_no_serving(tmp_path, monkeypatch):
    monkeypatch.setattr(check, "TIMEOUT_SECONDS", 0.01)
    with pytest.raises(serve.ExportError, match=r"^a fresh process did not serve within 0.01 s$"):
        check.check_in_fresh_process(tmp_path, inputs={}, expected={})


@pytest.mark.slow
def test_what_cannot_be_loaded_is_refused_with_the_last_line_said(tmp_path):
    with pytest.raises(
        serve.ExportError, match=r"^a fresh process could not serve \(exit 1\): OSE"
    ):
        check.check_in_fresh_process(tmp_path / "nothing", inputs={}, expected={})


def test_the_fresh_process_has_no_way_to_ranker():
    code = "import ranker"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=False)
    assert done.returncode == 1
    assert "ranker" not in check._SCRIPT
