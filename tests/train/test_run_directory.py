"""The run directory: held by one job, and what is written into it."""

import pytest

from ranker.files import LockError
from ranker.train import (
    Evaluation,
    RunDirectoryError,
    TensorBoard,
    has_begun,
    hold,
    read_result,
    write_result,
)


def test_a_second_job_is_refused_and_the_directory_is_free_afterwards(tmp_path):
    with (
        hold(tmp_path / "run"),
        pytest.raises(LockError, match="run: another job is running in it"),
        hold(tmp_path / "run"),
    ):
        pass
    with hold(tmp_path / "run") as held:
        held.check()
        assert not has_begun(tmp_path / "run")


def test_scalars_that_cannot_be_written_are_a_sentence(tmp_path, files_of_at_most):
    def write():
        board = TensorBoard(tmp_path / "board", every=1)
        board.evaluation(5, 5, Evaluation(0.5, {"like": {"auc": 0.75}}))
        board.close()

    with (
        files_of_at_most(10),
        pytest.raises(OSError, match=r"^/.*/board: cannot be written: /.*; File too large$"),
    ):
        write()


def test_a_result_comes_back_and_any_change_of_it_shows(tmp_path):
    result = {"status": "completed", "metrics": {"test": {"like": {"auc": 0.8125, "rows": 7}}}}
    write_result(tmp_path, result)
    assert read_result(tmp_path) == result
    path = tmp_path / "RESULT.json"
    whole = path.read_text()
    changes = [whole[:k] for k in range(len(whole) - 1)]
    changes += ["", "[]", "1", "null", "{}", whole.replace("0.8125", "0.8126")]
    for change in changes:
        path.write_text(change)
        with pytest.raises(RunDirectoryError, match=r"RESULT\.json: not as it was written: del"):
            read_result(tmp_path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        read_result(tmp_path)
