"""The page of a run: written by training, and by its own program of any run."""

import pytest
from programs import call

pytestmark = pytest.mark.runs


def test_training_left_a_page_and_how_scores_are_distributed(whole):
    page = (whole.workdir / "report.html").read_text("utf-8")
    assert "Completed" in page
    assert "Calibration of like, test" in page
    assert (whole.workdir / "scores.json").stat().st_size < 100_000


def test_the_program_writes_it_anew_without_tensorflow(whole, tmp_path):
    code, out, err = call("report", f"--workdir={whole.workdir}", f"--output={tmp_path / 'a.html'}")
    assert (code, out, err) == (0, f"{tmp_path / 'a.html'}\n", "")
    assert "Training loss by task" in (tmp_path / "a.html").read_text("utf-8")


def test_what_is_no_run_is_refused_in_a_line(whole, tmp_path):
    for flags in ([f"--workdir={tmp_path}"], [f"--workdir={whole.workdir}", "--against=/none"]):
        code, out, err = call("report", *flags)
        assert (code, out) == (2, "")
        assert "no run here" in err
    assert len(err.splitlines()) == 1
