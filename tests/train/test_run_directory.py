"""The run directory's files: whole, held by one job, cut back at a resume."""

import errno
import fcntl
import json
import os
import shutil
from datetime import UTC, datetime

import numpy as np
import pytest

from ranker.train import (
    Evaluation,
    JsonLines,
    RunDirectoryError,
    TensorBoard,
    hold,
    json_lines,
    read_result,
    write_json,
    write_result,
)


def test_a_second_job_is_refused_and_the_directory_is_free_afterwards(tmp_path):
    with (
        hold(tmp_path / "run"),
        pytest.raises(RunDirectoryError, match="another job"),
        hold(tmp_path / "run"),
    ):
        pass
    with hold(tmp_path / "run"):
        pass


def test_a_directory_that_is_still_held_is_no_problem(tmp_path):
    with hold(tmp_path / "run") as held:
        held.check()


@pytest.mark.parametrize("is_new", [False, True])
def test_a_directory_that_was_deleted_is_not_written_any_more(tmp_path, is_new):
    with hold(tmp_path / "run") as held:
        shutil.rmtree(tmp_path / "run")
        if is_new:
            (tmp_path / "run").mkdir()
        with pytest.raises(RunDirectoryError, match="run: deleted while this job ran in it"):
            held.check()


def test_of_two_jobs_in_one_path_the_first_stops(tmp_path):
    with hold(tmp_path / "run") as first:
        (tmp_path / "run").rename(tmp_path / "moved")
        with hold(tmp_path / "run") as second:
            with pytest.raises(RunDirectoryError, match="run: replaced while this job ran in it"):
                first.check()
            second.check()


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_named_and_so_is_the_way_out(tmp_path, monkeypatch, number):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(RunDirectoryError) as caught, hold(tmp_path / "run"):
        pass
    said = str(caught.value)
    assert said.startswith(f"{tmp_path}/run: its file system cannot lock files")
    assert os.strerror(number) in said
    assert "take a --workdir on a local disk" in said


def test_a_path_that_is_no_directory_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError, match="file: cannot be used: "), hold(tmp_path / "file"):
        pass
    (tmp_path / "run/.lock").mkdir(parents=True)
    with pytest.raises(RunDirectoryError, match=r"run/\.lock: cannot be"), hold(tmp_path / "run"):
        pass


def lines(path):
    """Returns the records of a log without their times, which every one must have."""
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
        assert datetime.fromisoformat(record.pop("time")).tzinfo == UTC
    return records


def write(path, *records, seen=None):
    log = JsonLines(path, seen)
    for record in records:
        log.write(record)
    mark = log.mark()
    log.close()
    return mark


def test_a_log_goes_back_to_where_the_checkpoint_saw_it(tmp_path):
    seen = write(tmp_path / "log", {"attempt": 1})
    write(tmp_path / "log", {"attempt": 2}, seen=seen)
    write(tmp_path / "log", {"attempt": 3}, seen=seen)
    assert lines(tmp_path / "log") == [{"attempt": 1}, {"attempt": 3}]


def test_a_log_that_was_taken_up_has_the_mark_of_one_that_was_not(tmp_path, monkeypatch):
    records = [{"attempt": k, "losses": {"a": k / 3}} for k in range(5)]
    whole = write(tmp_path / "whole", *records)
    seen = None
    monkeypatch.setattr(json_lines, "datetime", Clock)  # other times than those of the whole
    for record in records:
        seen = write(tmp_path / "parts", record, seen=seen)
    assert seen == whole
    assert lines(tmp_path / "parts") == lines(tmp_path / "whole") == records
    assert (tmp_path / "parts").read_text() != (tmp_path / "whole").read_text()


class Clock(datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2001, 2, 3, tzinfo=tz)


def test_a_log_that_lost_its_end_is_refused_at_every_length_and_left_as_it_is(tmp_path):
    path = tmp_path / "log"
    seen = write(path, {"attempt": 1}, {"attempt": 2})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(RunDirectoryError, match=r"log: not as .*: it lost its end; put it"):
            JsonLines(path, seen)
        assert path.read_bytes() == whole[:length]
    path.write_bytes(whole + b"what came later")
    assert write(path, seen=seen) == seen


def test_a_log_that_was_changed_is_refused_wherever_it_was(tmp_path):
    path = tmp_path / "log"
    seen = write(path, {"attempt": 1}, {"attempt": 2})
    whole = path.read_bytes()
    behind_time = whole.index(b', "attempt')
    for place in (*range(10), *range(behind_time, whole.index(b"\n") + 9), len(whole) - 1):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(RunDirectoryError, match=r"log: not as .* bytes were changed; put"):
            JsonLines(path, seen)


def test_a_log_that_is_gone_begins_anew_and_says_so(tmp_path):
    seen = write(tmp_path / "log", {"attempt": 1})
    (tmp_path / "log").unlink()
    log = JsonLines(tmp_path / "log", seen)
    assert log.is_lost
    log.write({"attempt": 2})
    log.close()
    assert lines(tmp_path / "log") == [{"attempt": 2}]
    assert not JsonLines(tmp_path / "other").is_lost


def test_what_is_not_finite_is_written_as_text(tmp_path):
    write(tmp_path / "log", {"losses": {"like": float("nan")}, "factors": [np.inf, 0.5]})
    assert lines(tmp_path / "log") == [{"losses": {"like": "nan"}, "factors": ["inf", 0.5]}]


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
    seen = log.mark()
    with (
        files_of_at_most(seen["length"] + 4),
        pytest.raises(OSError, match=r"File too large: '.*/log'"),
    ):
        log.write({"attempt": 2})
    log.close()
    assert (tmp_path / "log").read_text().endswith('1}\n{"ti')
    write(tmp_path / "log", {"attempt": 2}, seen=seen)
    assert lines(tmp_path / "log") == [{"attempt": 1}, {"attempt": 2}]


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
        names = {"tasks": ["like"], "variables": [], "groups": [], "watched": []}
        board = TensorBoard(tmp_path / "board", every=1, **names)
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
