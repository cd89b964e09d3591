"""The run directory's files: whole, held by one job, cut back at a resume."""

import json

import numpy as np
import pytest

from ranker.train import Evaluation, JsonLines, RunDirectoryError, TensorBoard, hold, write_json


def test_a_second_job_is_refused_and_the_directory_is_free_afterwards(tmp_path):
    with (
        hold(tmp_path / "run"),
        pytest.raises(RunDirectoryError, match="another job"),
        hold(tmp_path / "run"),
    ):
        pass
    with hold(tmp_path / "run"):
        pass


def test_a_path_that_is_no_directory_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError, match="file: cannot be used: "), hold(tmp_path / "file"):
        pass


def test_a_log_goes_back_to_where_the_checkpoint_saw_it(tmp_path):
    log = JsonLines(tmp_path / "log")
    log.write({"attempt": 1})
    seen = log.length
    log.write({"attempt": 2})
    log.close()
    again = JsonLines(tmp_path / "log", length=seen)
    again.write({"attempt": 3})
    again.close()
    lines = (tmp_path / "log").read_text().splitlines()
    assert [json.loads(line)["attempt"] for line in lines] == [1, 3]


def test_a_log_that_lost_its_end_is_not_filled_with_zeros(tmp_path):
    (tmp_path / "log").write_text("{}\n")
    log = JsonLines(tmp_path / "log", length=99)
    log.write({"attempt": 1})
    log.close()
    assert (tmp_path / "log").read_text() == '{}\n{"attempt": 1}\n'


def test_what_is_not_finite_is_written_as_text(tmp_path):
    log = JsonLines(tmp_path / "log")
    log.write({"losses": {"like": float("nan")}, "factors": [np.inf, 0.5]})
    log.close()
    written = json.loads((tmp_path / "log").read_text())
    assert written == {"losses": {"like": "nan"}, "factors": ["inf", 0.5]}


def test_json_is_never_half_written(tmp_path):
    write_json(tmp_path / "RESULT.json", {"status": "completed"})
    with pytest.raises(ValueError, match="Out of range float values"):
        write_json(tmp_path / "RESULT.json", {"loss": float("nan")})
    assert json.loads((tmp_path / "RESULT.json").read_text()) == {"status": "completed"}
    assert [p.name for p in tmp_path.iterdir()] == ["RESULT.json"]


def test_a_log_that_cannot_grow_is_named_and_resumes_without_its_half_line(
    tmp_path, files_of_at_most
):
    log = JsonLines(tmp_path / "log")
    log.write({"attempt": 1})
    seen = log.length
    with (
        files_of_at_most(seen + 4),
        pytest.raises(OSError, match=r"File too large: '.*/log'"),
    ):
        log.write({"attempt": 2})
    log.close()
    assert (tmp_path / "log").read_text() == '{"attempt": 1}\n{"at'
    again = JsonLines(tmp_path / "log", length=seen)
    again.write({"attempt": 2})
    again.close()
    assert (tmp_path / "log").read_text() == '{"attempt": 1}\n{"attempt": 2}\n'


def test_a_document_that_cannot_be_written_is_named_and_leaves_the_one_before(
    tmp_path, files_of_at_most
):
    write_json(tmp_path / "RESULT.json", {"status": "preempted"})
    with (
        files_of_at_most(10),
        pytest.raises(OSError, match=r"File too large: '.*/RESULT.json'"),
    ):
        write_json(tmp_path / "RESULT.json", {"status": "completed"})
    assert json.loads((tmp_path / "RESULT.json").read_text()) == {"status": "preempted"}
    assert [p.name for p in tmp_path.iterdir()] == ["RESULT.json"]


def test_scalars_that_cannot_be_written_are_a_sentence(tmp_path, files_of_at_most):
    def write():
        board = TensorBoard(tmp_path / "board", every=1, tasks=["like"], variables=[])
        board.evaluation(5, 5, Evaluation(0.5, {"like": {"auc": 0.75}}))
        board.close()

    with (
        files_of_at_most(10),
        pytest.raises(OSError, match=r"^/.*/board: cannot be written: /.*; File too large$"),
    ):
        write()
